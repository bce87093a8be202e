"""`igsim cea`: the decision analysis of anyone's PSA table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt
from sim.errors import Problem, UsageError

DEFAULT_WTP = (20_000.0, 30_000.0, 50_000.0, 100_000.0, 150_000.0)
MOST_WTP = 100_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="cea", epilog="Example: igsim cea psa.csv --wtp 20000 --wtp 30000")(cea)


def cea(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, Parquet or Excel.", show_default=False)],
    wtp: Annotated[
        list[str] | None,
        typer.Option("--wtp", help="Willingness to pay per QALY: a number, or START:STOP:N. May be repeated."),
    ] = None,
    effects: Annotated[
        Path | None, typer.Option("--effects", metavar="FILE", help="Effects of a table that holds costs alone.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="Use only these rows of the table.")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.")] = None,
    subgroups: Annotated[
        str | None, typer.Option("--subgroups", metavar="COLUMN", help="Column that names subgroups; needs --weight.")
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="SUBGROUP=SHARE", help="Weight of a subgroup. Once for each."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for a run folder (default: none is written).")
    ] = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Analyse a table of costs and QALYs (strategy, iteration, cost, qaly; or wide): ICERs, CEAC, CEAF, EVPI."""
    from sim.cea import analyse, read_outside_psa, read_psa_table
    from sim.report.cea_folder import save_cea
    from sim.report.cea_text import cea_document, print_cea

    thresholds = parse_wtp(wtp or [])
    if effects is not None:
        given = {"--where": where, "--sheet": sheet, "--subgroups": subgroups, "--weight": weight}
        problems = [Problem(name, "", "cannot be had with --effects") for name, value in given.items() if value]
        if problems:
            raise UsageError("costs and effects of two files are read whole", problems)
    if subgroups is not None or weight:
        if out is not None:
            problem = Problem("--out", str(out), "cannot be had with --subgroups: their tables are printed only")
            raise UsageError("no run folder of subgroups can be written", [problem])
        by_subgroup(table, thresholds, subgroups, weight or [], parse_where(where or []), sheet, output_format)
        return
    if effects is not None:
        read = read_outside_psa(table, effects=effects).table
    else:
        read = read_psa_table(table, where=parse_where(where or []), sheet=sheet)
    analysis = analyse(read, thresholds)
    if out is not None:
        folder = save_cea(table, read, analysis, out)
        typer.echo(f"Run folder: {folder}", err=True)
    if output_format is opt.Format.JSON:
        opt.print_json(cea_document(str(table), read, analysis))
    else:
        print_cea(opt.console(), str(table), read, analysis)


def by_subgroup(
    table: Path,
    wtp: list[float],
    column: str | None,
    weights: Sequence[str],
    where: dict[str, str],
    sheet: str | None,
    output_format: opt.Format,
) -> None:
    """The decision by subgroup, in place of the decision for all."""
    from sim.cea import individualised_care, read_subgroups
    from sim.report.cea_text import print_subgroups, subgroups_document

    if column is None:
        raise UsageError(
            "weights need subgroups", [Problem("--weight", ", ".join(weights), "needs --subgroups COLUMN")]
        )
    tables = read_subgroups(table, column, where=where, sheet=sheet)
    found = individualised_care(tables, parse_weights(weights), wtp)
    if output_format is opt.Format.JSON:
        opt.print_json(subgroups_document(str(table), column, found))
    else:
        print_subgroups(opt.console(), str(table), found)


def parse_weights(texts: Sequence[str]) -> dict[str, float]:
    """Weights from `--weight SUBGROUP=SHARE` options."""
    problems, weights = [], {}
    for text in texts:
        name, _, share = text.rpartition("=")
        try:
            weights[name] = float(share)
        except ValueError:
            name = ""
        if not name:
            problems.append(Problem("--weight", text, "must be SUBGROUP=SHARE, the share a number"))
    if problems:
        raise UsageError("a weight cannot be read", problems)
    return weights


def parse_wtp(texts: Sequence[str]) -> list[float]:
    """Thresholds from `--wtp` options: numbers and START:STOP:N grids; none given means `DEFAULT_WTP`.

    Args:
        texts: As typed.

    Returns:
        Thresholds in the order given, without repeats.

    Raises:
        UsageError: Naming each option that is neither.
    """
    problems = []
    thresholds: list[float] = []
    for text in texts:
        try:
            thresholds += _grid(text)
        except ValueError:
            problems.append(Problem("--wtp", text, "must be a number from 0, or START:STOP:N with N from 2"))
    if problems:
        raise UsageError("willingness to pay cannot be read", problems)
    return list(dict.fromkeys(thresholds)) or list(DEFAULT_WTP)


def _grid(text: str) -> list[float]:
    parts = text.split(":")
    if len(parts) == 1:
        values = [float(text)]
    else:
        start, stop, n = float(parts[0]), float(parts[1]), int(parts[2])
        if len(parts) != 3 or not 2 <= n <= MOST_WTP:
            raise ValueError(text)
        values = [start + (stop - start) * k / (n - 1) for k in range(n)]
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError(text)
    return values


def parse_where(texts: Sequence[str]) -> dict[str, str]:
    """Row filters from `--where COLUMN=VALUE` options."""
    wrong = [text for text in texts if not text.partition("=")[0] or "=" not in text]
    if wrong:
        problems = [Problem("--where", text, "must be COLUMN=VALUE") for text in wrong]
        raise UsageError("a row filter cannot be read", problems)
    return {text.partition("=")[0]: text.partition("=")[2] for text in texts}
