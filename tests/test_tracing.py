"""A trace tells the truth about its patient: its totals are the run's, its sentences follow from the events."""

from __future__ import annotations

import numpy as np
import pytest

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.errors import UsageError
from sim.model.accrual import accrue
from sim.model.structure import Event
from sim.population import draw_baseline
from sim.scenario import load
from sim.streams import AddressedLuck
from sim.tracing import TOTALS, trace
from tests.generated import SCENARIOS

BASE = load(SCENARIOS / "base-case.toml")


def test_totals_are_those_of_the_same_patient_in_a_run() -> None:
    model, luck, patient = compile_model(BASE), AddressedLuck(BASE.analysis.seed), np.arange(40)
    values = accrue(model, draw_baseline(model, luck, patient), numpy_engine.simulate(model, luck, patient))
    for number in (0, 13, 39):
        traced = trace(BASE, number)
        for index, name in enumerate(traced.strategies):
            for component in TOTALS:
                assert traced.totals[name][component] == values[component][index, number]


def test_every_candidate_that_differs_is_explained_and_no_other() -> None:
    explained = 0
    for number in range(60):
        traced = trace(BASE, number)
        fates: dict[tuple[object, ...], set[object]] = {}
        for name in traced.strategies:
            for happening in traced.histories[name]:
                if happening.key[0] == "candidate":
                    fates.setdefault(happening.key, set())
        for key in fates:
            for name in traced.strategies:
                found = [h for h in traced.histories[name] if h.key == key]
                fates[key].add(found[0].event if found else None)
        differing = [key for key, seen in fates.items() if len(seen) > 1]
        assert len(traced.explanations) >= len(differing)
        assert bool(traced.explanations) == bool(differing) or all("not met" in s for s in traced.explanations)
        explained += len(differing)
    assert explained > 10


def test_rows_align_the_same_candidate_across_strategies() -> None:
    for number in range(30):
        for month, row in trace(BASE, number).rows():
            assert month == min(happening.month for happening in row.values())
            assert len({happening.key for happening in row.values()}) == 1


def test_an_averted_infection_names_its_hazard_ratio_and_last_infusion() -> None:
    averted = [
        (happening, traced)
        for traced in (trace(BASE, number) for number in range(40))
        for happening in traced.histories["primary"]
        if happening.event is Event.AVERTED
        and "immunoglobulin" in happening.text
        and any(other.key == happening.key and other.event is Event.INFECTION for other in traced.histories["none"])
    ]
    assert averted
    for happening, traced in averted:
        assert "averted by " in happening.text
        assert "(HR " in happening.text
        assert any(f"Month {happening.month:.2f}" in sentence for sentence in traced.explanations)


def test_there_is_no_patient_below_zero() -> None:
    with pytest.raises(UsageError, match="patient: found -1"):
        trace(BASE, -1)


def test_a_dose_that_follows_the_patient_is_told_when_it_changes() -> None:
    """Up by a quarter at the infusion after a severe infection, down by one after twelve months without."""
    traced = trace(load(SCENARIOS / "indication-based.toml"), 4)
    infused = [h for h in traced.histories["primary"] if h.event is Event.INFUSION]
    assert [h.text for h in infused[:3]] == ["Ig starts, 44.3 g", "Ig dose now 55.4 g", "Ig dose now 41.6 g"]
    (severe, *_) = [h.month for h in traced.histories["primary"] if h.text.startswith("grade ≥ 3 infection (bact")]
    interval = 28 / (365.25 / 12)
    assert 0 < infused[1].month - severe < interval
    assert 12 <= infused[2].month - severe < 12 + interval


def test_an_order_that_no_infusion_follows_says_why_and_no_other_does() -> None:
    reasons = {"the bispecific and its washout have ended": 0, "the patient has died": 0}
    given = 0
    model, luck, patient = compile_model(BASE), AddressedLuck(BASE.analysis.seed), np.arange(150)
    log = numpy_engine.event_log(model, luck, patient)
    (index,) = [i for i, strategy in enumerate(model.strategies) if strategy.name == "secondary"]
    ordered = np.unique(log.patient[(log.event == Event.IG_ORDERED) & (log.strategy == index)])
    for number in ordered.tolist():
        happenings = trace(BASE, number).histories["secondary"]
        (order,) = [h for h in happenings if h.event is Event.IG_ORDERED]
        if any(h.event is Event.INFUSION for h in happenings):
            assert order.text == "Ig ordered"
            given += 1
            continue
        reason = order.text.rpartition("due, ")[2]
        due = order.month + model.strategies[index].delay
        assert f"by month {due:.2f}" in order.text
        stops = [h.month for h in happenings if h.event is Event.TREATMENT_STOP]
        closed = bool(stops) and stops[0] + model.immunoglobulin.washout <= due
        assert closed == (reason == "the bispecific and its washout have ended")
        assert closed or happenings[-1].month <= due
        reasons[reason] += 1
    assert given > 5
    assert min(reasons.values()) > 0
