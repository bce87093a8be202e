"""`igsim verify`: the model checks itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="verify", epilog="Example: igsim verify scenarios/base-case.toml")(verify)


def verify(
    scenario: Annotated[
        Path | None, typer.Argument(metavar="[SCENARIO]", help="Scenario file (default: the shipped base case).")
    ] = None,
    patients: Annotated[
        int, typer.Option("--patients", parser=opt.whole_number, metavar="N", help="Patients against exact values.")
    ] = 40_000,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Check the engines against each other, exact values, extremes and conservation; print what was compared."""
    from sim.build import compile_model
    from sim.report.verify_text import print_checks, summary, verify_document
    from sim.scenario import shipped_scenarios
    from sim.verify import checks

    loaded = opt.load_scenario(scenario or shipped_scenarios()["base-case"], settings)
    root = loaded.analysis.seed if seed is None else seed
    with opt.Bar("checks") as bar:
        found = checks.verify(compile_model(loaded), root, exact_patients=patients, progress=bar)
    if output_format is opt.Format.JSON:
        opt.print_json(verify_document([(loaded, found)]))
    else:
        console = opt.console()
        print_checks(console, loaded.title, found)
        console.print(summary(found))
    if not all(check.passed for check in found):
        raise typer.Exit(1)
