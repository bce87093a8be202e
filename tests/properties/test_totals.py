"""Whatever the scenario: items add up, and who is played beside whom, or in which batch, changes nothing."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import HealthCheck, given, settings

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.model.accrual import accrue
from sim.population import draw_baseline
from sim.runs import play
from sim.scenario import Scenario, load
from sim.streams import AddressedLuck
from sim.work import digest_of
from tests.conftest import build_model
from tests.generated import SCENARIOS, scenarios

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(scenarios())
def test_costs_by_item_sum_to_the_total_and_every_number_is_finite(scenario: Scenario) -> None:
    model, luck, patient = compile_model(scenario), AddressedLuck(scenario.analysis.seed), np.arange(15)
    who = draw_baseline(model, luck, patient)
    found = accrue(model, who, numpy_engine.simulate(model, luck, patient, who=who))
    assert all(np.isfinite(values).all() for values in found.values())
    items = [values for name, values in found.items() if name.startswith("cost:")]
    assert len(items) > 5
    np.testing.assert_allclose(np.sum(items, axis=0), found["cost"], rtol=1e-12, atol=1e-9)


def test_a_population_of_20000_starts_with_that_of_2000() -> None:
    model = compile_model(load(SCENARIOS / "base-case.toml"))
    luck = AddressedLuck(1)
    few, many = (draw_baseline(model, luck, np.arange(n)) for n in (2_000, 20_000))
    for field in fields(few):
        values = getattr(few, field.name)
        if isinstance(values, np.ndarray):
            np.testing.assert_array_equal(
                getattr(many, field.name)[..., : values.shape[-1]], values, err_msg=field.name
            )


def test_how_patients_are_cut_into_batches_changes_no_bit() -> None:
    model, luck = build_model(), AddressedLuck(3)
    digests = {digest_of(play(model, luck, 9_000, blocks_per_batch=n)) for n in (1, 2, 3)}
    assert len(digests) == 1
    assert digest_of(play(model, luck, 8_999)) not in digests
