"""`igsim plot`: one figure of a run folder, as a page or an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt
from sim.errors import Problem, UsageError

OVERLAID = "cumulative_incidence"
"""The figure that published points are laid over."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="plot", epilog="Example: igsim plot results/base-case/20261124-093000-a3533360 ce_plane -o p.svg"
    )(plot)


def plot(
    run: opt.RunFolder,
    figure: Annotated[
        str | None, typer.Argument(metavar="FIGURE", help="Which figure; none lists those that the run can give.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help=".html, .png, .svg or .pdf (default: FIGURE.html)."),
    ] = None,
    wtp: Annotated[float | None, typer.Option("--wtp", help="Willingness to pay per QALY.")] = None,
    comparator: Annotated[str | None, typer.Option("--comparator", help="Compare with this strategy.")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Strategy of figures that show one.")] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Component of histogram and ecdf, e.g. qaly.")
    ] = None,
    trial: Annotated[str | None, typer.Option("--trial", help="Trial of trial_estimates and trial_power.")] = None,
    patient: Annotated[
        int | None,
        typer.Option(
            "--patient",
            parser=opt.whole_number,
            metavar="N",
            help="Patient of swimlanes and igg_course (default: one whose strategies part).",
        ),
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(
            "--published",
            metavar="FILE",
            help="CSV of points laid over cumulative_incidence: kind (any, grade_3plus), months, probability; and "
            "low, high, source.",
        ),
    ] = None,
) -> None:
    """Draw a figure of a run folder: a page that opens offline, or an image (drawn by Chromium)."""
    from sim.figures.export import save
    from sim.report.run_figures import run_figures

    if published is not None and figure not in (None, OVERLAID):
        problem = Problem("--published", str(published), f"must go with the figure {OVERLAID}")
        raise UsageError("published points are laid over one figure alone", [problem])
    figures = run_figures(run, patient=patient, published=published)
    if figure is None:
        for name, shows in figures.names.items():
            typer.echo(f"{name:<22}{shows}")
        return
    drawn = figures.draw(figure, wtp=wtp, comparator=comparator, strategy=strategy, outcome=outcome, trial=trial)
    typer.echo(save(drawn, output or Path(f"{figure}.html")))
