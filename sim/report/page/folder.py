"""A run folder as a report reads it: manifest, document, tables, scenarios and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import Problem, UsageError
from sim.figures import FigureSet
from sim.report.run_figures import run_figures
from sim.scenario import Scenario, from_tables
from sim.store import read_document, read_manifest, read_table, scenarios_of

COMMANDS = ("run", "psa", "dsa", "sweep", "compare", "cea", "voi", "capacity", "calibrate", "trial")


@dataclass(frozen=True, eq=False)
class RunFolder:
    """One run folder, verified against its manifest.

    Attributes:
        path: The folder.
        manifest: Its manifest.
        document: The JSON document of the command.
        scenarios: What was played, the main one first; none for an outside table.
        figures: The figures it can give.
    """

    path: Path
    manifest: Mapping[str, Any]
    document: Mapping[str, Any]
    scenarios: tuple[Scenario, ...]
    figures: FigureSet

    @property
    def kind(self) -> str:
        """The command, or the question of `igsim dsa`."""
        return str(self.document.get("kind") or self.manifest["command"])

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the analysis was asked."""
        settings: Mapping[str, Any] = self.manifest["settings"]
        return settings

    @property
    def scenario(self) -> Scenario | None:
        """The main scenario."""
        return self.scenarios[0] if self.scenarios else None

    @property
    def currency(self) -> str:
        """Money of its tables; empty where an outside table does not say."""
        return str(self.settings.get("currency") or "")

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Strategy to its words."""
        if self.scenario is None:
            return {}
        return {name: strategy.label for name, strategy in self.scenario.strategies.items()}

    def label(self, strategy: object) -> str:
        """Words for a strategy."""
        return self.labels.get(str(strategy), str(strategy))

    @cached_property
    def _short(self) -> Mapping[str, str]:
        shortened = {name: label.split(":")[0].strip() or label for name, label in self.labels.items()}
        return shortened if len(set(shortened.values())) == len(shortened) else self.labels

    def short(self, strategy: object) -> str:
        """The same to the first colon, where that tells the strategies apart: for sentences and narrow columns."""
        return self._short.get(str(strategy), str(strategy))

    def input(self, path: object) -> str:
        """An input in words; its path where it has none."""
        return self.figures.look.input(str(path))

    def told(self, text: str) -> str:
        """A sentence of the run in which dotted paths of inputs give way to their words."""
        paths = sorted(self.figures.look.inputs, key=len, reverse=True)
        named = "|".join(re.escape(path) for path in paths if "." in path)
        if not named:
            return text
        return re.sub(rf"(?<![\w.])(?:{named})(?![\w]|\.\w)", lambda found: f"“{self.input(found[0])}”", text)

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return f"{table}.parquet" in self.manifest["files"]

    def table(self, name: str) -> pd.DataFrame:
        """A table of the folder."""
        return read_table(self.path / f"{name}.parquet")

    @property
    def identity(self) -> str:
        """What was analysed: digests of the scenarios, or of the outside table."""
        table = self.manifest.get("table")
        if table is not None:
            return " ".join(str(file["sha256"]) for file in (table, *table.get("with", ())))
        return " ".join(str(scenario["digest"]) for scenario in scenarios_of(self.manifest))


def open_folder(path: Path) -> RunFolder:
    """Read a run folder.

    Args:
        path: The folder.

    Returns:
        Its content; tables are read when they are asked for.

    Raises:
        IgsimError: The folder is missing, incomplete, altered or of a newer format.
        UsageError: It is of a command that no report is made of.
    """
    manifest = read_manifest(path)
    command = str(manifest.get("command"))
    document = path / f"{command}.json"
    if command not in COMMANDS or document.name not in manifest["files"]:
        problem = Problem(str(path), f"a folder of {command}", f"must be one of igsim {', '.join(COMMANDS)}")
        raise UsageError("no report can be made of this folder", [problem])
    names = ["resolved.json"] if "resolved.json" in manifest["files"] else []
    names += sorted(name for name in manifest["files"] if name.startswith("resolved-"))
    return RunFolder(
        path=path,
        manifest=manifest,
        document=read_document(document),
        scenarios=tuple(from_tables(read_document(path / name)) for name in names),
        figures=run_figures(path),
    )
