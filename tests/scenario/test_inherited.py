"""What an extending file keeps of another and has changed the grounds of is asked about, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.errors import ScenarioError
from sim.runs.detect import Kind
from sim.scenario import from_tables, load, shipped_scenarios, warnings

SHIPPED = shipped_scenarios()
Write = Callable[[str], Path]
GPRC5D_ONLY = "patients.agents = { teclistamab = 0, elranatamab = 0, linvoseltamab = 0, talquetamab = 1 }"
RATES = "treatment.death_rate_per_month = { on_treatment = 0.007, off_treatment = 0.0222 }"
THRESHOLD = "strategies.preemptive.start.threshold_mg_dl = 500"


@pytest.fixture
def beside(tmp_path: Path) -> Write:
    """Write a file beside copies of the base case and the British scenario, which it extends."""
    for name in ("base-case.toml", "bcma-uk-nice.toml", "life-table-uk-2017-2019.csv"):
        (tmp_path / name).write_bytes((SHIPPED["base-case"].parent / name).read_bytes())

    def put(text: str, base: str = "bcma-uk-nice") -> Path:
        path = tmp_path / "x.toml"
        path.write_text(f'extends = "{base}.toml"\nformat = 1\n{text}\n')
        return path

    return put


def test_death_rates_of_patients_on_another_target_are_asked_about(beside: Write) -> None:
    (question,) = warnings(load(beside(GPRC5D_ONLY)))
    assert question.startswith(
        "treatment.death_rate_per_month: the rates are one for all agents, and bcma-uk-nice.toml has"
    )
    assert question.endswith("directed at BCMA; here all have one directed at GPRC5D")
    some = "patients.agents = { teclistamab = 0.4, elranatamab = 0.2, linvoseltamab = 0.1, talquetamab = 0.3 }"
    assert warnings(load(beside(some)))[0].endswith("here some have one directed at GPRC5D")
    # Stated anew, the same numbers or others, there is nothing to ask; nor where agents of one target change places.
    assert warnings(load(beside(f"{GPRC5D_ONLY}\n{RATES}"))) == ()
    assert (
        warnings(load(beside("patients.agents = { teclistamab = 0.9, elranatamab = 0, linvoseltamab = 0.1 }"))) == ()
    )
    only_one = f"{GPRC5D_ONLY}\ntreatment.death_rate_per_month.on_treatment = 0.007"
    assert len(warnings(load(beside(only_one)))) == 1


def test_what_the_command_line_changes_counts_too() -> None:
    shares = {"teclistamab": 0.0, "elranatamab": 0.0, "linvoseltamab": 0.0, "talquetamab": 1.0}
    changes: dict[str, object] = {f"patients.agents.{name}": share for name, share in shares.items()}
    path = SHIPPED["base-case"]
    assert len(warnings(load(path, overrides=changes))) == 1
    rates: dict[str, object] = {f"treatment.death_rate_per_month.{when}_treatment": 0.01 for when in ("on", "off")}
    assert warnings(load(path, overrides=changes | rates)) == ()
    assert (
        "preemptive.label: the label says 400"
        in warnings(load(path, overrides={"strategies.preemptive.start.threshold_mg_dl": 500}))[0]
    )


def test_a_label_that_says_the_old_threshold_is_asked_about(beside: Write) -> None:
    (question,) = warnings(load(beside(THRESHOLD)))
    assert question.startswith("strategies.preemptive.label: the label says 400, as the rule did in base-case.toml")
    assert warnings(load(beside(f'{THRESHOLD}\nstrategies.preemptive.label = "IgG under 500"'))) == ()
    # A number that the rule never had, and one that it still has, are no business of this question.
    own = 'strategies.preemptive.label = "Policy 7: IgG under 400 mg/dL"\nstrategies.preemptive.start.delay_days = 3'
    assert warnings(load(beside(own))) == ()


def test_a_run_says_it_too_and_a_scenario_from_tables_has_nothing_to_keep(beside: Write) -> None:
    scenario = load(beside(THRESHOLD, "base-case"))
    found = [finding for finding in sim.run(scenario, patients=20).findings if finding.kind is Kind.KEPT]
    assert [(finding.where, finding.explanation[:18]) for finding in found] == [
        ("strategies.preemptive.label", "the label says 400")
    ]
    assert from_tables(scenario.resolved()).kept == ()


def test_a_missing_entry_of_a_table_that_was_replaced_whole_says_so(beside: Write) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(beside('strategies.preemptive.start = { rule = "igg_below", threshold_mg_dl = 500 }'))
    (problem,) = caught.value.problems
    assert problem.place == "strategies.preemptive.start.delay_days"
    assert problem.allowed == (
        "is missing (stating `rule` replaces the whole start; to change one entry, leave `rule` out)"
    )
    with pytest.raises(ScenarioError, match="stating `distribution` replaces the whole weight_kg"):
        load(beside('patients.weight_kg = { distribution = "normal", mean = 80, min = 40, max = 140 }'))
    # A table of one's own replaces nothing.
    new = 'strategies.x = { label = "X", start = { rule = "igg_below", threshold_mg_dl = 500 } }'
    with pytest.raises(ScenarioError, match=r"delay_days: is missing$"):
        load(beside(new))


def test_shares_that_do_not_add_up_are_listed(beside: Write) -> None:
    with pytest.raises(ScenarioError, match=r"must add up to 1: teclistamab 0\.55, .*talquetamab 1"):
        load(beside("patients.agents = { talquetamab = 1 }"))
