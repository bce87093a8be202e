"""The reference of run folders: every file and column, as small runs of every command leave them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from docs.building.columns import words_of
from docs.building.executed import remembered

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "igsim run": "run tutorial.toml --patients 200",
    "igsim psa": "psa tutorial.toml --draws 60 --patients 40 --workers 1",
    "igsim voi": "voi tutorial.toml --draws 60 --patients 40",
    "igsim dsa": "dsa tutorial.toml --patients 40",
    "igsim sweep": "sweep tutorial.toml --vary immunoglobulin.price_per_gram=20:150:3 --patients 40",
    "igsim compare": "compare base-case.toml gprc5d-us.toml --patients 40",
    "igsim trial": "trial trials.toml --trial planned --size 60 --replications 20 --workers 1",
    "igsim capacity": "capacity programme-shortage.toml --replications 2 --sizes --size-replications 1 --workers 1 "
    "--set programme.years=1 --set programme.arrivals.1.patients_per_year=15",
}
ABOUT = """
Written from small runs of each command. Every table is there twice, as Parquet for programs and as CSV for people and
spreadsheets; the CSV has the same numbers to the last digit. `manifest.json` names the scenario's digest, the seed,
the version, the command and the digest of every file; `scenario.toml` is the file as it was given, `resolved.json`
what it came to. Columns such as `infections.causes…` are paths of scenario entries. What an ending says is the same
everywhere: `_mcse` is the Monte Carlo standard error of the column before it.
"""


class ColumnError(Exception):
    """A column of which nobody has said what it is."""


def page() -> str:
    """A section for each command with a table for each file."""
    words = (Path(__file__).parent / "columns.py").read_text(encoding="utf-8")
    found: str = remembered(f"tables {SMALL} {words}", lambda: {"page": _page()})["page"]
    return found


def _page() -> str:
    lines = ["# Run folders and their tables", ABOUT]
    unknown: dict[str, list[str]] = {}
    for command, arguments in SMALL.items():
        with tempfile.TemporaryDirectory(prefix="igsim-docs-") as scratch:
            folder = _played(arguments, Path(scratch))
            tables = {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}
            others = [path.name for path in sorted(folder.iterdir()) if path.suffix not in (".csv", ".parquet")]
        lines += [f"## {command}", "", f"Beside tables: {', '.join(f'`{name}`' for name in others)}.", ""]
        for name, table in tables.items():
            lines += [f"### {name}", "", "| column | kind | what it says |", "| --- | --- | --- |"]
            free = name.startswith("export_")
            for column in table.columns:
                words = words_of(column) or _scenario_words(column, free=free)
                if words is None:
                    unknown.setdefault(name, []).append(column)
                elif not (column.endswith("_mcse") and len(table.columns) > 40):
                    lines.append(f"| `{column}` | {_kind(table[column])} | {words} |")
            lines.append("")
    if unknown:
        raise ColumnError(f"columns without words in docs/building/columns.py: {unknown}")
    return "\n".join(lines)


def _played(arguments: str, folder: Path) -> Path:
    """The run folder that a command leaves."""
    shutil.copytree(ROOT / "scenarios", folder, dirs_exist_ok=True)
    command = [sys.executable, "-m", "sim", *arguments.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
    (manifest,) = (folder / "results").rglob("manifest.json")
    return manifest.parent


def _scenario_words(column: str, *, free: bool) -> str | None:
    """Columns that are named by the scenario: paths of entries, and strategies in the exports."""
    if "." in column:
        return "value of that entry"
    return "value under that strategy" if free else None


def _kind(values: pd.Series) -> str:
    if values.dtype == bool:
        return "true or false"
    if pd.api.types.is_integer_dtype(values):
        return "whole number"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"
