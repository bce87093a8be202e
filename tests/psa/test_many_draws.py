"""Ten thousand draws: numbers stay finite, means hold, memory and report stay within bounds."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.report.page.write import MOST_BYTES
from tests.run_folders import EFFECT, PRICE, TUTORIAL, UNCERTAIN

DRAWS, PATIENTS = 10_000, 10
MOST_MIB = 1024
MEASURED = """
import atexit, resource, sys
from sim.cli import main
unit = 2**20 if sys.platform == "darwin" else 2**10
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit, file=sys.stderr))
main()
"""


def igsim(*arguments: object) -> int:
    """A command that succeeds, and how many MiB it took at most."""
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


@pytest.mark.slow
def test_ten_thousand_draws_are_finite_and_bounded(tmp_path: Path) -> None:
    """Drawn means are those asked for within 4 standard errors; half of them would be off by over 100."""
    drawn = igsim(
        *("psa", TUTORIAL, "--draws", DRAWS, "--patients", PATIENTS, *UNCERTAIN),
        *("--workers", 1, "--out", tmp_path),
    )
    (folder,) = (tmp_path / "tutorial").iterdir()
    tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    for name, table in tables.items():
        assert not np.isinf(table.select_dtypes("number").to_numpy(float)).any(), name
    draws, psa = tables["draws"], tables["psa"]
    assert (len(draws), len(psa)) == (DRAWS, DRAWS * psa["strategy"].nunique())
    assert draws.notna().all().all()
    assert psa[["cost", "qaly"]].notna().all().all()

    # A gamma of mean 90 and standard deviation 20; a lognormal of median 0.4 whose 95 % lie between 0.2 and 0.8.
    spread = math.log(4) / (2 * 1.959963984540054)
    for values, mean, sd in ((draws[PRICE], 90.0, 20.0), (np.log(draws[EFFECT]), math.log(0.4), spread)):
        error = sd / math.sqrt(DRAWS)
        assert abs(values.mean() - mean) < 4 * error
        assert abs(values.mean() - mean / 2) > 100 * error
    assert (tables["by_wtp"]["evpi"] >= 0).all()
    chances = tables["by_wtp_strategy"].groupby("wtp")["ceac"].sum()
    np.testing.assert_allclose(chances, 1.0, atol=1e-12)

    report = tmp_path / "report.html"
    reported = igsim("report", folder, "-o", report)
    assert report.stat().st_size < MOST_BYTES
    assert max(drawn, reported) < MOST_MIB
