"""Options that several commands share, and what becomes of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from sim.cohort import Cohort
    from sim.scenario import Scenario


PIPED_WIDTH = 132


class Format(StrEnum):
    """How a command prints its answer."""

    TABLE = "table"
    JSON = "json"


class Engine(StrEnum):
    """Which engine plays the patients."""

    NUMPY = "numpy"
    SIMPY = "simpy"


ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (TOML).", show_default=False)]


def whole_number(text: str) -> int:
    """A whole number, with or without thousands underscores; anything else is named in the error."""
    try:
        return int(text)
    except ValueError:
        message = f"found {text!r}; must be a whole number"
        raise typer.BadParameter(message) from None


def newest(folder: Path | None) -> Path | None:
    """A run folder, or the newest one in a folder of run folders."""
    from sim.store import newest_run

    return folder if folder is None else newest_run(folder)


def newest_of_each(folders: list[Path]) -> list[Path]:
    """Run folders, each possibly the newest in a folder of them."""
    from sim.store import newest_run

    return [newest_run(folder) for folder in folders]


RunFolder = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        callback=newest,
        help="Run folder; of a folder of run folders, such as results/base-case, the newest.",
        show_default=False,
    ),
]


Patients = Annotated[
    int | None,
    typer.Option(
        "--patients", parser=whole_number, metavar="N", help="Patients under each strategy (default: the scenario's)."
    ),
]
Draws = Annotated[
    int | None,
    typer.Option("--draws", parser=whole_number, metavar="N", help="Parameter draws (default: the scenario's)."),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", parser=whole_number, metavar="N", help="Root of the luck (default: the scenario's)."),
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="numpy is fast; simpy is the readable reference.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change one scenario value, e.g. immunoglobulin.price_per_gram=80."
    ),
]
CohortFile = Annotated[
    Path | None,
    typer.Option(
        "--cohort",
        metavar="FILE",
        help="Play the real patients of this CSV, Parquet or Excel table, one a row (default --patients: its rows).",
    ),
]
CohortColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="ATTRIBUTE=COLUMN", help="Column of the cohort, where its name is not the attribute's."
    ),
]
CohortSheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of a cohort's workbook.")]
TargetMcse = Annotated[
    float | None,
    typer.Option(
        "--target-mcse",
        metavar="AMOUNT",
        help="Go on until the Monte Carlo standard error of every INMB is at most this.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        max=1024,
        metavar="N",
        help="Processes of this machine that share the work (default: one a core, for work of over a second).",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Work on this Dask cluster (needs igsim\\[cluster])."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Finish what an interrupted run of the same command left.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for run folders.")]
Save = Annotated[bool, typer.Option("--save/--no-save", help="Write a run folder.")]
Report = Annotated[bool, typer.Option("--report", help="Also write report.html and workbook.xlsx there.")]
FormatOption = Annotated[Format, typer.Option("--format", help="A table to read, or one JSON document.")]
Strict = Annotated[bool, typer.Option("--strict", help="Also ask for a source and a unit on every quantity.")]


def load_scenario(path: Path, settings: list[str] | None, *, strict: bool = False) -> Scenario:
    """The scenario with the changes of `--set`; the last of two on one path wins, as everywhere on a command line."""
    from sim.scenario import load, parse_setting

    return load(path, overrides=dict(parse_setting(text) for text in settings or []), strict=strict)


def load_cohort(path: Path | None, columns: list[str] | None, sheet: str | None, scenario: Scenario) -> Cohort | None:
    """The cohort of `--cohort`, with the columns of `--column`; the last of two for one attribute wins."""
    from sim.errors import Problem, UsageError

    pairs = [text.partition("=") for text in columns or []]
    problems = [
        Problem("--column", "".join(pair), "must be ATTRIBUTE=COLUMN")
        for pair in pairs
        if not all(part.strip() for part in pair)
    ]
    if path is None:
        given = {"--column": ", ".join(columns or []), "--sheet": sheet or ""}
        problems += [Problem(option, text, "needs --cohort FILE") for option, text in given.items() if text]
    if problems:
        raise UsageError("the cohort cannot be read", problems)
    if path is None:
        return None
    from sim.cohort import read_cohort

    mapping = {attribute.strip(): column.strip() for attribute, _, column in pairs}
    return read_cohort(path, scenario, columns=mapping, sheet=sheet)


def console() -> Console:
    """Standard output; wide enough for the tables where it is not a terminal."""
    from rich.console import Console

    # A title with [brackets] is text, never markup.
    return Console(
        highlight=False,
        markup=False,
        emoji=False,
        width=None if sys.stdout.isatty() else PIPED_WIDTH,
        soft_wrap=False,
    )


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output and nothing else."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


class Bar:
    """Progress on standard error with rate and time left, if that is a terminal and the work takes over a second."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._first = 0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Report `done` of `total`; what was done before the first report was not done in this run."""
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._started < 1:
                return
            self._bar = self._begin(total)
        task = self._bar.task_ids[0]
        rate = done / max(time.monotonic() - self._started, 1e-9)
        self._bar.update(task, completed=done, total=total, rate=f"{rate:,.3g}/s")

    def _begin(self, total: int) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        bar = Progress(
            TextColumn(self._what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        bar.add_task(self._what, total=total, rate="")
        bar.start()
        return bar
