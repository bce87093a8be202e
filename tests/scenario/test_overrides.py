"""Single values set by dotted path, as on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError, UsageError
from sim.scenario import apply_overrides, load, parse_setting, shipped_scenarios

BASE = shipped_scenarios()["base-case"]
VALID = Path(__file__).parent / "faults" / "valid.toml"
HR = "immunoglobulin.hr.grade_3plus"


def test_a_quantity_gets_the_value_keeps_its_unit_and_loses_its_uncertainty() -> None:
    price = load(BASE, overrides={"immunoglobulin.price_per_gram": 80}, strict=True).immunoglobulin.price_per_gram
    assert (price.value, price.unit, price.dist) == (80, "USD per gram", "fixed")
    assert (price.ci, price.se, price.range, price.source) == (None, None, None, "set on the command line")


def test_a_table_replaces_the_whole_quantity() -> None:
    table = {"value": 0.52, "dist": "lognormal", "ci": [0.30, 0.91], "source": "Chapel, Lancet 1994;343:1059"}
    hr = load(BASE, overrides={HR: table}, strict=True).immunoglobulin.hr.grade_3plus
    assert (hr.value, hr.ci) == (0.52, (0.30, 0.91))


def test_settings_and_lists_are_replaced() -> None:
    scenario = load(BASE, overrides={"analysis.patients": 10, "analysis.wtp_per_qaly": [1, 2]})
    assert (scenario.analysis.patients, scenario.analysis.wtp_per_qaly) == (10, (1.0, 2.0))


def test_a_key_the_file_leaves_out_may_be_set() -> None:
    scenario = load(BASE, overrides={"analysis.strategies": ["primary", "none"]})
    assert scenario.strategy_names == ("primary", "none")
    tests = "strategies.secondary.igg_tests"
    both = {f"{tests}.interval_months": 3, f"{tests}.until": "treatment_end"}
    secondary = load(BASE, overrides=both).strategies["secondary"]
    assert secondary.igg_tests is not None
    assert secondary.igg_tests.interval_months.value == 3


def test_a_member_of_a_list_is_set_by_its_position() -> None:
    place = "strategies.indication.start.conditions.1.conditions.1.threshold_mg_dl"
    start = load(shipped_scenarios()["indication-based"], overrides={place: 500}).strategies["indication"].start
    assert start.conditions[0].conditions[0].threshold_mg_dl.value == 500  # type: ignore[union-attr]
    path = shipped_scenarios()["structural-alternatives"]
    changed = load(path, overrides={"targets.BCMA.hazard_periods.2.multiplier": 0.4, "patients.correlations": []})
    assert [period.multiplier.value for period in changed.targets["BCMA"].hazard_periods] == [1.10, 0.4]
    assert changed.patients.correlations == ()


@pytest.mark.parametrize("position", ["0", "3", "-1", "first", "01"])
def test_a_position_outside_a_list_is_refused(position: str) -> None:
    path = shipped_scenarios()["structural-alternatives"]
    with pytest.raises(ScenarioError, match="no such path"):
        load(path, overrides={f"targets.BCMA.hazard_periods.{position}.multiplier": 1})


def test_a_table_that_the_file_leaves_out_may_be_set_key_by_key() -> None:
    table = "treatment.reduced_frequency"
    values = {"from_month": 6, "infection_multiplier": 0.85, "drug_cost_multiplier": 0.5}
    reduced = load(VALID, overrides={f"{table}.{key}": value for key, value in values.items()}).treatment
    assert reduced.reduced_frequency is not None
    assert reduced.reduced_frequency.infection_multiplier.value == 0.85


def test_a_parameter_of_a_distribution_between_patients_may_be_set() -> None:
    weight = load(VALID, overrides={"patients.weight_kg.mean": 80}).patients.weight_kg
    assert weight.mean.value == 80  # type: ignore[union-attr]
    assert load(VALID, overrides={"patients.m_protein_mg_dl.value": 5}).patients.m_protein_mg_dl.value.value == 5  # type: ignore[union-attr]


def test_a_value_out_of_bounds_is_refused_like_one_in_a_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        load(BASE, overrides={HR: -1})
    assert [str(problem) for problem in caught.value.problems] == [
        f"--set: {HR}: found -1; must be from 0 to 10 (hazard ratio)"
    ]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("immunoglobulin.hr.grade_3", HR),
        ("hr.grade_3plus", HR),
        ("igg.half_life_day", "igg.half_life_days"),
        ("analysis.pateints", "analysis.patients"),
        ("analysis.strategy", "analysis.strategies"),
        ("strategies.preemtive.label", "strategies.preemptive.label"),
        ("agents.teclistamab.stop_rate", "agents.teclistamab.stop_rate_per_month"),
        (
            "infections.causes.cmv.rate_per_month.BMCA.grade_1_2",
            "infections.causes.cmv.rate_per_month.BCMA.grade_1_2",
        ),
    ],
)
def test_an_unknown_path_is_refused_with_the_path_that_was_meant(path: str, meant: str) -> None:
    with pytest.raises(ScenarioError, match=rf"no such path \(did you mean {meant}[ ?]"):
        load(BASE, overrides={path: 1})


@pytest.mark.parametrize("path", ["", ".", "zzzzzz", "analysis.patients.more", "analysis..patients", "title.x"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ScenarioError, match="no such path"):
        load(BASE, overrides={path: 1})


def test_every_unknown_path_is_reported() -> None:
    with pytest.raises(ScenarioError) as caught:
        load(BASE, overrides={"a.b": 1, "c.d": 2})
    assert [problem.place for problem in caught.value.problems] == ["a.b", "c.d"]


def test_the_tables_given_are_not_changed() -> None:
    tables = {"igg": {"assay_cv": {"value": 0.1}}}
    assert apply_overrides(tables, {"igg.assay_cv": 0.2})["igg"]["assay_cv"]["value"] == 0.2
    assert tables == {"igg": {"assay_cv": {"value": 0.1}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=0.5", ("a.b", 0.5)),
        ("a = 5", ("a", 5)),
        ("a=[1, 2]", ("a", [1, 2])),
        ("a=true", ("a", True)),
        ('a="5"', ("a", "5")),
        ("a=SCIG", ("a", "SCIG")),
        ("a=b=c", ("a", "b=c")),
        ("a={ value = 1 }", ("a", {"value": 1})),
        ("a=1\nb=2", ("a", "1\nb=2")),
        ("a=0,5", ("a", "0,5")),
    ],
)
def test_a_setting_is_read_as_toml_and_bare_words_as_text(text: str, expected: tuple[str, object]) -> None:
    assert parse_setting(text) == expected


@pytest.mark.parametrize("text", ["", "a.b", "=5", " = 5"])
def test_a_setting_without_path_or_equals_sign_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="must be PATH=VALUE"):
        parse_setting(text)
