"""`igsim verify`: the model checks itself, and is set beside what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="verify", epilog="Example: igsim verify scenarios/base-case.toml --full")(verify)


def verify(
    scenario: Annotated[
        Path | None, typer.Argument(metavar="[SCENARIO]", help="Scenario file (default: the shipped base case).")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Go through the checklists TECH-VER and AdViSHE item by item.")
    ] = False,
    external: Annotated[
        bool, typer.Option("--external", help="Set the shipped scenarios beside published outcomes instead.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="With --full or --external: write a page in Markdown too."),
    ] = None,
    patients: Annotated[
        int | None,
        typer.Option(
            "--patients",
            parser=opt.whole_number,
            metavar="N",
            help="Patients against exact values (default: 40000), or of each draw with --external (500).",
        ),
    ] = None,
    draws: opt.Draws = None,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Check the engines against each other, exact values, extremes and conservation; --full, or --external."""
    alone = "cannot be combined with --external"
    _refuse(
        ("SCENARIO", scenario if external else None, alone),
        ("--set", settings if external else None, alone),
        ("--full", full and external, alone),
        ("--page", None if full or external else page, "needs --full or --external"),
        ("--draws", None if external else draws, "needs --external"),
    )
    if external:
        _external(patients, draws, seed, page, output_format)
    else:
        _internal(scenario, patients, seed, settings, output_format, full=full, page=page)


def _refuse(*options: tuple[str, object, str]) -> None:
    from sim.errors import Problem, UsageError

    problems = [
        Problem(name, "" if value is True else str(value), allowed) for name, value, allowed in options if value
    ]
    if problems:
        raise UsageError("these options cannot be used", problems)


def _internal(
    scenario: Path | None,
    patients: int | None,
    seed: int | None,
    settings: list[str] | None,
    output_format: opt.Format,
    *,
    full: bool,
    page: Path | None,
) -> None:
    from sim.build import compile_model
    from sim.files import write_file
    from sim.report import full_text
    from sim.report.verify_text import print_checks, summary, verify_document
    from sim.scenario import shipped_scenarios
    from sim.verify import checks
    from sim.verify.advishe import questions
    from sim.verify.techver import techver

    loaded = opt.load_scenario(scenario or shipped_scenarios()["base-case"], settings)
    root = loaded.analysis.seed if seed is None else seed
    n_patients = checks.EXACT_PATIENTS if patients is None else patients
    with opt.Bar("checks") as bar:
        found = checks.verify(compile_model(loaded), root, exact_patients=n_patients, progress=bar)
    stages = techver(loaded, root) if full else {}
    stages |= {"A parallel program, exact values, extremes and conservation": found}
    if page is not None:
        write_file(page, full_text.full_page(loaded, stages, questions()), "the page")
    if output_format is opt.Format.JSON:
        opt.print_json(
            full_text.full_document(loaded, stages, questions()) if full else verify_document([(loaded, found)])
        )
    elif full:
        full_text.print_full(opt.console(), loaded, stages, questions())
    else:
        console = opt.console()
        print_checks(console, f"Verification of {loaded.title}", found)
        console.print(summary(found))
    if not all(check.passed for stage in stages.values() for check in stage):
        raise typer.Exit(1)


def _external(
    patients: int | None, draws: int | None, seed: int | None, page: Path | None, output_format: opt.Format
) -> None:
    from sim.files import write_file
    from sim.report.external_text import external_document, external_page, print_external
    from sim.verify.external import DRAWS, PATIENTS, compare

    n_patients, n_draws = PATIENTS if patients is None else patients, DRAWS if draws is None else draws
    with opt.Bar("draws") as bar:
        found = compare(patients=n_patients, draws=n_draws, seed=seed, progress=bar)
    if page is not None:
        write_file(page, external_page(found, patients=n_patients, draws=n_draws), "the page")
    if output_format is opt.Format.JSON:
        opt.print_json(external_document(found, patients=n_patients, draws=n_draws))
    else:
        print_external(opt.console(), found)
