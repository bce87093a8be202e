"""What there is to look at: run folders below one results folder, and scenarios. Nothing else is ever read.

A run folder is named by its place below the results folder, a scenario by its name; neither is a path of the file
system, so an address cannot lead anywhere else. What cannot be read is a `RunFolderError` that says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

import pandas as pd

from sim.dashboard.address import shortened
from sim.dashboard.bench import PATIENTS
from sim.dashboard.recent import Recent
from sim.errors import IgsimError, RunFolderError
from sim.figures import FigureSet, Look, Setting
from sim.report.run_figures import run_figures
from sim.runs import RunResult
from sim.runs import run as play
from sim.runs.look import scenario_look
from sim.scenario import Scenario, from_tables, load
from sim.store import read_document, read_manifest, read_table, scenarios_of

RUN: Final = "run:"
SCENARIO: Final = "scenario:"
MOST_LISTED: Final = 500
"""Run folders listed, the newest first."""

_FAULTS = (KeyError, TypeError, ValueError, AttributeError, OSError)


@dataclass(frozen=True)
class Entry:
    """One thing in the list.

    Attributes:
        key: How an address names it.
        name: Its name: of the run folder, or of the scenario.
        command: Which command made it; empty for a scenario.
        title: Of the scenario.
        words: How it was made, in words.
        digest: Of the scenario; empty if not known.
        problem: Why it cannot be opened; empty if it can.
        is_outside: Whether it is the analysis of an outside table, which has no scenario and no patients.
    """

    key: str
    name: str
    command: str = ""
    title: str = ""
    words: str = ""
    digest: str = ""
    problem: str = ""
    is_outside: bool = False


@dataclass(frozen=True)
class Source:
    """An opened run or a played scenario.

    Attributes:
        entry: What it is.
        tables: Tidy tables by name.
        figures: What can be drawn of them.
        look: Colours, labels, currency.
        wtp: Willingness to pay per QALY that the analysis asks about.
        scenario: As it was played; None where a run compares several.
        seed: Root of the luck; None if not known.
        asked: What the analysis was asked, as in the manifest.
        folder: The run folder; None for a scenario.
    """

    entry: Entry
    tables: Mapping[str, pd.DataFrame]
    figures: FigureSet
    look: Look
    wtp: tuple[float, ...]
    scenario: Scenario | None
    seed: int | None
    asked: Mapping[str, Any]
    folder: Path | None = None

    @property
    def middle_wtp(self) -> float:
        """The threshold that figures at one take unless told otherwise."""
        ordered = sorted(self.wtp)
        return ordered[(len(ordered) - 1) // 2]


class Library:
    """Run folders and scenarios.

    Args:
        root: Results folder.
        scenarios: Name to file.
    """

    def __init__(self, root: Path, scenarios: Mapping[str, Path]) -> None:
        self.root, self.scenario_files = root, dict(scenarios)
        self._played: Recent[RunResult] = Recent(8)
        self._sources: Recent[Source] = Recent(16)
        self._chains: dict[str, tuple[Path, ...]] = {}
        self._tables: Recent[pd.DataFrame] = Recent(200)

    # ------------------------------------------------------------------ what there is

    def runs(self) -> list[Entry]:
        """Run folders, the newest first; those that cannot be read say why."""
        found = [path.parent for path in self.root.glob("*/*/manifest.json") if not path.parent.name.startswith(".")]
        newest = sorted(found, key=lambda folder: folder.name, reverse=True)[:MOST_LISTED]
        return [self._entry(folder) for folder in newest]

    def scenarios(self) -> list[Entry]:
        """Scenarios by name; those that cannot be read say why."""
        entries = []
        for name, path in self.scenario_files.items():
            try:
                scenario = load(path)
            except IgsimError as error:
                entries.append(Entry(SCENARIO + name, name, title=name, problem=str(error)))
            else:
                entries.append(_scenario_entry(name, scenario))
        return entries

    def alike(self, entry: Entry, commands: tuple[str, ...]) -> list[Entry]:
        """Run folders of the same scenario that one of these commands made, the newest first."""
        return [
            other
            for other in self.runs()
            if other.command in commands and other.digest == entry.digest and entry.digest and not other.problem
        ]

    def _entry(self, folder: Path) -> Entry:
        name = f"{folder.parent.name}/{folder.name}"
        try:
            self.folder(name)
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            return _run_entry(name, manifest)
        except IgsimError as error:
            return Entry(RUN + name, name, problem=str(error))
        except _FAULTS as error:
            return Entry(RUN + name, name, problem=f"manifest.json cannot be read ({_told(error)})")

    # ------------------------------------------------------------------ opening

    def folder(self, name: str) -> Path:
        """The run folder of a name.

        Args:
            name: `NAME/ID`, below the results folder.

        Raises:
            RunFolderError: It is no such name, or leads out of the results folder.
        """
        parts = name.split("/")
        plain = len(parts) == 2 and all(part and not part.startswith(".") and "\\" not in part for part in parts)
        if not plain or any(ord(letter) < 32 for letter in name):
            message = f"{shortened(name)} is no run folder; must be NAME/ID below {self.root}"
            raise RunFolderError(message)
        folder = self.root / parts[0] / parts[1]
        try:
            inside = folder.resolve().is_relative_to(self.root.resolve())
        except OSError as error:
            message = f"{shortened(name)} cannot be looked up ({error.strerror or error})"
            raise RunFolderError(message) from error
        if not inside:
            message = f"{shortened(name)} leads out of {self.root}"
            raise RunFolderError(message)
        if not folder.is_dir():
            message = f"there is no run folder {shortened(name)} below {self.root}"
            raise RunFolderError(message)
        return folder

    def open(self, key: str) -> Source:
        """A run folder, read and verified, or a scenario, played.

        Args:
            key: `run:NAME/ID` or `scenario:NAME`.

        Raises:
            IgsimError: It is not there, or cannot be read, or cannot be meant; says why.
        """
        if key.startswith(RUN):
            return self._open_run(key.removeprefix(RUN))
        name = key.removeprefix(SCENARIO)
        if not key.startswith(SCENARIO) or name not in self.scenario_files:
            known = ", ".join(self.scenario_files)
            message = f"{shortened(key)} is neither a run folder (run:NAME/ID) nor one of the scenarios {known}"
            raise RunFolderError(message)
        return self._scenario(name)

    def _scenario(self, name: str) -> Source:
        """A scenario, read anew when one of its files has changed."""
        try:
            found = stamps(self._chains.get(name, ()))
        except OSError:
            found = ()
        if not found:
            return self._read(name)
        return self._sources.get(("scenario", name, found), lambda: self._read(name))

    def _read(self, name: str) -> Source:
        scenario = load(self.scenario_files[name])
        self._chains[name] = tuple(Path(file) for file in scenario.files)
        return self._play(name, scenario)

    def _play(self, name: str, scenario: Scenario) -> Source:
        """A scenario as a source; it is played when the first table is asked for."""
        look, asked = scenario_look(scenario), {"patients": PATIENTS, "seed": scenario.analysis.seed}
        tables = PlayedTables(
            lambda: self._played.get(scenario.digest, lambda: play(scenario, patients=PATIENTS)),
        )
        causes = {cause: entry.label for cause, entry in scenario.infections.causes.items()}
        wtp = scenario.analysis.wtp_per_qaly
        figures = FigureSet(tables, Setting.of(look, wtp, causes=causes))
        entry = _scenario_entry(name, scenario)
        return Source(entry, tables, figures, look, wtp, scenario, scenario.analysis.seed, asked)

    def _open_run(self, name: str) -> Source:
        folder = self.folder(name)
        try:
            found = stamps(sorted(folder.iterdir()))
        except OSError as error:
            message = f"{name}: this run folder cannot be read ({_told(error)})"
            raise RunFolderError(message) from error
        return self._sources.get(("run", name, found), lambda: self._verified(folder, name))

    def _verified(self, folder: Path, name: str) -> Source:
        try:
            manifest = read_manifest(folder)
            self._check_names(folder, manifest)
            entry, asked = _run_entry(name, manifest), manifest["settings"]
            figures = run_figures(folder)
            tables = Tables(folder, manifest["files"], self._tables)
            resolved = folder / "resolved.json"
            scenario = from_tables(read_document(resolved)) if resolved.is_file() else None
            if scenario is None:
                several = sorted({*tables["decisions"]["wtp"]}) if "decisions" in tables else [0.0]
                look, wtp = figures.look, asked.get("wtp_per_qaly") or several
            else:
                look, wtp = scenario_look(scenario), scenario.analysis.wtp_per_qaly
            return Source(
                entry, tables, figures, look, tuple(map(float, wtp)), scenario, asked.get("seed"), asked, folder
            )
        except _FAULTS as error:
            message = f"{name}: this run folder cannot be read ({_told(error)}); make it again with `igsim`"
            raise RunFolderError(message) from error

    def _check_names(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        for file in manifest["files"]:
            if PurePath(file).name != file:
                message = f"{folder}: the manifest lists {shortened(file)}, which is not in the folder"
                raise RunFolderError(message)


def stamps(files: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of change of files: another stamp, and they are read and verified again."""
    found = [(file, file.stat()) for file in files]
    return tuple((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in found)


class PlayedTables(Mapping[str, pd.DataFrame]):
    """Tables of a scenario that is played when the first of them is asked for."""

    _MAKE: Final[Mapping[str, Callable[[RunResult], pd.DataFrame]]] = {
        "outcomes": lambda result: result.outcomes.frame(),
        "incremental": lambda result: result.table(),
        "increments": lambda result: result.increments(),
        "cumulative_incidence": lambda result: result.outcomes.incidence_frame(),
        "efficiency": lambda result: result.efficiency(),
    }

    def __init__(self, result: Callable[[], RunResult]) -> None:
        self._result = result

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._MAKE[name](self._result())

    def __contains__(self, name: object) -> bool:
        return name in self._MAKE

    def __iter__(self) -> Iterator[str]:
        return iter(self._MAKE)

    def __len__(self) -> int:
        return len(self._MAKE)


class Tables(Mapping[str, pd.DataFrame]):
    """Tables of a verified run folder by file stem, each read when it is first asked for."""

    def __init__(self, folder: Path, files: Mapping[str, str], kept: Recent[pd.DataFrame]) -> None:
        self._folder, self._kept = folder, kept
        self._files = {Path(name).stem: (name, sha) for name, sha in files.items() if name.endswith(".parquet")}

    def __getitem__(self, name: str) -> pd.DataFrame:
        file, sha = self._files[name]
        return self._kept.get(sha, lambda: read_table(self._folder / file))

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _scenario_entry(name: str, scenario: Scenario) -> Entry:
    words = f"played here: {PATIENTS:,} patients under each of {len(scenario.strategy_names)} strategies"
    return Entry(
        SCENARIO + name,
        name,
        title=scenario.title,
        words=f"{words}, the same luck in all, seed {scenario.analysis.seed}",
        digest=scenario.digest,
    )


def _run_entry(name: str, manifest: Mapping[str, Any]) -> Entry:
    """What a manifest says of its run."""
    asked, command = manifest["settings"], str(manifest["command"])
    if manifest.get("table"):
        title = f"Outside table {manifest['table']['file']}"
        return Entry(RUN + name, name, command, title, _how_made(asked), is_outside=True)
    scenarios = scenarios_of(manifest)
    title = " and ".join(str(scenario["title"]) for scenario in scenarios)
    digest = str(scenarios[0]["digest"]) if len(scenarios) == 1 else ""
    return Entry(RUN + name, name, command, title, _how_made(asked), digest)


def _how_made(asked: Mapping[str, Any]) -> str:
    told: Mapping[str, Callable[[Any], str]] = {
        "draws": lambda n: f"{n:,} parameter draws",
        "replications": lambda n: f"{n:,} replications",
        "iterations": lambda n: f"{n:,} iterations",
        "patients": lambda n: f"{n:,} patients",
        "points": lambda n: f"{n:,} points",
        "paths": lambda paths: "over " + " and ".join(map(str, paths)),
        "path": lambda path: f"of {path}",
        "cohort": lambda cohort: f"of the cohort {cohort['file']}",
        "set": lambda changes: "changed: " + ", ".join(map(str, changes)) if changes else "",
        "seed": lambda seed: f"seed {seed}",
    }
    parts = [say(asked[key]) for key, say in told.items() if asked.get(key) is not None]
    return ", ".join(part for part in parts if part)


def _told(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no entry {error}"
    return f"{type(error).__name__}: {error}"
