"""Histories of one of several strategies are those that it has when played alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.engines import numpy_engine
from sim.model.accrual import accrue
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import build_model


def test_one_strategy_taken_out_accrues_what_it_accrues_among_others() -> None:
    model, luck, patient = build_model(), AddressedLuck(11), np.arange(300)
    who, together = draw_baseline(model, luck, patient), numpy_engine.simulate(model, luck, patient)
    everything = accrue(model, who, together)
    for place, strategy in enumerate(model.strategies):
        alone = accrue(replace(model, strategies=(strategy,)), who, together.of_strategy(place))
        assert alone["infections_any"].sum() > 0
        assert all(np.array_equal(alone[name][0], everything[name][place]) for name in everything)
