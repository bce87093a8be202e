"""Expected months and infections of the vulnerable window, in closed form, against simulated patients.

Everybody has 800 mg/dL, of which 200 are spared, and a half-life of a month: under 400 after a = log2(3) = 1.584963
months. Treatment ends at rate s, so the expected months on treatment between a and b are
(exp(-s a) - exp(-s b)) / s, and with infections at rate r without anything that depends on them, r times as many fall
into the window.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.parts import Distribution
from sim.outcomes import Outcomes
from sim.runs import play
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model

N = 40_000
STOP_RATE, INFECTION_RATE, HORIZON = 0.1, 0.3, 12.0
A = float(np.log2(3.0))
TURN, BACK = 2.0, 2.0 + float(np.log2(450 / 400))
"""Recovery from month 2, where IgG is 350, lifts it over 400 again after log2(450 / 400) months."""


def played(level: float = 400.0, *, recovers: bool = False) -> Outcomes:
    """Patients without immunoglobulin, frailty, death or infections that end treatment."""
    model = build_model(
        horizon=HORIZON,
        strategies=STRATEGIES[:1],
        population__igg_polyclonal_mg_dl=Distribution("fixed", 800.0),
        population__frailty_variance=0.0,
        treatment__stop_rate=STOP_RATE,
        treatment__death_rate_on=0.0,
        treatment__death_rate_off=0.0,
        infections__rate=np.array([[0.5, 0.5]]) * INFECTION_RATE,
        infections__case_fatality=np.zeros(1),
        infections__stop_probability=np.zeros(1),
        igg__suppressed_fraction=0.75,
        igg__decay_rate=float(np.log(2.0)),
        igg__low_mg_dl=level,
    )
    (target,) = model.targets
    if recovers:
        model = replace(model, targets=(replace(target, recovery_start=TURN, recovered_fraction=1.0),))
    return play(model, AddressedLuck(31), N)


def expected_months(opens: float, closes: float) -> float:
    return float((np.exp(-STOP_RATE * opens) - np.exp(-STOP_RATE * closes)) / STOP_RATE)


@pytest.mark.parametrize(("recovers", "closes"), [(False, HORIZON), (True, BACK)], ids=["stays low", "recovers"])
def test_the_window_has_its_expected_length_and_infections(recovers: bool, closes: float) -> None:
    """Bound: 4 standard errors, as simulated: 0.02 months and 0.007 infections without recovery."""
    outcomes = played(recovers=recovers)
    months = expected_months(A, closes)
    for component, truth in (("vulnerable_months", months), ("vulnerable_infections", INFECTION_RATE * months)):
        assert abs(outcomes.mean(component)[0] - truth) < 4 * outcomes.mcse(component)[0], component


def test_another_level_is_told_from_the_one_asked_for() -> None:
    """Negative control: at a level of 420 the window opens after log2(600 / 220) = 1.447459 months."""
    outcomes = played(420.0)
    assert (
        abs(outcomes.mean("vulnerable_months")[0] - expected_months(A, HORIZON))
        > 4 * outcomes.mcse("vulnerable_months")[0]
    )
    opens = float(np.log2(600 / 220))
    assert (
        abs(outcomes.mean("vulnerable_months")[0] - expected_months(opens, HORIZON))
        < 4 * outcomes.mcse("vulnerable_months")[0]
    )
