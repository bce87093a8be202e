"""Run folders of sensitivity analyses, sweeps and comparisons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.report.document import Document, clean, scenario_part
from sim.scenario import Scenario
from sim.store import write_run_folder


def records(frame: pd.DataFrame) -> list[Document]:
    """Rows as JSON can carry them."""
    return [dict(clean(row)) for row in frame.to_dict(orient="records")]


def save_analysis(
    document: Document,
    tables: Mapping[str, pd.DataFrame],
    scenarios: Sequence[Scenario],
    root: Path,
    *,
    name: str,
    seconds: float,
    settings: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
    table: Mapping[str, Any] | None = None,
) -> Path:
    """Write the run folder of an analysis.

    Args:
        document: Its JSON document.
        tables: File stem to tidy table.
        scenarios: What was played, the main one first.
        root: Results folder.
        name: The folder's name in it.
        seconds: Time the work took.
        settings: `PATH=VALUE` changes made on the command line.
        texts: File name to further text.
        table: The outside table that was analysed in place of a scenario, from `sim.store.described`.

    Returns:
        The folder.

    Raises:
        ResultsError: If it cannot be written.
    """
    command = str(document["command"])
    digests = "".join(scenario.digest for scenario in scenarios) or json.dumps([table, document["settings"]])
    files = {
        **(texts or {}),
        f"{command}.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }
    for place, scenario in enumerate(scenarios, start=1):
        number = "" if len(scenarios) == 1 else f"-{place}"
        files[f"scenario{number}.toml"] = scenario.source_text
        files[f"resolved{number}.json"] = json.dumps(scenario.resolved(), indent=2, ensure_ascii=False) + "\n"
    return write_run_folder(
        root,
        name=name,
        digest=scenarios[0].digest if len(scenarios) == 1 else hashlib.sha256(digests.encode()).hexdigest(),
        tables=tables,
        texts=files,
        manifest={
            "command": command,
            "scenarios": [
                {**scenario_part(scenario), "text": scenario.source_text, "files": list(scenario.files)}
                for scenario in scenarios
            ],
            **({} if table is None else {"table": table}),
            "settings": {**document["settings"], "set": list(settings)},
            "timings": {"simulation_seconds": round(seconds, 3)},
        },
    )
