"""Infections of a programme by cause: one patient by hand, sums that must agree, and a closed form."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from sim.capacity import CapacityResult, run_capacity
from sim.capacity.measures import by_cause
from sim.scenario import from_tables, load
from tests.cli.conftest import REPOSITORY
from tests.programme.quiet import plan, played
from tests.programme.test_attribution import SHORT, both_worlds, ill_model, script
from tests.programme.test_capacity_result import small
from tests.scripted import ScriptedLuck


def test_one_patient_by_hand() -> None:
    """Infections at 2.4, which a third infusion would have averted, and at 3.4, which nothing does."""
    luck = ScriptedLuck(script(fatal=0.99))
    limited, free = both_worlds(ill_model(), SHORT, luck, played(ill_model(), SHORT, [0.0], luck=luck))
    assert by_cause(ill_model(), limited).tolist() == [[0, 2]]
    assert by_cause(ill_model(), free).tolist() == [[0, 1]]
    # Started three months early the first of them comes before the first day.
    early = plan(6.0, warm_up=3.0, supply=SHORT.supply)
    limited, _ = both_worlds(ill_model(), early, luck, played(ill_model(), early, [-3.0], luck=luck))
    assert by_cause(ill_model(), limited).tolist() == [[0, 1]]


def test_causes_and_grades_add_up_to_all_infections_and_to_what_the_limits_did() -> None:
    result = run_capacity(small(), replications=3)
    numbers = result.numbers().set_index(["arm", "measure"])["mean"].sort_index()
    causes = result.infections()
    assert len(causes) == len(result.arms) * len(result.scenario.infections.causes) * 2
    assert (causes["mean"] > 0).sum() > 10
    for arm, own in causes.groupby("arm"):
        serious = own[own["grade"] == "grade_3plus"]
        assert own["mean"].sum() == pytest.approx(numbers[arm, "infections"])
        assert serious["mean"].sum() == pytest.approx(numbers[arm, "infections_grade3plus"])
        net = numbers[arm, "infections_caused"] - numbers[arm, "infections_spared"]
        assert own["delta"].sum() == pytest.approx(net)
        assert serious["delta"].sum() == pytest.approx(numbers[arm, "grade3plus_net"])
    # Items of all years add up to the years.
    items, years = result.items().groupby("arm")["mean"].sum(), result.yearly().groupby("arm")["mean"].sum()
    assert items.to_dict() == pytest.approx(years.to_dict())


STOP, DEATH, FATAL = 0.06, 0.02, 0.05
RATES = {"infection": (0.065, 0.035), "other": (0.02, 0.01)}
RATIOS = {"none": {"infection": (1.0, 1.0)}, "primary": {"infection": (0.8, 0.38)}}
ARRIVALS, WARM_UP, MONTHS = 30.0, 12.0, 12.0


def expected(arm: str, cause: str, grade: int) -> float:
    """Mean number of infections in the year that counts.

    Patients come at a constant rate from the warm-up on and leave treatment, with it all risk, at a constant rate a;
    a patient who came at u is on treatment at t with probability exp(-a (t - u)), so that
    A integral_0^T integral_{-W}^t exp(-a (t - u)) du dt = A (T - exp(-a W) (1 - exp(-a T)) / a) / a months are spent.
    """
    met = {name: np.multiply(rates, RATIOS[arm].get(name, (1.0, 1.0))) for name, rates in RATES.items()}
    leaving = STOP + DEATH + FATAL * sum(float(rates[1]) for rates in met.values())
    unfilled = math.exp(-leaving * WARM_UP) * (1 - math.exp(-leaving * MONTHS)) / leaving
    return ARRIVALS * (MONTHS - unfilled) / leaving * float(met[cause][grade])


@pytest.fixture(scope="module")
def open_centre() -> CapacityResult:
    """Two causes, no frailty and no limits; the second arm takes what prevents the first cause alone."""
    tables: dict[str, Any] = load(REPOSITORY / "benchmarks" / "reference.toml").resolved()
    other = copy.deepcopy(tables["infections"]["causes"]["infection"])
    for grade, rate in zip(("grade_1_2", "grade_3plus"), RATES["other"], strict=True):
        other["rate_per_month"]["any"][grade]["value"] = rate
    tables["infections"]["causes"]["other"] = {**other, "label": "Other"}
    assumed = {"source": "assumption: made up for a test"}
    tables["programme"] = {
        "first_day": "2026-01-01",
        "years": 1,
        "warm_up_months": {"value": WARM_UP, "unit": "months", **assumed},
        "arrivals": [{"from_month": 0, "patients_per_year": {"value": 12 * ARRIVALS, **assumed}}],
        "booking": load(REPOSITORY / "scenarios" / "programme-shortage.toml").resolved()["programme"]["booking"],
        "arms": {
            name: {"label": name, "strategies": {name: {"value": 1, **assumed}}, "priority": "first_come"}
            for name in RATIOS
        },
    }
    return run_capacity(from_tables(tables), replications=60)


def test_without_limits_each_cause_is_met_at_its_rate(open_centre: CapacityResult) -> None:
    """Within 3.5 standard errors of 60 replications; a ratio that is forgotten is off by more than 6."""
    found = open_centre.infections()
    assert (found["delta"] == 0).all()
    for row in found.itertuples():
        truth = expected(row.arm, row.cause, ("grade_1_2", "grade_3plus").index(row.grade))
        assert abs(row.mean - truth) < 3.5 * row.se, (row.arm, row.cause, row.grade, row.mean, truth, row.se)
    wrong = found[(found["arm"] == "primary") & (found["cause"] == "infection") & (found["grade"] == "grade_3plus")]
    assert abs(wrong["mean"].item() - expected("none", "infection", 1)) > 6 * wrong["se"].item()
