"""The figures of a run folder: its tables, read when a figure asks for them, and what its manifest says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import ResultsError
from sim.figures import FigureSet, Look, Setting
from sim.scenario import Scenario, from_tables
from sim.store import read_manifest
from sim.tracing import event_table, igg_table


def run_figures(folder: Path, *, patient: int = 0) -> FigureSet:
    """The figures that a run folder can give.

    Args:
        folder: A run folder of any command.
        patient: Whom the figures of one patient show; the patient is played again, with the run's luck.

    Returns:
        The figures; a table is read when the first figure asks for it.

    Raises:
        ResultsError: If the folder is missing, incomplete or altered.
    """
    manifest = read_manifest(folder)
    asked = manifest["settings"]
    scenario = _scenario(folder)
    tables = _FolderTables(folder, manifest["files"], scenario, patient, asked.get("seed"))
    if scenario is None:
        return FigureSet(tables, Setting.of(Look(str(asked.get("currency", ""))), asked.get("wtp_per_qaly") or [0.0]))
    strategies, analysis = scenario.strategy_names, scenario.analysis
    look = Look(analysis.currency, strategies, {name: scenario.strategies[name].label for name in strategies})
    causes = {name: cause.label for name, cause in scenario.infections.causes.items()}
    setting = Setting.of(look, analysis.wtp_per_qaly, causes=causes, asked=asked, population=asked.get("population"))
    return FigureSet(tables, setting)


def _scenario(folder: Path) -> Scenario | None:
    """The scenario as it was played; None where the run compared several."""
    path = folder / "resolved.json"
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read ({error})"
        raise ResultsError(message) from error
    return from_tables(content)


class _FolderTables(Mapping[str, pd.DataFrame]):
    """Tables of a folder by file stem, and those of one patient, each made when it is first asked for."""

    def __init__(
        self, folder: Path, files: Mapping[str, str], scenario: Scenario | None, patient: int, seed: int | None
    ) -> None:
        self._sources: dict[str, Any] = {
            Path(name).stem: lambda path=folder / name: pd.read_parquet(path)
            for name in files
            if name.endswith(".parquet")
        }
        if scenario is not None:
            self._sources["events"] = lambda: event_table(scenario, patient, seed=seed)
            self._sources["igg"] = lambda: igg_table(scenario, patient, seed=seed)
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = self._sources[name]()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def __len__(self) -> int:
        return len(self._sources)
