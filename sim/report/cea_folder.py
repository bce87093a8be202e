"""The run folder of a decision analysis of an outside table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from sim.cea import PsaAnalysis, PsaTable
from sim.report.cea_text import cea_document
from sim.store import described, write_run_folder


def save_cea(path: Path, read: PsaTable, analysis: PsaAnalysis, root: Path) -> Path:
    """Write the run folder.

    Args:
        path: The outside table.
        read: What was read of it.
        analysis: What follows.
        root: Results folder.

    Returns:
        The folder.

    Raises:
        ResultsError: If it cannot be written.
    """
    document = cea_document(str(path), read, analysis)
    table, wtp = described(path), [float(wtp) for wtp in analysis.by_wtp["wtp"]] if read.n_iterations > 1 else []
    settings = {**document["settings"], "wtp_per_qaly": wtp}
    return write_run_folder(
        root,
        name=path.stem,
        digest=table["sha256"],
        tables={
            "psa": psa_frame(read),
            "incremental": analysis.incremental,
            "by_wtp": analysis.by_wtp,
            "by_wtp_strategy": analysis.by_wtp_strategy,
        },
        texts={"cea.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"},
        manifest={
            "command": "cea",
            "table": table,
            "settings": {**settings, "set": []},
            "timings": {},
        },
    )


def psa_frame(read: PsaTable) -> pd.DataFrame:
    """The table in tidy form: draw, strategy, cost, qaly."""
    n, k = read.n_iterations, len(read.strategies)
    columns = {"draw": np.repeat(read.iterations, k), "strategy": list(read.strategies) * n}
    return pd.DataFrame(columns | {"cost": read.cost.ravel(), "qaly": read.qaly.ravel()})
