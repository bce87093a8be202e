"""What the page of limitations claims of the base case is so."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import sim
from sim.model.parts import Floats
from sim.scenario import from_tables
from sim.scenario.overrides import apply_overrides, parse_setting
from sim.sensitivity.played import mean_mcse, net_benefit, patient_values

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limitations.md").read_text()
BASE = sim.load(ROOT / "scenarios" / "base-case.toml")
PATIENTS = 16_384
LEAST = 3.0
"""Standard errors of the paired change that its sign must be clear by; the luck is fixed."""


def _rows() -> list[tuple[str, str]]:
    table = PAGE.split("## Which way our choices lean")[1].split("## ")[0]
    return re.findall(r"\| [^|]* \| [^|`]*`([^`]+=[^`]+)` \| (for|against) \|", table)


def _benefit(setting: str, wtp: float) -> Floats:
    """Net monetary benefit with one value changed, (n_strategies, n_patients)."""
    tables = apply_overrides(BASE.resolved(), dict([parse_setting(setting)]))
    return net_benefit(patient_values(from_tables(tables), PATIENTS, 1, ("cost", "qaly")), wtp)


@pytest.fixture(scope="module")
def increment() -> Floats:
    """Of primary against none in the base case, (n_patients,)."""
    return _increment("analysis.seed=1")


def _increment(setting: str) -> Floats:
    primary, none = (BASE.strategy_names.index(name) for name in ("primary", "none"))
    benefit = _benefit(setting, 100_000)
    difference: Floats = benefit[primary] - benefit[none]
    return difference


def test_the_table_has_rows_for_and_against() -> None:
    leaning = [side for _, side in _rows()]
    assert len(leaning) >= 18
    assert {leaning.count("for") > 5, leaning.count("against") > 5} == {True}


@pytest.mark.parametrize(("setting", "side"), _rows())
def test_a_choice_leans_the_way_the_page_says(setting: str, side: str, increment: Floats) -> None:
    lean, error = mean_mcse(increment - _increment(setting))
    assert (lean if side == "for" else -lean) > LEAST * error


@pytest.mark.parametrize("ratio", re.findall(r"grade_3plus=([\d.,]+) --patients", PAGE)[0].split(","))
def test_at_the_price_of_the_base_case_no_ratio_makes_immunoglobulin_best(ratio: str) -> None:
    for wtp in BASE.analysis.wtp_per_qaly:
        benefit = _benefit(f"immunoglobulin.hr.grade_3plus={ratio}", wtp)
        none = BASE.strategy_names.index("none")
        for strategy in range(len(benefit)):
            if strategy != none:
                margin, error = mean_mcse(benefit[none] - benefit[strategy])
                assert margin > LEAST * error


def test_the_derived_ratios_follow_from_the_published_numbers() -> None:
    assert round((19 / 449) / (38 / 470), 2) == 0.52
    assert round(1 / 11.6, 3) == 0.086
    cumulative = [math.log(1 - share) for share in (0.35, 0.45)]
    assert round(cumulative[0] / cumulative[1], 2) == 0.72
    assert [round(-math.log(1 - share) / month, 3) for share, month in ((0.386, 5), (0.479, 10))] == [0.098, 0.065]
