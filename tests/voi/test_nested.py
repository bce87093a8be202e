"""EVPPI of our own model against what needs no regression: linearity in a price, and nested simulation."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.parameters import at_draw, draw_parameters, with_values
from sim.psa import psa
from sim.psa.evidence import evidence_of
from sim.psa.job import play_draws
from sim.scenario import from_tables
from sim.streams import AddressedLuck
from sim.voi import evppi

PRICE, RATIO = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
WTP = 150_000.0


@pytest.fixture(scope="module")
def uncertain():
    """The tutorial with a wide price and a wide hazard ratio, beside what is uncertain in it."""
    tables = sim.load("scenarios/tutorial.toml").resolved()
    unit = tables["immunoglobulin"]["price_per_gram"]["unit"]
    tables["immunoglobulin"]["price_per_gram"] = {
        "value": 40.0,
        "unit": unit,
        "dist": "uniform",
        "range": [5.0, 75.0],
    }
    return from_tables(tables)


def test_a_price_against_the_exact_expectation(uncertain):
    """Cost is linear in the price: E(NB | price) = a - price b, with a and b means over all other draws."""
    result = psa(uncertain, draws=400, patients=40, seed=2)
    price = result.draws.matrix[:, result.draws.paths.index(PRICE)]
    evidence = evidence_of(result)
    item = result.component("cost:immunoglobulin") / price[:, None]
    rest = WTP * result.table.qaly - (result.table.cost - item * price[:, None])
    exact = rest.mean(axis=0) - price[:, None] * item.mean(axis=0)
    truth = exact.max(axis=1).mean() - exact.mean(axis=0).max()
    (found,) = evppi(evidence.net_benefit(WTP), evidence.parameters, {"price": (PRICE,)})
    assert truth > 300
    assert found.value == pytest.approx(truth, abs=3 * found.standard_error + 0.1 * truth)
    assert found.standard_error < 0.5 * truth


@pytest.mark.slow
def test_a_hazard_ratio_against_nested_simulation(uncertain):
    """Forty outer values at even probabilities, a hundred inner draws each, the same patients throughout."""
    scenario = uncertain
    inner = draw_parameters(scenario, 100, seed=77)
    outer = np.quantile(draw_parameters(scenario, 4000, seed=78).frame()[RATIO], (np.arange(40) + 0.5) / 40)
    expected = []
    for value in outer:
        drawn = [with_values(at_draw(scenario, inner, i), {RATIO: float(value)}) for i in range(len(inner.matrix))]
        mean = play_draws(drawn, [AddressedLuck(5)] * len(drawn), 100)["mean"].mean(axis=0)
        expected.append(WTP * mean[1] - mean[0])
    nested = np.array(expected)
    truth = nested.max(axis=1).mean() - nested.mean(axis=0).max()
    evidence = evidence_of(psa(scenario, draws=2000, patients=100, seed=5))
    (found,) = evppi(evidence.net_benefit(WTP), evidence.parameters, {"hr": (RATIO,)})
    print(truth, found.value, found.standard_error)
    assert found.value == pytest.approx(truth, abs=3 * found.standard_error + 0.1 * truth)
