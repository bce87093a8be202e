"""The page on Python is true: its program runs, its names exist, its functions say what the commands say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the page's program leaves behind."""
    outside = tmp_path_factory.mktemp("page") / "psa.csv"
    rng = np.random.default_rng(1)
    rows = {"iteration": np.repeat(range(9), 2), "strategy": ["a", "b"] * 9}
    pd.DataFrame(rows | {"cost": rng.normal(10, 1, 18), "qaly": rng.normal(1, 0.1, 18)}).to_csv(outside, index=False)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    left: dict[str, object] = {}
    exec(program.replace('"scenarios/', f'"{ROOT}/scenarios/').replace('"psa.csv"', repr(str(outside))), left)
    return left


def test_the_program_runs_and_gives_what_it_says(names):
    psa, voi = names["psa"], names["voi"]
    assert set(psa.table()["strategy"]) == {"none", "primary", "secondary"}
    assert psa.table().equals(psa.result.incremental())
    assert {"ceac", "evppi", "convergence_draws", "price_threshold"} <= set(psa.figures.names)
    assert voi.evppi["evppi"].tolist() == psa.evppi["evppi"].tolist()
    assert voi.by_wtp["wtp"].tolist() == [50_000, 100_000]
    assert "evppi" in voi.figures.names
    assert type(psa.figures.ceac()).__name__ == "Figure"
    assert type(voi.figures.evpi()).__name__ == "Figure"


def test_every_name_on_the_page_and_every_public_name_is_there():
    mentioned = set(re.findall(r"`sim\.(\w+)", PAGE))
    assert len(mentioned) > 10
    for name in mentioned | set(sim.__all__):
        assert getattr(sim, name) is not None


def test_a_design_that_is_not_there_is_refused(names):
    with pytest.raises(sim.InputError, match="design: found mine"):
        sim.value_of_information(names["psa"], designs=["mine"])
