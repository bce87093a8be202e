"""`igsim calibrate`: fit a scenario to published data."""

from __future__ import annotations

from pathlib import Path

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="calibrate", epilog="Example: igsim calibrate scenarios/calibration.toml")(calibrate)


def calibrate(
    context: typer.Context,
    scenario: opt.ScenarioFile,
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
    """Fit the free quantities of a scenario to its [calibration] targets: posterior, fit, what cannot be known."""
    from sim.calibrate import calibrate as fit
    from sim.cli.answers import Answer
    from sim.cli.desk import desk
    from sim.cli.keeping import Keeping
    from sim.report.calibrate_text import calibrate_document, calibrate_tables, print_calibration

    loaded = opt.load_scenario(scenario, settings)
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        with opt.Bar("rounds of sampling") as bar:
            result = fit(loaded, seed, bar, at.runner)
        answer = Answer(
            calibrate_document(result),
            calibrate_tables(result),
            lambda console, folder: print_calibration(console, result, folder),
            {"entries.toml": result.as_entries("posterior.csv")},
        )
        at.hand_over(answer)
    if not result.has_converged:
        raise typer.Exit(1)
