"""Published probabilistic analyses: what other software found on the same draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from sim.cea import read_outside_psa
from sim.voi import evppi, evsi


@pytest.fixture(scope="module")
def brennan(peer_data):
    """10,000 draws of 19 parameters, two strategies (SAVI's test data)."""
    return read_outside_psa(peer_data("savi_brennan10000.csv.gz"))


@pytest.fixture(scope="module")
def approximation(peer_data):
    """10,000 draws of 4 parameters, net benefit of three strategies."""
    return read_outside_psa(peer_data("ga_demo_psa.csv.gz"), net_benefits=("nmbA", "nmbB", "nmmC"))


@pytest.mark.parametrize("wtp", [5000, 10_000, 20_000])
def test_brennan_as_generalised_additive_models_find_it(brennan, peer_data, wtp):
    """Within two of our standard errors of what SAVI's method gives on these draws, where that is worth anything.

    Parameters that carry no signal are left out: an additive model is not shrunk and gives each of them a little.
    """
    peer = pd.read_csv(peer_data("expected/savi_brennan10000__peer_evppi.csv"))
    peer = peer[(peer["k"] == wtp) & (peer["method"] == "gam") & (peer["evppi"] > 0.02 * wtp)]
    assert len(peer) >= 6
    sets = {pars: tuple(pars.split("+")) for pars in peer["pars"]}
    benefit = wtp * brennan.table.qaly - brennan.table.cost
    found = {each.name: each for each in evppi(benefit, brennan.parameters, sets)}
    for pars, theirs in zip(peer["pars"], peer["evppi"], strict=True):
        ours = found[pars]
        assert abs(ours.value - theirs) < 2 * ours.standard_error, (pars, ours.value, theirs)


@pytest.mark.parametrize(
    ("members", "exact"), [(("theta6",), 611.80), (("theta6", "theta15"), 739.86), (("theta16",), 461.89)]
)
def test_brennan_against_the_exact_values(brennan, members, exact):
    """The sample's own mean and spread are off the population's; within two standard errors all the same."""
    (found,) = evppi(10_000 * brennan.table.qaly - brennan.table.cost, brennan.parameters, {"set": members})
    assert abs(found.value - exact) < 2.5 * found.standard_error


def test_three_strategies_given_as_net_benefits(approximation, peer_data):
    peer = pd.read_csv(peer_data("expected/ga_demo_psa__peer_evppi.csv")).set_index("param")["evppi"]
    for each in evppi(-approximation.table.cost, approximation.parameters):
        assert each.evpi == pytest.approx(5479.776, abs=5e-4)
        assert abs(each.value - peer[each.name]) < 2 * each.standard_error, each


@dataclass(frozen=True)
class OneArm:
    """Patients of one arm with an event: a design of the test's own, to show that any will do."""

    columns: tuple[str, ...]

    def problems(self, values):
        return []

    def summaries(self, values, sizes, rng):
        return np.stack([rng.binomial(n, values) / n for n in sizes])


@pytest.mark.parametrize("parameter", ["ProbFailingA", "ProbFailingB"])
def test_sampling_one_arm_against_the_gaussian_approximation(approximation, peer_data, parameter):
    """Theirs is an approximation, good to a few per cent; the prior is worth 10 patients."""
    peer = pd.read_csv(peer_data("expected/ga_demo_psa__peer_evsi_gaussian_approx.csv"))
    theirs = peer[peer["param"] == parameter].set_index("n")["evsi"]
    for each in evsi(-approximation.table.cost, approximation.parameters, OneArm((parameter,)), [10, 50, 100, 500]):
        allowed = 2.5 * each.standard_error + 0.06 * theirs[each.n_per_arm]
        assert abs(each.value - theirs[each.n_per_arm]) < allowed, (each, theirs[each.n_per_arm])
