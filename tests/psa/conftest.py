"""A small scenario whose probabilistic analysis takes moments."""

from __future__ import annotations

import pytest

import sim
from sim.psa import psa


@pytest.fixture(scope="session")
def tutorial():
    return sim.load("scenarios/tutorial.toml")


@pytest.fixture(scope="session")
def played(tutorial):
    """60 draws of 200 patients."""
    return psa(tutorial, draws=60, patients=200, seed=5)
