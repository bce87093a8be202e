"""The shipped calibration, fitted once with few simulated studies."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.calibrate import CalibrationResult, calibrate, result

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="session")
def shipped() -> sim.Scenario:
    return sim.load(SCENARIOS / "calibration.toml")


@pytest.fixture(scope="session")
def fitted(shipped: sim.Scenario) -> CalibrationResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result, "SIMULATED_DRAWS", 15)
        patch.setattr(result, "SIMULATED_PATIENTS", 2000)
        return calibrate(shipped)
