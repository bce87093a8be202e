"""Marginal and subject-specific hazard ratios under gamma frailty: the closed form, and the model itself.

In a cohort of gamma frailty of mean 1 and variance v the share without an infection by time t is (1 + v H)^(-1/v), H
being the cumulative hazard at frailty 1 (Vaupel, Manton and Stallard 1979). So the cumulative hazard that a trial
sees is log(1 + v H) / v, and the ratio of two arms lies nearer to 1 than the ratio of each subject.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engines import numpy_engine
from sim.model.hazards import subject_ratio
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model

N = 60_000
FOLLOW_UP = 12.0
RATE = 0.2
VARIANCE = 0.8


def subject(marginal: float, hazard: float, variance: float) -> float:
    return float(subject_ratio(np.array(marginal), np.array(hazard), variance))


def marginal_of(ratio: float, hazard: float, variance: float) -> float:
    """Ratio of marginal cumulative hazards, from the survival of a gamma frailty (an oracle of its own)."""
    treated, untreated = (-np.log((1 + variance * h) ** (-1 / variance)) for h in (ratio * hazard, hazard))
    return float(treated / untreated)


HAZARDS = st.floats(0.01, 10.0)
VARIANCES = st.floats(0.01, 5.0)


@given(marginal=st.floats(0.01, 2.0), hazard=HAZARDS, variance=VARIANCES)
def test_the_subject_ratio_shows_as_the_marginal_one(marginal: float, hazard: float, variance: float) -> None:
    assert marginal_of(subject(marginal, hazard, variance), hazard, variance) == pytest.approx(marginal, rel=1e-9)


@given(marginal=st.floats(0.01, 0.99), hazard=HAZARDS, variance=VARIANCES)
def test_the_subject_ratio_lies_further_from_one(marginal: float, hazard: float, variance: float) -> None:
    assert subject(marginal, hazard, variance) < marginal
    assert subject(2 - marginal, hazard, variance) > 2 - marginal


def test_a_subject_ratio_by_hand() -> None:
    """With v H = 0.8 * 0.2 * 12 = 1.92, 2.92^0.5 - 1 = 0.708801 over 1.92 is 0.369167 for a marginal 0.5."""
    assert subject(0.5, RATE * FOLLOW_UP, VARIANCE) == pytest.approx(0.369167, abs=5e-7)


@pytest.mark.parametrize("marginal", [0.0, 0.38, 1.0, 1.7])
def test_without_frailty_both_ratios_are_one_number(marginal: float) -> None:
    assert subject(marginal, 2.4, 0.0) == marginal
    assert subject(marginal, 0.0, 0.8) == marginal
    assert subject(marginal, 2.4, 1e-9) == pytest.approx(marginal, abs=1e-8)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize("variance", [0.0, 0.3, 4.0])
def test_no_effect_and_no_infection_are_the_same_in_both_readings(ratio: float, variance: float) -> None:
    assert subject(ratio, 2.4, variance) == pytest.approx(ratio, abs=1e-15)


# ---------------------------------------------------------------------- the model itself


@dataclass(frozen=True)
class Seen:
    """Ratio of marginal cumulative hazards of the first infection at the end of follow-up."""

    ratio: float
    standard_error: float


def seen_in_the_model(on_ig: float) -> Seen:
    """Two arms of 60,000 patients each, luck of their own, on treatment throughout and protected from day 0.

    With S the share without infection, the ratio is log S1 / log S0. By the delta method log S has the standard error
    sqrt((1 - S) / (S N)), and arms on independent luck add their relative variances.
    """
    model = build_model(
        horizon=FOLLOW_UP,
        strategies=STRATEGIES[:2],
        treatment__stop_rate=0.0,
        treatment__death_rate_on=0.0,
        population__frailty_variance=VARIANCE,
        infections__rate=np.array([[0.4, 0.6]]) * RATE,
        infections__hazard_ratio=np.array([[on_ig, on_ig]]),
        infections__case_fatality=np.zeros(1),
        infections__stop_probability=np.zeros(1),
        immunoglobulin__onset_lag=0.0,
        immunoglobulin__protection=2.0,
    )
    logs, relative = [], 0.0
    for strategy, first_patient in ((0, 0), (1, N)):
        histories = numpy_engine.simulate(model, AddressedLuck(8), np.arange(first_patient, first_patient + N))
        spared = float((histories.illnesses.first[strategy] == np.inf).mean())
        logs.append(np.log(spared))
        relative += (1 - spared) / (spared * N) / np.log(spared) ** 2
    ratio = logs[1] / logs[0]
    return Seen(float(ratio), float(ratio * np.sqrt(relative)))


@pytest.mark.parametrize("marginal", [0.38, 0.7])
def test_simulated_patients_with_the_subject_ratio_show_the_marginal_one(marginal: float) -> None:
    """Truth: the stated ratio. Bound: 4 standard errors, some 0.005 each; a ratio wrong by 0.04 is found surely."""
    seen = seen_in_the_model(subject(marginal, RATE * FOLLOW_UP, VARIANCE))
    assert abs(seen.ratio - marginal) < 4 * seen.standard_error
    assert seen.standard_error < 0.006


def test_simulated_patients_with_the_marginal_ratio_show_another_one() -> None:
    """Negative control: a subject ratio of 0.38 shows as log(1 + 0.38 * 1.92) / log(2.92) = 0.510695."""
    seen = seen_in_the_model(0.38)
    assert abs(seen.ratio - 0.38) > 4 * seen.standard_error
    assert abs(seen.ratio - 0.510695) < 4 * seen.standard_error
