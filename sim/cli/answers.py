"""What an analysis has to say, and its way to disk and to the reader."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.cli import options as opt
from sim.cli.keeping import Keeping

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from sim.scenario import Scenario


@dataclass(frozen=True)
class Answer:
    """A finished analysis.

    Attributes:
        document: Its JSON document, without the run folder.
        tables: File stem to tidy table.
        show: Prints it, with the run folder if there is one.
        texts: File name to further text of the run folder.
        table: What the manifest says of the outside table, if one was analysed (`sim.store.described`).
    """

    document: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    show: Callable[[Console, Path | None], None]
    texts: Mapping[str, str] = field(default_factory=dict)
    table: Mapping[str, Any] | None = None


def hand_over(
    answer: Answer,
    scenarios: Sequence[Scenario],
    keeping: Keeping,
    name: str,
    started: float,
    settings: Sequence[str],
    output_format: opt.Format,
) -> None:
    """Keep what is to be kept, and print; `started` is `time.perf_counter()` when work began."""
    from sim.report.dsa_folder import save_analysis

    seconds = time.perf_counter() - started
    folder = None
    if keeping.root is not None:
        folder = save_analysis(
            dict(answer.document),
            answer.tables,
            scenarios,
            keeping.root,
            name=name,
            seconds=seconds,
            settings=settings,
            texts=answer.texts,
            table=answer.table,
        )
    show(answer.document, lambda console: answer.show(console, folder), folder, keeping, output_format)


def show(
    document: Mapping[str, Any],
    as_text: Callable[[Console], None],
    folder: Path | None,
    keeping: Keeping,
    output_format: opt.Format,
) -> None:
    """Print what was found, and write the report of its folder if asked for."""
    if output_format is opt.Format.JSON:
        paths = {"path": folder, **keeping.papers(folder)}
        opt.print_json({**document, "run": {name: path and str(path) for name, path in paths.items()}})
        return
    as_text(opt.console())
    for path in keeping.papers(folder).values():
        typer.echo(path)
