"""`igsim cea`: the decision analysis of anyone's PSA table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="cea", epilog="Example: igsim cea psa.csv --wtp 20000 --wtp 30000")(cea)


def cea(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, Parquet or Excel.", show_default=False)],
    wtp: Annotated[
        list[str] | None,
        typer.Option("--wtp", help="Willingness to pay per QALY: a number, or START:STOP:N. May be repeated."),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="Use only these rows of the table.")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.")] = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Analyse a table of costs and QALYs (strategy, iteration, cost, qaly; or wide): ICERs, CEAC, CEAF, EVPI."""
    from sim.cea import analyse, read_psa_table
    from sim.report.cea_text import cea_document, parse_where, parse_wtp, print_cea

    thresholds = parse_wtp(wtp or [])
    read = read_psa_table(table, where=parse_where(where or []), sheet=sheet)
    analysis = analyse(read, thresholds)
    if output_format is opt.Format.JSON:
        opt.print_json(cea_document(str(table), read, analysis))
    else:
        print_cea(opt.console(), str(table), read, analysis)
