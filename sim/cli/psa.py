"""`igsim psa`: the decision under parameter uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt

DEFAULT_PATIENTS = 2_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="psa", epilog="Example: igsim psa scenarios/base-case.toml --draws 1000 --patients 2000")(psa)


def psa(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    draws: opt.Draws = None,
    patients: opt.Patients = DEFAULT_PATIENTS,
    seed: opt.Seed = None,
    own_luck: Annotated[
        bool,
        typer.Option("--own-luck", help="Give every draw patients' luck of its own (default: the same for all)."),
    ] = False,
    target_mcse: opt.TargetMcse = None,
    settings: opt.Settings = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    resume: opt.Resume = False,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Draw the parameters, play every draw on the same patients: CEAC, CEAF, EVPI, EVPPI, precision, prices."""
    from functools import partial

    from sim.cli.answers import Answer
    from sim.cli.desk import desk
    from sim.cli.keeping import Keeping
    from sim.psa import Settings, play, report_of, until_precise
    from sim.psa import prepare as prepared
    from sim.report.psa_document import psa_document, psa_tables, psa_texts
    from sim.report.psa_text import print_psa

    loaded = opt.load_scenario(scenario, settings)
    chosen = Settings(
        draws=loaded.psa.draws if draws is None else draws,
        patients=loaded.analysis.patients if patients is None else patients,
        seed=loaded.analysis.seed if seed is None else seed,
        shared_luck=not own_luck,
    )
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        with opt.Bar("batches of draws") as bar:
            player = partial(play, runner=at.runner, progress=bar)
            if target_mcse is None:
                result, rounds = player(prepared(loaded, chosen)), tuple[str, ...]()
            else:
                result, rounds = until_precise(loaded, chosen, target_mcse, player)
        with opt.Bar("sets of parameters") as bar:
            found = report_of(result, rounds, runner=at.runner, progress=bar)
        answer = Answer(
            psa_document(found),
            psa_tables(found),
            lambda console, folder: print_psa(console, found, folder),
            psa_texts(found),
        )
        at.hand_over(answer)
