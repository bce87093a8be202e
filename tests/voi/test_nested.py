"""EVPPI of our own model against what needs no regression: linearity in a price, and nested simulation."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.parameters import at_draw, with_values
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
    assert found.value == pytest.approx(truth, abs=3 * found.standard_error)
    assert found.standard_error < 0.5 * truth


@pytest.mark.slow
def test_a_hazard_ratio_against_nested_simulation(uncertain):
    """Sixteen ratios at even probabilities, each with the other parameters of the very draws that are regressed on.

    The same 100 patients throughout, so their luck is in both. Nested 837, its error 34 (jackknife over draws);
    regression 696 +- 78, 1.7 errors of the difference away. Power: shuffled against the net benefit the ratio is
    worth 4, on draws whose scatter was reduced by the patients' luck 463: either is over three errors away.
    """
    n_draws, patients = 300, 100
    result = psa(uncertain, draws=n_draws, patients=patients, seed=5)
    evidence = evidence_of(result)
    ratio = evidence.parameters[RATIO]
    played = []
    for value in np.quantile(ratio, (np.arange(16) + 0.5) / 16):
        drawn = [with_values(at_draw(uncertain, result.draws, i), {RATIO: float(value)}) for i in range(n_draws)]
        mean = play_draws(drawn, [AddressedLuck(5)] * n_draws, patients)["mean"]
        played.append(WTP * mean[:, 1] - mean[:, 0])
    benefit = np.array(played)  # [ratio, draw, strategy]

    def worth(nested):
        return float(nested.max(axis=1).mean() - nested.mean(axis=0).max())

    truth = worth(benefit.mean(axis=1))
    without = [worth(np.delete(benefit, i, axis=1).mean(axis=1)) for i in range(n_draws)]
    error = float(np.sqrt((n_draws - 1) * np.var(without)))
    (found,) = evppi(evidence.net_benefit(WTP), evidence.parameters, {"hr": (RATIO,)})
    shuffled = evidence.parameters.assign(**{RATIO: np.random.default_rng(1).permutation(ratio)})
    (nothing,) = evppi(evidence.net_benefit(WTP), shuffled, {"hr": (RATIO,)})
    (reduced,) = evppi(evidence.net_benefit_without_luck(WTP), evidence.parameters, {"hr": (RATIO,)})
    bound = 3 * float(np.hypot(found.standard_error, error))
    print(truth, error, found.value, found.standard_error, nothing.value, reduced.value)
    assert abs(found.value - truth) < bound
    assert truth - nothing.value > bound
    assert truth - reduced.value > bound
