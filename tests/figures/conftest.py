"""One small run and its folder, shared by the tests of figures."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.report.run_folder import save_run
from sim.runs import RunResult

SCENARIO = Path(__file__).parents[2] / "scenarios" / "base-case.toml"


@pytest.fixture(scope="session")
def result() -> RunResult:
    return sim.run(sim.load(SCENARIO), patients=300)


@pytest.fixture(scope="session")
def run_folder(result: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(result, tmp_path_factory.mktemp("results"), name="base-case", seconds=1.0)
