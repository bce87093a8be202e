"""`igsim report`: one HTML file of a run folder, that opens offline and prints well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


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
            help="Run folders of run, psa, dsa, sweep, compare or cea, the main one first.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="HTML file (default: report.html in the first folder)."),
    ] = None,
    verification: Annotated[
        Path | None,
        typer.Option(
            "--verification", metavar="FILE", help="What igsim verify --format json printed, to be included."
        ),
    ] = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Write a report: summary, tables, figures, inputs with sources, methods, checks, CHEERS 2022 checklist."""
    from sim.report.document import SCHEMA
    from sim.report.page.write import write_report

    written = write_report(runs, output or runs[0] / "report.html", verification=verification)
    if output_format is opt.Format.JSON:
        opt.print_json(
            {"schema": SCHEMA, "command": "report", "runs": [str(run) for run in runs], "report": str(written)}
        )
    else:
        typer.echo(written)
