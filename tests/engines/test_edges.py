"""Numbers at the edges of what a scenario may say: finite, equal in both engines, and ordered as theory orders them.

Luck is common, so what theory says of expectations holds here for every patient, to the last bit or to rounding.
"""

from __future__ import annotations

import gc
import itertools
import weakref
from dataclasses import replace

import numpy as np
import pytest

from sim.engines import numpy_engine
from sim.engines.candidates import MOST_IN_A_BLOCK
from sim.errors import UnsupportedByEngineError
from sim.model.accrual import accrue
from sim.model.parts import Floats
from sim.model.structure import ClinicalModel, Event
from sim.population import draw_baseline
from sim.streams import AddressedLuck, KeptLuck
from tests.conftest import build_model, change
from tests.engines.test_equality import assert_engines_agree

CENTURY = 1200.0
RATES = (0.0, 1e-12, 1e-6, 1e-3, 1.0, 30.0)
LUCK = AddressedLuck(20)


def accrued(model: ClinicalModel, n_patients: int = 12) -> dict[str, Floats]:
    """Every component of every strategy and patient, all of them finite."""
    who = draw_baseline(model, LUCK, np.arange(n_patients))
    found = accrue(model, who, numpy_engine.simulate(model, LUCK, np.arange(n_patients), who=who))
    for name, values in found.items():
        assert np.isfinite(values).all(), name
    return dict(found)


def harmless(**changes: object) -> ClinicalModel:
    """No infection kills or ends treatment."""
    never = {"infections__case_fatality": np.zeros(1), "infections__stop_probability": np.zeros(1)}
    return build_model(**never, **changes)


EDGES = {
    "rates of 1e-12": {"infections__rate": np.full((1, 1, 2), 1e-12)},
    "rates of zero": {"infections__rate": np.zeros((1, 1, 2))},
    "rates of 1000 for a week": {"infections__rate": np.full((1, 1, 2), 500.0), "horizon": 0.25},
    "rates of exits of 1e-12": {
        "treatment__death_rate_on": 1e-12,
        "treatment__death_rate_off": 1e-12,
        "horizon": 24.0,
    },
    "rates of exits of 1000": {"treatment__death_rate_on": 1e3, "treatment__stop_rate": 1e3},
    "no horizon": {"horizon": 0.0},
    "a century": {"horizon": CENTURY},
    "a century that all live to see": {
        "horizon": CENTURY,
        "treatment__death_rate_on": 0.0,
        "treatment__death_rate_off": 0.0,
        "treatment__stop_rate": 0.0,
        "infections__rate": np.full((1, 1, 2), 0.01),
        "infections__case_fatality": np.zeros(1),
    },
    "no discounting": {"discount_costs": 0.0, "discount_effects": 0.0},
    "discounting of 1e-12": {"discount_costs": 1e-12, "discount_effects": 1e-12},
    "no frailty": {"population__frailty_variance": 0.0},
    "frailty of variance 10": {"population__frailty_variance": 10.0},
    "certain death of infection": {"infections__case_fatality": np.ones(1)},
    "hazard ratio of 0": {"infections__hazard_ratio": np.zeros((1, 2))},
    "hazard ratio of 10": {"infections__hazard_ratio": np.full((1, 2), 10.0), "horizon": 6.0},
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("n_patients", [1, 8])
def test_engines_agree_and_every_number_is_finite(name: str, n_patients: int) -> None:
    model = build_model(**EDGES[name])
    assert_engines_agree(model, 20, n_patients)
    accrued(model, n_patients)


def test_without_a_horizon_nothing_lasts() -> None:
    found = accrued(build_model(horizon=0.0))
    assert not any(found[name].any() for name in ("qaly", "life_years", "infections_any", "ig_grams"))


def test_more_infections_at_a_higher_rate_in_every_patient() -> None:
    """Candidates keep their order and fall the earlier; none is lost."""
    counts = [
        accrued(harmless(infections__rate=np.full((1, 1, 2), rate), horizon=12.0))["infections_any"] for rate in RATES
    ]
    for fewer, more in itertools.pairwise(counts):
        assert (more[0] >= fewer[0]).all()  # under no prophylaxis
    assert not counts[0].any()
    assert counts[-1][0].sum() > 1000


def test_a_longer_horizon_takes_nothing_away() -> None:
    short, long_ = (accrued(build_model(horizon=months)) for months in (60.0, CENTURY))
    for name in ("life_years", "qaly", "infections_any", "cost_undiscounted"):
        assert (long_[name] >= short[name] - 1e-9).all(), name


def test_discounting_lowers_every_total_and_a_rate_of_1e_12_hardly() -> None:
    plain, tiny, usual = (
        accrued(build_model(discount_costs=rate, discount_effects=rate)) for rate in (0.0, 1e-12, 0.0025)
    )
    for name in ("cost", "qaly"):
        assert (usual[name] <= plain[name]).all()
        assert usual[name].sum() < plain[name].sum()
        np.testing.assert_allclose(tiny[name], plain[name], rtol=1e-9)


def test_a_tiny_frailty_variance_is_nearly_none() -> None:
    """Frailty of variance v is within a few times sqrt(v) of 1."""
    frailty = [
        draw_baseline(build_model(population__frailty_variance=v), LUCK, np.arange(500)).frailty
        for v in (0.0, 1e-10, 10.0)
    ]
    assert (frailty[0] == 1).all()
    np.testing.assert_allclose(frailty[1], 1, atol=1e-4)
    assert np.isfinite(frailty[2]).all()
    assert (frailty[2] >= 0).all()
    assert np.median(frailty[2]) < 0.01 < 1 < frailty[2].max()


def test_a_patient_alone_is_the_patient_of_the_crowd() -> None:
    alone, crowd = (accrued(build_model(population__frailty_variance=10.0), n) for n in (1, 12))
    for name, values in alone.items():
        np.testing.assert_array_equal(crowd[name][:, :1], values, err_msg=name)


def test_absurdly_many_candidates_are_refused_before_they_are_drawn() -> None:
    """500 a month for a century in 4,096 patients would be a hundred million candidates, of 100 bytes each."""
    rate = np.full((1, 1, 2), 250.0)
    model = build_model(infections__rate=rate, horizon=CENTURY, population__frailty_variance=0.0)
    with pytest.raises(UnsupportedByEngineError) as caught:
        numpy_engine.simulate(model, LUCK, np.arange(4096))
    (problem,) = caught.value.problems
    assert problem.place == "infections.causes"
    assert f"at most {MOST_IN_A_BLOCK:,}" in problem.allowed


def test_a_patient_of_absurd_frailty_is_named() -> None:
    model = build_model(
        infections__rate=np.full((1, 1, 2), 50.0), treatment__death_rate_on=0.0, treatment__death_rate_off=0.0
    )
    who = draw_baseline(model, LUCK, np.arange(3))
    frail = replace(who, frailty=np.array([1e-3, 1e3, 1e-3]))
    with pytest.raises(UnsupportedByEngineError, match="patient 1"):
        numpy_engine.simulate(model, LUCK, np.arange(3), who=frail)


def test_what_is_refused_is_far_from_what_is_meant() -> None:
    """A hundred infections a month, for five years, are still played."""
    model = change(harmless(), infections__rate=np.full((1, 1, 2), 50.0))
    log = numpy_engine.event_log(model, LUCK, np.arange(4))
    assert (log.event == Event.INFECTION).sum() > 1000


def test_memory_is_free_as_soon_as_a_block_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block in a circle of references would wait for the garbage collector, and memory grow with the patients."""
    seen: list[weakref.ref[object]] = []
    begin = numpy_engine.Block.__init__

    def noted(block: numpy_engine.Block, *arguments: object) -> None:
        seen.append(weakref.ref(block))
        begin(block, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(numpy_engine.Block, "__init__", noted)
    patient = np.arange(20)
    gc.disable()
    try:
        kept = KeptLuck(LUCK, patient)
        seen.append(weakref.ref(kept))
        numpy_engine.simulate(build_model(), kept, patient)
        numpy_engine.event_log(build_model(), LUCK, patient)
        del kept
        assert len(seen) == 3
        assert [reference() for reference in seen] == [None] * 3
    finally:
        gc.enable()
