"""What averting takes, worked by hand: four patients, three strategies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.model.parts import Floats
from sim.outcomes import Outcomes, summarise
from sim.runs import RunResult
from tests.walkthrough.entries import everything

NAMES = ("none", "primary", "worse")
VALUES = {
    "cost": [[1000, 1000, 3000, 3000], [5000, 5000, 5000, 5000], [9000, 9000, 9000, 9000]],
    "qaly": [[1, 1, 1, 1], [2, 2, 2, 2], [1, 1, 1, 1]],
    "life_years": [[2, 2, 2, 2], [2, 2, 3, 3], [0, 0, 0, 0]],
    "cost:immunoglobulin": [[1000, 1000, 3000, 3000], [5000, 5000, 5000, 5000], [9000, 9000, 9000, 9000]],
    "infections_grade_3plus": [[1, 0, 2, 1], [0, 0, 1, 1], [1, 1, 2, 1]],
    "infection_death": [[1, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 1]],
    "ig_grams": [[0, 0, 0, 0], [100, 100, 150, 150], [0, 0, 0, 0]],
}


@pytest.fixture
def rows() -> dict[str, dict[str, object]]:
    values: dict[str, Floats] = {name: np.array(rows, dtype=np.float64) for name, rows in VALUES.items()}
    never = np.full((len(NAMES), 4), np.inf)
    outcomes = Outcomes(NAMES, 4, summarise(values, never, never, np.array([0.0])), np.array([0.0]))
    result = RunResult(scenario=everything(), outcomes=outcomes, patients=4, seed=0, engine="numpy")
    return {row["strategy"]: row for row in result.efficiency().to_dict(orient="records")}


def test_every_other_strategy_is_held_against_the_cheapest_undominated_one(
    rows: dict[str, dict[str, object]],
) -> None:
    assert list(rows) == ["primary", "worse"]
    assert {row["comparator"] for row in rows.values()} == {"none"}


def test_one_infection_averted_in_two_patients_at_three_thousand_each(rows: dict[str, dict[str, object]]) -> None:
    primary = rows["primary"]
    assert primary["serious_averted"] == pytest.approx(0.5)
    # Averted 1, 0, 1, 0: sample variance 1/3, standard error sqrt(1/3/4).
    assert primary["serious_averted_mcse"] == pytest.approx(math.sqrt(1 / 12))
    assert primary["number_needed_to_treat"] == pytest.approx(2)
    assert primary["cost_per_serious_averted"] == pytest.approx(3000 / 0.5)
    assert primary["deaths_averted"] == pytest.approx(0.25)
    assert primary["grams_per_patient_year"] == pytest.approx(125 / 2.5)


def test_where_nothing_is_averted_there_is_no_number_needed_to_treat(rows: dict[str, dict[str, object]]) -> None:
    worse = rows["worse"]
    assert worse["serious_averted"] == pytest.approx(-0.25)
    for column in ("number_needed_to_treat", "cost_per_serious_averted", "grams_per_patient_year"):
        assert math.isnan(float(str(worse[column])))
