"""A small table of iterations and the faults found in a file, for the tests that read tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sim.cea import read_psa_table
from sim.errors import TableError

LONG = """strategy,iteration,cost,qaly
none,1,100,1.5
none,2,110.25,1.25
drug,1,400,1.75
drug,2,1e3,2
"""
LONG_FRAME = pd.DataFrame(
    {
        "strategy": ["none", "none", "drug", "drug"],
        "iteration": [1, 2, 1, 2],
        "cost": [100, 110.25, 400, 1_000],
        "qaly": [1.5, 1.25, 1.75, 2],
    }
)

Write = Callable[..., Path]

COMPLETE = "a finite number; complete the value, or remove its iteration from every strategy"


def problems(path: Path, where: dict[str, str] | None = None, sheet: str | None = None) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_psa_table(path, where=where, sheet=sheet)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [str(problem).removeprefix(f"{path}: ") for problem in caught.value.problems]
