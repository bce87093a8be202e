"""The base case and the tutorial, and tables of patients written for one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import Scenario, load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
BASE_CASE, TUTORIAL = SCENARIOS / "base-case.toml", SCENARIOS / "tutorial.toml"

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def base_case() -> Scenario:
    return load(BASE_CASE)


@pytest.fixture(scope="session")
def tutorial() -> Scenario:
    return load(TUTORIAL)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file's content under a name, patients.csv unless told."""

    def written(content: str | bytes, name: str = "patients.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
