"""Precision of a run: patients added until the error is small enough, ICER limits, and the gain of common luck."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sim
from sim.build import compile_model
from sim.errors import SimulationError, UsageError
from sim.outcomes import BLOCK
from sim.runs import play, run
from sim.runs.play import largest_mcse
from sim.streams import AddressedLuck


@pytest.fixture(scope="module")
def tutorial():
    return sim.load("scenarios/tutorial.toml")


def test_added_patients_give_the_run_that_asks_for_them(tutorial):
    """Grown from 100 patients to whatever it takes, and asked for at once: the same numbers to the last bit."""
    first = run(tutorial, patients=BLOCK)
    target = 0.6 * largest_mcse(first.outcomes, tutorial.analysis.wtp_per_qaly)
    grown = run(tutorial, patients=100, target_mcse=target)
    assert grown.patients % BLOCK == 0
    assert grown.patients > BLOCK
    assert largest_mcse(grown.outcomes, tutorial.analysis.wtp_per_qaly) <= target
    assert grown.target_mcse == target
    assert grown.outcomes.frame().equals(run(tutorial, patients=grown.patients).outcomes.frame())


def test_target_already_met_adds_nothing(tutorial):
    assert run(tutorial, patients=100, target_mcse=1e9).patients == BLOCK


@pytest.mark.parametrize("target", [0.0, -1.0, math.inf, math.nan])
def test_impossible_target_is_refused(tutorial, target):
    with pytest.raises(UsageError, match="target_mcse"):
        run(tutorial, patients=10, target_mcse=target)


def test_target_out_of_reach_is_said(tutorial):
    with pytest.raises(SimulationError, match="would take"):
        run(tutorial, patients=10, target_mcse=1e-3)


def test_icer_limits_are_where_the_inmb_is_two_errors_from_nought(tutorial):
    """At an ICER limit as threshold, the INMB lies 1.96 standard errors from 0: Fieller's definition."""
    result = run(tutorial, patients=2000)
    rows = result.table()
    checked = rows[rows["icer"].notna()]
    assert not checked.empty
    for row in checked.to_dict(orient="records"):
        s, c = (result.outcomes.strategies.index(row[name]) for name in ("strategy", "comparator"))
        if row["icer_shape"] == "interval":
            assert row["icer_low"] <= row["icer"] <= row["icer_high"]
        if row["icer_shape"] != "line":
            for limit in (row["icer_low"], row["icer_high"]):
                inmb, mcse = result.outcomes.inmb(limit, s, c)
                assert abs(inmb) == pytest.approx(1.959964 * mcse, rel=1e-6)


def test_gain_of_common_luck_is_that_of_really_independent_arms(tutorial):
    """The comparator played on another seed: the spread of single patients' differences is sd_independent.

    3,000 patients: both standard deviations are known to about 2 %. Paired, they are far smaller.
    """
    result = run(tutorial, patients=3000)
    gain = result.common_luck().set_index(["component", "strategy"])
    other = play(compile_model(tutorial), AddressedLuck(987), 3000)
    comparator = gain["comparator"].iloc[0]
    c = result.outcomes.strategies.index(comparator)
    for s, name in enumerate(result.outcomes.strategies):
        if s == c:
            continue
        row = gain.loc[("cost", name)]
        independent = math.sqrt(3000) * math.hypot(result.outcomes.mcse("cost")[s], other.mcse("cost")[c])
        assert row["sd_independent"] == pytest.approx(independent, rel=0.08)
        assert row["ratio"] == pytest.approx(row["sd_paired"] / row["sd_independent"])
        assert row["ratio"] < 0.95
    assert np.isfinite(gain["sd_paired"]).all()
