"""The shipped calibration, fitted once with few simulated studies."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest

import sim
from sim.calibrate import CalibrationResult, calibrate, result

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
LONGEST_WAIT_SECONDS = 120.0
"""For the fit of another worker; whoever has waited so long fits by itself."""


@pytest.fixture(scope="session")
def shipped() -> sim.Scenario:
    return sim.load(SCENARIOS / "calibration.toml")


@pytest.fixture(scope="session")
def fitted(shipped: sim.Scenario, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> CalibrationResult:
    """Fitted by whichever worker of this test run comes first; the others read what it wrote."""
    if worker_id == "master":
        return _fit(shipped)
    folder = tmp_path_factory.getbasetemp().parent
    kept, claimed = folder / "calibration.pickle", folder / "calibration.claimed"
    try:
        claimed.touch(exist_ok=False)
    except FileExistsError:
        until = time.monotonic() + LONGEST_WAIT_SECONDS
        while not kept.exists() and time.monotonic() < until:
            time.sleep(0.2)
        if kept.exists():
            return pickle.loads(kept.read_bytes())
    found = _fit(shipped)
    half = folder / f"calibration.{worker_id}"
    half.write_bytes(pickle.dumps(found))
    half.replace(kept)
    return found


def _fit(shipped: sim.Scenario) -> CalibrationResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result, "SIMULATED_DRAWS", 15)
        patch.setattr(result, "SIMULATED_PATIENTS", 2000)
        return calibrate(shipped)
