"""The figures of a run folder: its tables, read when a figure asks for them, and what its manifest says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import ResultsError
from sim.figures import FigureSet, Look, Setting
from sim.figures.export import save_all
from sim.report.published import read_published
from sim.runs.look import scenario_look
from sim.scenario import Scenario, from_tables
from sim.store import read_document, read_manifest, read_table
from sim.timelines import SAMPLE, over_time, telling_patients
from sim.tracing import event_table, igg_table

OVER_TIME = ("run", "psa")
"""Commands that play the scenario as it is, so that a sample of its patients can be shown."""


UNKNOWN = "units of money"
"""Currency of an outside table, which does not say."""


def run_figures(folder: Path, *, patient: int | None = None, published: Path | None = None) -> FigureSet:
    """The figures that a run folder can give.

    Args:
        folder: A run folder of any command.
        patient: Whom the figures of one patient show, played again with the run's luck; None takes a patient whose
            course shows what sets the strategies apart.
        published: CSV of points laid over cumulative incidence; see `infections.cumulative_incidence`.

    Returns:
        The figures; a table is read when the first figure asks for it.

    Raises:
        RunFolderError: If the folder is missing, incomplete or altered.
        TableError: If the published points cannot be used.
    """
    manifest = read_manifest(folder)
    asked = manifest["settings"]
    scenario = _scenario(folder)
    tables = _FolderTables(folder, manifest, scenario, patient)
    if published is not None:
        tables.add("published", read_published(published))
    shown = scenario or _first_of_several(folder)
    if shown is None:
        look = Look(str(asked.get("currency") or UNKNOWN), tuple(map(str, asked.get("strategies") or ())))
        return FigureSet(tables, Setting.of(look, _thresholds(asked, tables) or [0.0]))
    look = scenario_look(shown, also=[str(path) for path in (asked.get("path"), *asked.get("paths", ())) if path])
    if manifest["command"] == "capacity":
        look = _arms(folder, look)
    causes = {name: cause.label for name, cause in shown.infections.causes.items()}
    wtp = _thresholds(asked, tables) or list(shown.analysis.wtp_per_qaly)
    setting = Setting.of(look, wtp, causes=causes, asked=asked, population=asked.get("population"))
    return FigureSet(tables, setting)


def write_figures(folder: Path, ending: str) -> list[Path]:
    """Write every figure that a run folder can give into its folder figures/.

    Args:
        folder: The run folder.
        ending: One of `sim.figures.export.FORMATS`.

    Returns:
        The files.

    Raises:
        UsageError: An image is asked for and there is no browser to draw it.
        ResultsError: A file cannot be written.
    """
    figures = run_figures(folder)
    home = folder / "figures"
    drawn = {home / f"{name}.{ending}": figures.draw(name) for name in figures.names}
    try:
        home.mkdir(exist_ok=True)
    except OSError as error:
        message = f"{home}: the folder cannot be made ({error.strerror or error})"
        raise ResultsError(message) from error
    save_all(drawn)
    return list(drawn)


def _thresholds(asked: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[float]:
    """Willingness to pay that the analysis was asked about."""
    if asked.get("wtp_per_qaly"):
        return list(asked["wtp_per_qaly"])
    if isinstance(asked.get("wtp"), int | float):
        return [float(asked["wtp"])]
    return sorted(set(tables["decisions"]["wtp"])) if "decisions" in tables else []


def _arms(folder: Path, look: Look) -> Look:
    """Ways of running a programme take the places of strategies."""
    arms = read_document(folder / "capacity.json")["arms"]
    labels = {arm["name"]: arm["label"] for arm in arms}
    return replace(look, strategies=tuple(labels), labels=labels)


def _first_of_several(folder: Path) -> Scenario | None:
    """The first scenario of a comparison: it names the strategies."""
    path = folder / "resolved-1.json"
    return _read(path) if path.is_file() else None


def _scenario(folder: Path) -> Scenario | None:
    """The scenario as it was played; None where the run compared several."""
    path = folder / "resolved.json"
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Scenario:
    return from_tables(read_document(path))


class _FolderTables(Mapping[str, pd.DataFrame]):
    """Tables of a folder by file stem, and those of one patient, each made when it is first asked for."""

    def __init__(
        self, folder: Path, manifest: Mapping[str, Any], scenario: Scenario | None, patient: int | None
    ) -> None:
        asked = manifest["settings"]
        seed, played = asked.get("seed"), asked.get("patients")
        self._sources: dict[str, Any] = {
            Path(name).stem: lambda path=folder / name: read_table(path)
            for name in manifest["files"]
            if name.endswith(".parquet")
        }
        # Patients of a cohort came from a table that is not kept; their histories cannot be played again.
        if scenario is not None and not scenario.is_limited and not asked.get("cohort"):
            number = cache(lambda: telling_patients(scenario, seed=seed, most=1)[0] if patient is None else patient)
            self._sources["events"] = lambda: event_table(scenario, number(), seed=seed)
            self._sources["igg"] = lambda: igg_table(scenario, number(), seed=seed)
            if isinstance(played, int) and played >= 2 and manifest["command"] in OVER_TIME:
                sample = cache(lambda: over_time(scenario, patients=min(played, SAMPLE), seed=seed).tables)
                for name in ("incidence_by_cause", "ig_use"):
                    self._sources[name] = lambda name=name: sample()[name]
        self._read: dict[str, pd.DataFrame] = {}

    def add(self, name: str, table: pd.DataFrame) -> None:
        """Add a table that does not belong to the run."""
        self._sources[name] = lambda: table

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
