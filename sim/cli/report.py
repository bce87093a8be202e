"""`igsim report`: one HTML file of a run folder, that opens offline and prints well, and its workbook."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


class Image(StrEnum):
    """Formats of figures on disk."""

    HTML = "html"
    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="report",
        epilog="Example: igsim report results/base-case/20261124-093000-a3533360 "
        "results/base-case/20261124-094500-a3533360 (a run and its probabilistic analysis)",
    )(report)


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            callback=opt.newest_of_each,
            help="Run folders, the main one first; of a folder of run folders (results/base-case) the newest.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Only this HTML file (default: report.html and workbook.xlsx in the first folder).",
        ),
    ] = None,
    figures: Annotated[
        Image | None,
        typer.Option("--figures", help="Also write every figure of each run into its folder figures/."),
    ] = None,
    verification: Annotated[
        list[Path] | None,
        typer.Option(
            "--verification",
            metavar="FILE",
            help="What igsim verify --format json printed (also with --full or --external). May be repeated.",
        ),
    ] = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Write a report: summary, tables, figures, inputs with sources, methods, checks, CHEERS 2022 checklist."""
    from sim.cli.keeping import papers_of
    from sim.report.document import SCHEMA
    from sim.report.run_figures import write_figures

    written = [*papers_of(runs, output, verification or ()).values()]
    for run in runs if figures is not None else ():
        written += write_figures(run, str(figures))
    if output_format is opt.Format.JSON:
        document = {"schema": SCHEMA, "command": "report", "runs": [str(run) for run in runs]}
        opt.print_json(document | {"report": str(written[0]), "written": [str(path) for path in written]})
        return
    for path in written:
        typer.echo(path)
