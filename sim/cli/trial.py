"""`igsim trial`: trials and cohort studies of a scenario's patients, played many times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="trial", epilog="Example: igsim trial scenarios/trials.toml --trial planned --size 150,300")(
        trial
    )


def trial(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    chosen: Annotated[
        list[str] | None, typer.Option("--trial", metavar="NAME", help="Play this trial; repeatable (default: all).")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="N,N", help="Patients, in place of the sizes of the scenario.")
    ] = None,
    replications: Annotated[
        int,
        typer.Option("--replications", parser=opt.whole_number, metavar="N", help="How often each study is played."),
    ] = 200,
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
    """Play the trials of a scenario: sampling distributions, power, bias of naive analyses, published estimates."""
    from sim.cli.answers import Answer
    from sim.cli.desk import desk
    from sim.cli.keeping import Keeping
    from sim.report.trial_text import print_trials, trial_document, trial_tables
    from sim.trial import run_trials

    loaded = opt.load_scenario(scenario, settings)
    sizes = None if size is None else _sizes(size)
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        with opt.Bar("batches of studies") as bar:
            result = run_trials(
                loaded, chosen, sizes=sizes, replications=replications, seed=seed, runner=at.runner, progress=bar
            )
        answer = Answer(
            trial_document(result),
            trial_tables(result),
            lambda console, folder: print_trials(console, result, folder),
        )
        at.hand_over(answer)


def _sizes(text: str) -> list[int]:
    from sim.errors import Problem, UsageError

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UsageError("these trials cannot be played", [Problem("--size", text, "must be whole numbers, N,N,...")])
    return [int(part) for part in parts]
