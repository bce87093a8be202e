"""The value of information of an analysis takes over what the analysis has found."""

from __future__ import annotations

import pandas as pd

import sim
from tests.run_folders import TUTORIAL


def test_what_an_analysis_has_found_is_taken_over():
    price = {"value": 90, "unit": "USD per gram", "dist": "gamma", "se": 20, "source": "assumption: a list"}
    scenario = sim.load(TUTORIAL, overrides={"immunoglobulin.price_per_gram": price})
    report = sim.run_psa(scenario, draws=50, patients=100)
    taken, again = sim.value_of_information(report), sim.value_of_information(report.result)
    assert taken.evppi is report.evppi
    pd.testing.assert_frame_equal(taken.evppi, again.evppi, check_exact=True)
    (other,) = set(sim.value_of_information(report, wtp=[12_345.0]).evppi["wtp"])
    assert other == 12_345.0, "other thresholds are worked out"
