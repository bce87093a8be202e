"""The list of candidates of a block holds what a queue of each patient gives, in the same order."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest

from sim.engines.candidates import Candidates, Clocks, _by_patient
from sim.errors import UnsupportedByEngineError
from sim.model.structure import ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck, Luck, unit_exponential
from tests.conftest import build_model
from tests.scripted import ScriptedLuck

LIMIT = 40.0


def listed(model: ClinicalModel, luck: Luck, n_patients: int, limit: float = LIMIT) -> Candidates:
    who = draw_baseline(model, luck, np.arange(n_patients))
    return Candidates.within(Clocks.of(model, luck), who, np.full(n_patients, limit))


def queued(model: ClinicalModel, luck: Luck, patient: int) -> list[tuple[float, int, int]]:
    """Exposure, clock and occurrence of every candidate before the limit: the clock that rang is wound up anew."""
    clocks, who = Clocks.of(model, luck), draw_baseline(model, luck, np.array([patient]))
    rate = clocks.rates_of(who)[:, 0]
    reached = np.zeros(rate.size)
    queue: list[tuple[float, int, int]] = []

    def wind(clock: int, occurrence: int) -> None:
        if rate[clock] > 0:
            reached[clock] += unit_exponential(clocks.step(who.patient, occurrence, clock))[0]
            exposure = reached[clock] / (who.frailty[0] * rate[clock])
            heapq.heappush(queue, (float(exposure), clock, occurrence))

    for clock in range(rate.size):
        wind(clock, 0)
    met = []
    while queue and queue[0][0] < LIMIT:
        met.append(heapq.heappop(queue))
        wind(met[-1][1], met[-1][2] + 1)
    return met


def several_causes(**changes: object) -> ClinicalModel:
    """Three causes of which the second asks for two excess processes, and one never comes."""
    model = build_model()
    infections = replace(
        model.infections,
        causes=("a", "b", "c", "never"),
        rate=np.array([[[0.15, 0.06], [0.1, 0.1], [0.02, 0.3], [0.0, 0.0]]]),
        only_in=np.full(4, -1),
        hazard_ratio=np.array([[1.0, 0.4], [2.5, 1.0], [1.0, 1.0], [1.0, 1.0]]),
        **{name: np.tile(getattr(model.infections, name), (4,)) for name in ("case_fatality", "stop_probability")},
        **{name: np.tile(getattr(model.infections, name), (4, 1)) for name in ("cost", "hospital_days", "hold")},
        qaly_loss=np.tile(model.infections.qaly_loss, (4, 1)),
    )
    return replace(model, infections=infections, **changes)  # type: ignore[arg-type]


def test_the_list_is_what_the_queues_give() -> None:
    model, luck, n_patients = several_causes(), AddressedLuck(5), 150
    found = listed(model, luck, n_patients)
    assert found.first[-1] == found.column.size > 20 * n_patients
    for patient in range(n_patients):
        own = slice(found.first[patient], found.first[patient + 1])
        assert (found.column[own] == patient).all()
        three = zip(
            found.exposure[own].tolist(), found.clock[own].tolist(), found.occurrence[own].tolist(), strict=True
        )
        assert list(three) == queued(model, luck, patient)


def test_candidates_at_one_exposure_come_in_the_order_of_their_clocks() -> None:
    """Scripted luck is the same for every clock, so that each candidate falls together with others."""
    model, luck = several_causes(), ScriptedLuck()
    same = replace(model.infections, rate=np.array([[[0.1, 0.1]] * 4]))
    model = replace(model, infections=same, population=replace(model.population, frailty_variance=0.0))
    found = listed(model, luck, 2)
    assert len(set(found.exposure.tolist())) < found.exposure.size / 5
    own = slice(0, found.first[1])
    three = zip(found.exposure[own].tolist(), found.clock[own].tolist(), found.occurrence[own].tolist(), strict=True)
    assert list(three) == queued(model, luck, 0)


def test_a_longer_limit_adds_candidates_and_moves_none() -> None:
    model, luck = several_causes(), AddressedLuck(6)
    few, many = listed(model, luck, 50), listed(model, luck, 50, 2 * LIMIT)
    kept = many.exposure < LIMIT
    assert many.column.size > 1.5 * few.column.size
    for name in ("column", "clock", "occurrence", "exposure"):
        np.testing.assert_array_equal(getattr(many, name)[kept], getattr(few, name))


def test_a_rate_beyond_anything_meant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engines.candidates.MOST_CANDIDATES", 5)
    with pytest.raises(UnsupportedByEngineError, match=r"of one cause in patient \d+; at most 5 can be played"):
        listed(several_causes(), AddressedLuck(7), 3, 1e6)


@pytest.mark.parametrize("place", range(4))
def test_neighbours_closer_than_the_coarse_order_tells_are_put_right_wherever_they_lie(place: int) -> None:
    """A thousandth of the coarse step apart and the wrong way round, as the first, second ... candidates of all."""
    exposure = 10.0 + np.arange(6.0)
    exposure[place + 1] = exposure[place] - 100 / 2**16 / 1000
    zeros = np.zeros(6, dtype=np.int64)
    order = _by_patient(zeros, zeros, np.arange(6), exposure, np.array([100.0]))
    assert list(order) == sorted(range(6), key=lambda k: exposure[k])
