"""`igsim validate`, `igsim schema`, `igsim init`: check, document and begin a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="validate", epilog="Example: igsim validate scenarios/base-case.toml --strict")(validate)
    app.command(name="schema", epilog="Example: igsim schema > igsim-scenario.json")(schema)
    app.command(name="init", epilog="Example: igsim init my-hospital.toml --from base-case")(init)


def validate(
    scenario: opt.ScenarioFile,
    settings: opt.Settings = None,
    strict: opt.Strict = False,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Also list every input with its distribution and source.")
    ] = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Check a scenario file; every problem is named with its place, the value found and what is allowed."""
    from sim.errors import ScenarioError
    from sim.report.document import scenario_part
    from sim.report.scenario_text import faults_document, print_valid, valid_document
    from sim.scenario import warnings

    try:
        loaded = opt.load_scenario(scenario, settings, strict=strict)
    except ScenarioError as error:
        if output_format is opt.Format.JSON:
            opt.print_json(faults_document(str(scenario), error))
            raise typer.Exit(error.exit_status) from error
        raise
    notes = list(warnings(loaded))
    if output_format is opt.Format.JSON:
        opt.print_json(valid_document(loaded, notes, scenario_part(loaded)))
    else:
        print_valid(opt.console(), str(scenario), loaded, notes, with_inputs=inputs)


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check TOML."""
    from sim.scenario import json_schema

    opt.print_json(json_schema())


def init(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="Scenario file to write, or a folder for it.")
    ] = Path("my-scenario.toml"),
    based_on: Annotated[str, typer.Option("--from", help="Shipped scenario to start from.")] = "base-case",
) -> None:
    """Write a first scenario of your own beside a copy of the shipped one that it extends."""
    from sim.scenario import init_files

    for path in init_files(target, based_on):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: igsim run {target if target.suffix == '.toml' else 'the first of these'}")
