"""`igsim capacity`: an infusion programme with chairs, supply and calendar arrivals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="capacity",
        epilog="Example: igsim capacity scenarios/programme-shortage.toml --replications 20 "
        "--set programme.chairs.count=3",
    )(capacity)


def capacity(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    replications: Annotated[
        int,
        typer.Option(
            "--replications", parser=opt.whole_number, metavar="N", help="How often the programme is played."
        ),
    ] = 100,
    sizes: Annotated[
        bool,
        typer.Option("--sizes", help="Also search for the fewest chairs and the smallest quota that suffice."),
    ] = False,
    size_replications: Annotated[
        int,
        typer.Option("--size-replications", parser=opt.whole_number, metavar="N", help="Replications of each size."),
    ] = 20,
    arrivals: Annotated[
        Path | None,
        typer.Option("--arrivals", metavar="FILE", help="Patients start on the dates of this table, column `start`."),
    ] = None,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    resume: opt.Resume = False,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Play a programme in which patients compete for chairs and immunoglobulin: waiting, shortage, harm, budget."""
    from sim.capacity import read_starts, run_capacity
    from sim.cli.answers import Answer
    from sim.cli.desk import desk
    from sim.cli.keeping import Keeping
    from sim.report.capacity_document import capacity_document
    from sim.report.capacity_text import print_capacity

    loaded = opt.load_scenario(scenario, settings)
    starts = read_starts(arrivals, loaded) if arrivals else None
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        with opt.Bar("replications") as bar:
            result = run_capacity(
                loaded,
                replications=replications,
                seed=seed,
                starts=starts,
                find_sizes=sizes,
                size_replications=size_replications,
                runner=at.runner,
                progress=bar,
            )
        answer = Answer(
            capacity_document(result),
            result.tables(),
            lambda console, folder: print_capacity(console, result, folder),
        )
        at.hand_over(answer)
