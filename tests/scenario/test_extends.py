"""One file extends another: what is merged, what is replaced whole, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import AtStart, Fixed, Normal, load
from sim.scenario.strategies import IggBelow

VALID = Path(__file__).parent / "faults" / "valid.toml"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below a folder that has valid.toml; the first one's path is returned."""
    (tmp_path / "valid.toml").write_bytes(VALID.read_bytes())

    def put(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(f"format = 1\n{text}\n")
        return tmp_path / f"{next(iter(files))}.toml"

    return put


def test_a_key_stated_replaces_and_its_siblings_stay(write: Write) -> None:
    scenario = load(write(x='extends = "valid.toml"\nimmunoglobulin.hr.grade_1_2 = 0.9'))
    assert scenario.immunoglobulin.hr.grade_1_2.value == 0.9
    assert scenario.immunoglobulin.hr.grade_3plus.value == 0.4
    assert scenario.immunoglobulin.interval_days.value == 28


def test_a_quantity_is_replaced_whole(write: Write) -> None:
    scenario = load(write(x='extends = "valid.toml"\nimmunoglobulin.hr.grade_3plus.value = 0.5'))
    hr = scenario.immunoglobulin.hr.grade_3plus
    assert (hr.value, hr.dist, hr.ci) == (0.5, "fixed", None)


def test_a_quantity_named_without_its_value_is_refused_rather_than_patched(write: Write) -> None:
    with pytest.raises(ScenarioError, match=r"grade_3plus\.value: is missing; a quantity is written whole"):
        load(write(x='extends = "valid.toml"\nimmunoglobulin.hr.grade_3plus = { source = "x" }'))


def test_a_distribution_between_patients_is_replaced_whole(write: Write) -> None:
    scenario = load(write(x='extends = "valid.toml"\npatients.weight_kg = { distribution = "fixed", value = 80 }'))
    assert isinstance(scenario.patients.weight_kg, Fixed)
    assert scenario.patients.weight_kg.value.value == 80


def test_one_entry_of_a_rule_or_of_a_distribution_between_patients_is_changed_alone(write: Write) -> None:
    base = load(write(base='extends = "valid.toml"')).strategies["preemptive"].start
    changes = "strategies.preemptive.start.delay_days = 30\npatients.weight_kg.sd = 9"
    files = {"x": f'extends = "middle.toml"\n{changes}', "middle": 'extends = "valid.toml"'}
    changed = load(write(**files))
    start = changed.strategies["preemptive"].start
    assert isinstance(base, IggBelow)
    assert isinstance(start, IggBelow)
    assert (start.delay_days.value, start.threshold_mg_dl) == (30, base.threshold_mg_dl)
    assert base.delay_days.value != 30
    assert isinstance(changed.patients.weight_kg, Normal)
    assert changed.patients.weight_kg.sd.value == 9


def test_a_key_that_the_extended_rule_does_not_have_is_refused(write: Write) -> None:
    with pytest.raises(ScenarioError, match=r"strategies\.secondary\.start\.threshold_mg_dl: .*unknown key"):
        load(write(x='extends = "valid.toml"\nstrategies.secondary.start.threshold_mg_dl = 300'))


def test_a_start_rule_is_replaced_whole_and_the_label_stays(write: Write) -> None:
    scenario = load(write(x='extends = "valid.toml"\nstrategies.secondary.start = { rule = "at_start" }'))
    assert isinstance(scenario.strategies["secondary"].start, AtStart)
    assert scenario.strategies["secondary"].label == "Secondary"


def test_a_list_is_replaced_whole(write: Write) -> None:
    text = 'extends = "valid.toml"\nanalysis.wtp_per_qaly = [20000]'
    assert load(write(x=text)).analysis.wtp_per_qaly == (20000.0,)


def test_shares_of_agents_are_replaced_one_by_one_and_must_still_add_up(write: Write) -> None:
    more = 'agents.elranatamab = { label = "E", target = "BCMA", stop_rate_per_month = 0.1, drug_cost_per_month = 1, '
    more += "step_up = [] }\n"
    both = f'extends = "valid.toml"\n{more}patients.agents = {{ teclistamab = 0.25, elranatamab = 0.75 }}'
    shares = load(write(x=both)).patients.agents
    assert {name: share.value for name, share in shares.items()} == {"teclistamab": 0.25, "elranatamab": 0.75}
    with pytest.raises(ScenarioError, match=r"patients\.agents: found 1\.75 in all; must add up to 1"):
        load(write(x=f'extends = "valid.toml"\n{more}patients.agents.elranatamab = 0.75'))


def test_conditions_and_periods_are_lists_and_replaced_whole(write: Write) -> None:
    periods = "targets.BCMA.hazard_periods = [{ from_month = 0, multiplier = 2 }, { from_month = 3, multiplier = 1 }]"
    one = 'extends = "b.toml"\ntargets.BCMA.hazard_periods = [{ from_month = 0, multiplier = 3 }]'
    target = load(write(a=one, b=f'extends = "valid.toml"\n{periods}')).targets["BCMA"]
    assert [period.multiplier.value for period in target.hazard_periods] == [3]
    assert target.suppressed_fraction.value == 0.9


def test_a_new_strategy_joins_after_those_of_the_base(write: Write) -> None:
    added = 'extends = "valid.toml"\nstrategies.everyone = { label = "Everyone", start = { rule = "at_start" } }'
    assert load(write(x=added)).strategy_names == ("none", "preemptive", "secondary", "everyone")


def test_the_nearest_of_three_files_wins_and_all_are_listed(write: Write) -> None:
    path = write(
        a='extends = "b.toml"\nigg.assay_cv = 0.1',
        b='extends = "valid.toml"\nigg.assay_cv = 0.2\nigg.half_life_days = 25',
    )
    scenario = load(path)
    assert (scenario.igg.assay_cv.value, scenario.igg.half_life_days.value) == (0.1, 25)
    assert [Path(file).name for file in scenario.files] == ["a.toml", "b.toml", "valid.toml"]
    assert scenario.source_text == path.read_text()


def test_a_problem_names_the_file_that_wrote_the_value(write: Write) -> None:
    path = write(
        a='extends = "b.toml"\nigg.assay_cv = -1',
        b='extends = "valid.toml"\nigg.assay_cv = 0.2\nigg.half_life_days = -25',
    )
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [(problem.place, Path(problem.file).name) for problem in caught.value.problems] == [
        ("igg.assay_cv", "a.toml"),
        ("igg.half_life_days", "b.toml"),
    ]


def test_a_circle_names_every_file_in_it(write: Write) -> None:
    path = write(a='extends = "b.toml"', b='extends = "c.toml"', c='extends = "a.toml"')
    with pytest.raises(ScenarioError, match=r"goes in a circle: a\.toml -> b\.toml -> c\.toml -> a\.toml"):
        load(path)


def test_ten_steps_are_allowed_and_eleven_are_not(write: Write, tmp_path: Path) -> None:
    steps = {f"s{n}": f'extends = "s{n + 1}.toml"' for n in range(10)} | {"s10": 'extends = "valid.toml"'}
    write(**steps)
    assert len(load(tmp_path / "s1.toml").files) == 11
    with pytest.raises(ScenarioError, match="at most 10 steps"):
        load(tmp_path / "s0.toml")


def test_a_file_in_a_folder_below_may_be_extended(write: Write, tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "valid.toml").rename(tmp_path / "bases" / "valid.toml")
    assert load(write(x='extends = "bases/valid.toml"')).title == "Valid"


def test_a_link_that_leads_out_of_the_folder_is_refused(write: Write, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "x.toml").write_text('extends = "link.toml"\nformat = 1\n')
    (inside / "link.toml").symlink_to(tmp_path / "valid.toml")
    with pytest.raises(ScenarioError, match="leads out of the folder of the scenario"):
        load(inside / "x.toml")


@pytest.mark.parametrize(
    "name",
    ["../valid.toml", "bases/../valid.toml", "/valid.toml", "C:valid.toml", "..\\\\valid.toml", "~/v.toml", "."],
)
def test_a_name_that_could_lead_elsewhere_is_refused(write: Write, name: str) -> None:
    with pytest.raises(ScenarioError, match="must name a file in the same folder or below"):
        load(write(x=f'extends = "{name}"'))
