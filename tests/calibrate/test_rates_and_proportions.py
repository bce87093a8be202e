"""Rates and proportions end to end: they are the model's, they are fitted, and what they say is what was told."""

from __future__ import annotations

import re

import numpy as np
import pytest

import sim
from sim.calibrate import calibrate, result
from sim.calibrate.predict import cohort_model
from sim.calibrate.result import posterior_of
from sim.engines import numpy_engine
from sim.scenario import ProportionTarget, RateTarget
from sim.streams import AddressedLuck
from tests.calibrate.conftest import SCENARIOS

PAGE = SCENARIOS.parent / "docs" / "calibration.md"
PATIENTS = 40_000


def test_what_is_expected_of_both_is_what_simulated_patients_show(shipped):
    """Shares on treatment within four errors; rates within those and the 2 % by which the frail leave sooner."""
    assert shipped.calibration is not None
    cohort = shipped.calibration.cohorts["anti_bcma"]
    forward = posterior_of(shipped).forward
    values = {
        "patients.frailty_variance": np.array([0.8]),
        "calibration.cohorts.anti_bcma.ig_uptake": np.array([0.6]),
    }
    model = cohort_model(shipped, cohort, {"patients.frailty_variance": 0.8})
    own = numpy_engine.simulate(model, AddressedLuck(1), np.arange(PATIENTS))
    treated = (np.arange(PATIENTS) % 10 < 6).astype(np.int64)
    column = np.arange(PATIENTS)
    left = own.treatment_end[treated, column]
    for month in (3.0, 12.0):
        told = {"month": month, "observed": 0.5, "worth_patients": 80.0, "source": "s"}
        target = ProportionTarget(kind="proportion", cohort="anti_bcma", what="on_treatment", **told)
        expected = forward.on_treatment(target, values)[0]
        assert (left > month).mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / PATIENTS))
    until = np.minimum(left, 12.0)
    ill = own.illnesses
    who = ill.row % PATIENTS
    counted = (ill.row == treated[who] * PATIENTS + who) & (ill.time <= until[who])
    for infections, which in (("any", counted), ("3plus", counted & (ill.grade == 1))):
        target = RateTarget(
            kind="rate", cohort="anti_bcma", infections=infections, events=1, patient_months=1.0, source="s"
        )
        expected = forward.rate(target, values)[0]
        counts = np.bincount(who[which], minlength=PATIENTS)
        rate = counts.sum() / until.sum()
        error = np.std(counts - rate * until) * np.sqrt(PATIENTS) / until.sum()
        assert rate == pytest.approx(expected, abs=4 * error + 0.02 * expected), infections
        # Power: as if nobody had immunoglobulin, severe infections would be more frequent by far.
        if infections == "3plus":
            bare = values | {"calibration.cohorts.anti_bcma.ig_uptake": np.array([0.0])}
            assert forward.rate(target, bare)[0] > rate + 20 * error


def test_the_example_of_the_page_is_fitted_and_says_what_the_page_says(tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(extends.*?)```", page, flags=re.DOTALL)
    for shared in ("calibration.toml", "base-case.toml"):
        (tmp_path / shared).write_bytes((SCENARIOS / shared).read_bytes())
    (tmp_path / "example.toml").write_text(example, encoding="utf-8")
    monkeypatch.setattr(result, "SIMULATED_DRAWS", 15)
    monkeypatch.setattr(result, "SIMULATED_PATIENTS", 2000)
    found = calibrate(sim.load(tmp_path / "example.toml"))
    assert found.has_converged
    targets = found.targets.set_index("target")
    for name in ("severe", "staying"):
        row = targets.loc[name]
        assert row["observed_low"] < row["fit"] < row["observed_high"], name
        assert row["predicted_low"] < row["fit_low"] < row["fit_high"] < row["predicted_high"], name
    severe, staying = targets.loc["severe"], targets.loc["staying"]
    assert (severe["observed"], severe["month"]) == (pytest.approx(40 / 640), pytest.approx(np.nan, nan_ok=True))
    # Exact Poisson and Jeffreys intervals: 40 events are 28.6 to 54.5 (Garwood 1936).
    assert severe["observed_low"] * 640 == pytest.approx(28.58, abs=0.01)
    assert severe["observed_high"] * 640 == pytest.approx(54.47, abs=0.01)
    assert (staying["observed_low"], staying["observed_high"]) == pytest.approx((0.389, 0.573), abs=1e-3)
    # Numbers at risk: 120 patients at first; 8 at the end are worth a few.
    assert (np.diff(found.targets.query("target == 'printed'")["worth_patients"]) < 0).all()
    told = found.parameters.set_index("parameter")
    assert told.loc["registry: rate of severe infections without immunoglobulin", "verdict"] == "identified"
    assert told.loc["agents.teclistamab.stop_rate_per_month", "verdict"] == "identified"
    stated = float(re.findall(r"their sum a posterior, (0\.\d+) per month", page)[0])
    median = told.loc["registry: rate of severe infections without immunoglobulin", "posterior_median"]
    assert median == pytest.approx(stated, abs=0.002)
