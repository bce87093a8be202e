"""Conditions on patients as text: what is read, and what is said of all that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario import load
from sim.scenario.conditions import FLAGS, MEASURES, SIGNS, Condition, parse_condition

BASE_CASE = load(Path(__file__).parents[2] / "scenarios/base-case.toml")


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("name", MEASURES)
def test_measures_are_compared_with_numbers(name: str, sign: str) -> None:
    assert parse_condition(f" {name} {sign} 4e2 ", BASE_CASE) == Condition(name, sign, 400.0)


@pytest.mark.parametrize("name", [*FLAGS, "cmv"])
def test_flags_and_serostatus_are_yes_or_no(name: str) -> None:
    assert parse_condition(f"{name}=yes", BASE_CASE) == Condition(name, "=", True)
    assert parse_condition(f"{name} = no", BASE_CASE) == Condition(name, "=", False)
    for wrong in (f"{name}=1", f"{name}<yes", f"{name}=Yes"):
        assert parse_condition(wrong, BASE_CASE) == f"must be {name}=yes or {name}=no"


def test_agents_and_targets_are_named() -> None:
    assert parse_condition("agent=talquetamab", BASE_CASE) == Condition("agent", "=", "talquetamab")
    assert parse_condition("target=GPRC5D", BASE_CASE) == Condition("target", "=", "GPRC5D")
    agents = ", ".join(BASE_CASE.agents)
    assert parse_condition("agent=talquetmab", BASE_CASE) == (
        f'must be agent=NAME of {agents} (did you mean "talquetamab"?)'
    )
    assert str(parse_condition("target<BCMA", BASE_CASE)).startswith("must be target=NAME of BCMA, GPRC5D")


@pytest.mark.parametrize("value", ["low", "nan", "inf", "-inf", "4,5"])
def test_a_measure_against_no_finite_number_is_refused(value: str) -> None:
    told = "must compare igg_mg_dl with a number by one of <, <=, >, >="
    assert parse_condition(f"igg_mg_dl<{value}", BASE_CASE) == told
    assert parse_condition("igg_mg_dl=400", BASE_CASE) == told


def test_unknown_names_and_other_texts_are_refused_with_what_is_allowed() -> None:
    told = str(parse_condition("igg_mgdl<400", BASE_CASE))
    assert told.startswith("must begin with one of weight_kg, igg_mg_dl")
    assert "cmv" in told
    assert told.endswith('agent, target (did you mean "igg_mg_dl"?)')
    for text in ("", "igg_mg_dl", "igg_mg_dl < 400 or", "<400"):
        assert parse_condition(text, BASE_CASE) == (
            "must be NAME<NUMBER, NAME=yes, NAME=no, agent=NAME or target=NAME"
        )
