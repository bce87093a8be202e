from __future__ import annotations

from types import ModuleType

import pytest

from sim.engines import numpy_engine, simpy_engine


@pytest.fixture(params=[numpy_engine, simpy_engine], ids=["numpy", "simpy"])
def engine(request: pytest.FixtureRequest) -> ModuleType:
    """Each engine in turn: a hand-worked patient has one history."""
    module: ModuleType = request.param
    return module
