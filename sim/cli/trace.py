"""`igsim trace`: one patient under every strategy, side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="trace", epilog="Example: igsim trace scenarios/base-case.toml --patient 17")(trace)


def trace(
    scenario: opt.ScenarioFile,
    patient: Annotated[
        int, typer.Option("--patient", parser=opt.whole_number, metavar="N", help="Patient number, from 0.")
    ] = 0,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    cohort: opt.CohortFile = None,
    columns: opt.CohortColumns = None,
    sheet: opt.CohortSheet = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Follow one patient under every strategy: which infection was averted, and by what."""
    from sim.report.trace_text import print_trace, trace_document
    from sim.tracing import trace as follow

    loaded = opt.load_scenario(scenario, settings)
    people = opt.load_cohort(cohort, columns, sheet, loaded)
    traced = follow(loaded, patient, seed=seed, cohort=people)
    if output_format is opt.Format.JSON:
        opt.print_json(trace_document(loaded, traced))
    else:
        print_trace(opt.console(), loaded, traced)
