"""`igsim run`: the base case of a scenario under all its strategies."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="run", epilog="Example: igsim run scenarios/base-case.toml --set immunoglobulin.price_per_gram=80"
    )(run)


def run(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    patients: opt.Patients = None,
    seed: opt.Seed = None,
    engine: opt.EngineOption = opt.Engine.NUMPY,
    target_mcse: opt.TargetMcse = None,
    settings: opt.Settings = None,
    cohort: opt.CohortFile = None,
    columns: opt.CohortColumns = None,
    sheet: opt.CohortSheet = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    resume: opt.Resume = False,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Play every strategy on the same patients and compare them: costs, QALYs, infections, supply."""
    from sim import runs
    from sim.cli.answers import show
    from sim.cli.keeping import Keeping
    from sim.cli.long_run import long_run
    from sim.report.document import run_document
    from sim.report.run_folder import save_run
    from sim.report.text import print_run

    loaded = opt.load_scenario(scenario, settings)
    people = opt.load_cohort(cohort, columns, sheet, loaded)
    keeping = Keeping.of(out, save, report)
    started, home = time.perf_counter(), keeping.home(scenario.stem)
    with long_run(context, [loaded], home=home, workers=workers, scheduler=scheduler, resume=resume) as runner:
        with opt.Bar("patients") as bar:
            result = runs.run(
                loaded,
                patients=patients,
                seed=seed,
                engine=engine.value,
                runner=runner,
                progress=bar,
                cohort=people,
                target_mcse=target_mcse,
            )
        seconds = time.perf_counter() - started
        folder = None
        if keeping.root is not None:
            folder = save_run(result, keeping.root, name=scenario.stem, seconds=seconds, settings=settings or [])
    show(run_document(result), lambda console: print_run(console, result, folder), folder, keeping, output_format)
