"""`igsim excel`: a scenario's parameters to a sheet and back, and the workbook of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Parameters to an Excel sheet and back; a run as a workbook.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    group.command(name="export", epilog="Example: igsim excel export scenarios/base-case.toml -o parameters.xlsx")(
        export
    )
    group.command(
        name="import",
        epilog="Example: igsim excel import parameters.xlsx scenarios/base-case.toml -o mine.toml --diff",
    )(import_)
    group.command(name="run", epilog="Example: igsim excel run results/base-case/20261124-093000-a3533360")(run)
    app.add_typer(group, name="excel")


def export(
    scenario: opt.ScenarioFile,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Workbook (default: the scenario's name with .xlsx)."),
    ] = None,
) -> None:
    """Write every input of a scenario into a sheet that can be edited and read back."""
    from sim.report.workbook.parameters import export_parameters

    loaded = opt.load_scenario(scenario, None)
    typer.echo(export_parameters(loaded, xlsx(output or Path(scenario.with_suffix(".xlsx").name))))


def import_(
    workbook: Annotated[Path, typer.Argument(metavar="WORKBOOK", help="Edited workbook.", show_default=False)],
    scenario: opt.ScenarioFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Scenario file to write, with the changes.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print every changed cell.")] = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Read an edited sheet back: check it, say what was changed, write the scenario, comments and order kept."""
    from dataclasses import asdict

    from sim.errors import Problem, UsageError
    from sim.report.document import SCHEMA
    from sim.report.workbook.changes import read_changes, write_scenario

    if output is None and not diff:
        problem = Problem("options", "neither -o nor --diff", "say -o FILE to write the scenario, or --diff to look")
        raise UsageError("nothing to do", [problem])
    found = read_changes(workbook, scenario)
    written = write_scenario(found, scenario, output) if output is not None else None
    if output_format is opt.Format.JSON:
        changes = [asdict(change) for change in found.changes]
        document = {"schema": SCHEMA, "command": "excel import", "changes": changes}
        opt.print_json(document | {"digest": found.scenario.digest, "scenario": str(written) if written else None})
        return
    if diff:
        for change in found.changes:
            typer.echo(str(change))
    count = f"{len(found.changes)} changed cell{'' if len(found.changes) == 1 else 's'}"
    typer.echo(f"{count}; {written} written" if written else f"{count}; nothing written")


def run(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", callback=opt.newest_of_each, help="Run folders, the main one first."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Workbook (default: workbook.xlsx in the first folder)."),
    ] = None,
) -> None:
    """Write the workbook of a run: summary, results, parameters, draws, curves, manifest."""
    from sim.report.workbook.run_workbook import write_run_workbook

    typer.echo(write_run_workbook(runs, xlsx(output or runs[0] / "workbook.xlsx")))


def xlsx(path: Path) -> Path:
    """The same path, if it is that of a workbook."""
    from sim.errors import Problem, UsageError

    if path.suffix.lower() != ".xlsx":
        raise UsageError("the workbook cannot be written", [Problem("-o", str(path), "must end in .xlsx")])
    return path
