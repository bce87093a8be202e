"""A scenario's parameters as a sheet: one row an input, one column a key of its table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import xlsxwriter

from sim.report.workbook.sheets import Styles, cell, workbook_at, write_cell
from sim.scenario import Quantity, Scenario, quantities

SHEET: Final = "Parameters"
ORIGIN: Final = "Origin"
COLUMNS: Final = (
    "input",
    "value",
    "unit",
    "dist",
    "ci low",
    "ci high",
    "se",
    "range low",
    "range high",
    "count",
    "draws",
    "source",
)
TEXTS: Final = frozenset({"input", "unit", "dist", "draws", "source"})
DISTRIBUTIONS: Final = (
    "fixed",
    "normal",
    "lognormal",
    "beta",
    "gamma",
    "uniform",
    "triangular",
    "pert",
    "dirichlet",
    "empirical",
)
SHADES: Final = {"assumption": "#FFF6E0", "no source": "#FFF6E0", "recalled": "#F1F0F7"}
WIDTHS: Final = {"input": 58.0, "unit": 20.0, "dist": 12.0, "draws": 16.0, "source": 90.0}
READ_ME: Final = (
    "Edit the sheet Parameters: values, distributions, intervals, sources. Leave the column input as it is.",
    "ci is the 95 % interval; range is the support of uniform, triangular and pert, or else bounds of "
    "sensitivity analysis.",
    "A source that begins with assumption: marks an assumption (shaded, as is a row without a source), one with "
    "recalled: what was not checked.",
    "Cells hold values, no formulas. The unit must stay the one that the scenario asks for.",
    "Then: igsim excel import THIS.xlsx SCENARIO.toml --diff, and with -o NEW.toml the scenario with the "
    "changes, its comments "
    "and order kept.",
)


def fields_of(quantity: Quantity) -> dict[str, float | str | None]:
    """A quantity as the cells of its row, without the input's path."""
    ci, bounds = quantity.ci or (None, None), quantity.range or (None, None)
    return {
        "value": quantity.value,
        "unit": quantity.unit,
        "dist": quantity.dist,
        "ci low": ci[0],
        "ci high": ci[1],
        "se": quantity.se,
        "range low": bounds[0],
        "range high": bounds[1],
        "count": quantity.count,
        "draws": quantity.draws,
        "source": quantity.source,
    }


def parameter_frame(scenario: Scenario) -> pd.DataFrame:
    """Every input of a scenario, a row each; columns are `COLUMNS`."""
    rows = [{"input": path, **fields_of(quantity)} for path, quantity, _ in quantities(scenario)]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def export_parameters(scenario: Scenario, output: Path) -> Path:
    """Write the parameter sheet of a scenario, to be edited and read back.

    Args:
        scenario: A validated scenario.
        output: File, .xlsx.

    Returns:
        The file.

    Raises:
        ResultsError: It cannot be written.
    """
    with workbook_at(output) as book:
        _write(book, scenario)
    return output


def origin(scenario: Scenario) -> Mapping[str, str]:
    """What a sheet was made of."""
    return {
        "title": scenario.title,
        "file": Path(scenario.files[0]).name if scenario.files else "",
        "digest": scenario.digest,
    }


def _write(book: xlsxwriter.Workbook, scenario: Scenario) -> None:
    styles = Styles(book)
    table, standings = parameter_frame(scenario), [quantity.standing for _, quantity, _ in quantities(scenario)]
    sheet = book.add_worksheet(SHEET)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, styles.head)
        sheet.set_column(column, column, WIDTHS.get(name, 12.0))
    for row, (record, standing) in enumerate(zip(table.to_dict(orient="records"), standings, strict=True), start=1):
        style: dict[str, object] = {"valign": "top"}
        if standing in SHADES:
            style["bg_color"] = SHADES[standing]
        for column, name in enumerate(COLUMNS):
            own = style | ({"text_wrap": True} if name == "source" else {})
            own |= {} if name in TEXTS else {"num_format": "General"}
            write_cell(sheet, styles, row, column, record[name] if record[name] != "" else None, name, **own)
    last = len(table)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    place = COLUMNS.index("dist")
    sheet.data_validation(1, place, last, place, {"validate": "list", "source": list(DISTRIBUTIONS)})
    book.define_name("parameters", f"={SHEET}!{cell(0, 0, fixed=True)}:{cell(last, len(COLUMNS) - 1, fixed=True)}")
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    about = book.add_worksheet("Read me")
    about.set_column(0, 0, 120)
    for row, line in enumerate(READ_ME):
        about.write_string(row, 0, line)
    made = book.add_worksheet(ORIGIN)
    made.set_column(0, 0, 12)
    made.set_column(1, 1, 80)
    for row, (name, value) in enumerate(origin(scenario).items()):
        made.write_string(row, 0, name, styles.of(bold=True))
        made.write_string(row, 1, value, styles.text(value))
