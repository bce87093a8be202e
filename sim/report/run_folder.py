"""What a run leaves on disk: which tables and texts go into its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sim.report.document import findings_table, run_document
from sim.runs import RunResult
from sim.store import write_run_folder


def save_run(result: RunResult, root: Path, *, name: str, seconds: float, settings: Sequence[str] = ()) -> Path:
    """Write the run folder of a base-case run.

    Args:
        result: A finished run.
        root: Results folder.
        name: Scenario name, used as the folder's name.
        seconds: Time the simulation took.
        settings: `PATH=VALUE` changes made on the command line.

    Returns:
        The folder.

    Raises:
        ResultsError: If it cannot be written.
    """
    document = run_document(result)
    scenario = result.scenario
    return write_run_folder(
        root,
        name=name,
        digest=scenario.digest,
        tables={
            "outcomes": result.outcomes.frame(),
            "incremental": result.table(),
            "increments": result.increments(),
            "efficiency": result.efficiency(),
            "common_luck": result.common_luck(),
            "findings": findings_table(result.findings),
            "cumulative_incidence": result.outcomes.incidence_frame(),
        },
        texts={
            "scenario.toml": scenario.source_text,
            "resolved.json": json.dumps(scenario.resolved(), indent=2, ensure_ascii=False) + "\n",
            "run.json": json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        },
        manifest={
            "command": "run",
            "scenario": {**document["scenario"], "text": scenario.source_text, "files": list(scenario.files)},
            "settings": {**document["settings"], "set": list(settings)},
            "timings": {"simulation_seconds": round(seconds, 3)},
        },
    )
