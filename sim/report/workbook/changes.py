"""An edited parameter sheet: what was changed, whether it can be meant, and the scenario with the changes."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from sim.cea.grid import MOST_BYTES as MOST_BYTES_UNPACKED
from sim.cea.grid import unpacked_bytes
from sim.errors import Problem, ResultsError, ScenarioError, TableError
from sim.files import written_whole
from sim.report.workbook.parameters import COLUMNS, ORIGIN, SHEET, TEXTS, fields_of
from sim.report.workbook.sheets import cell
from sim.report.workbook.toml_edit import edited
from sim.scenario import Scenario, load, quantities
from sim.scenario.quantity import shown

MOST_BYTES = 20_000_000
DIGITS = 15
"""Digits that Excel keeps; two numbers that agree in them are one."""

PAIRS = {"ci": ("ci low", "ci high"), "range": ("range low", "range high")}

Fields = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Change:
    """One changed cell.

    Attributes:
        cell: Address in the sheet.
        path: The input.
        key: Column.
        before: What the scenario says; empty for nothing.
        after: What the cell says; empty for nothing.
    """

    cell: str
    path: str
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{SHEET}!{self.cell}  {self.path}, {self.key}: {self.before or 'blank'} -> {self.after or 'blank'}"


@dataclass(frozen=True)
class Imported:
    """An edited sheet, checked.

    Attributes:
        changes: Changed cells in the order of the sheet.
        scenario: The scenario with the changes.
        overrides: Changed input to its whole new table.
    """

    changes: tuple[Change, ...]
    scenario: Scenario
    overrides: Mapping[str, Mapping[str, object]]


def read_changes(workbook: Path, path: Path) -> Imported:
    """Compare an edited parameter sheet with the scenario file it was made of.

    Args:
        workbook: File that `export_parameters` wrote, edited.
        path: The scenario file.

    Returns:
        The changes, and the scenario with them.

    Raises:
        TableError: The workbook cannot be read, is of another scenario, or a cell cannot be used; names every cell.
        ScenarioError: The scenario file itself is faulty.
    """
    scenario = load(path)
    rows = _rows(workbook, scenario)
    changes: list[Change] = []
    overrides: dict[str, Mapping[str, object]] = {}
    problems: list[Problem] = []
    places: dict[str, int] = {}
    for name, quantity, _ in quantities(scenario):
        row, found = rows[name]
        places[name] = row
        before = fields_of(quantity)
        fields, faults = _fields(workbook, name, row, found)
        problems += faults
        own = [key for key in before if not _same(before[key], fields[key])]
        changes += [Change(_address(row, key), name, key, _text(before[key]), _text(fields[key])) for key in own]
        if own and not faults:
            overrides[name] = _table(fields)
    if problems:
        raise TableError(f"{workbook}: the parameters cannot be used", problems)
    try:
        changed = load(path, overrides=overrides)
    except ScenarioError as error:
        located = [_located(problem, places, workbook) for problem in error.problems]
        raise TableError(f"{workbook}: the scenario with these parameters cannot be meant", located) from error
    return Imported(tuple(changes), changed, overrides)


def write_scenario(found: Imported, path: Path, output: Path) -> Path:
    """Write the scenario file with the changes; comments, order and what was not changed stay as they are.

    Args:
        found: What `read_changes` returned.
        path: The scenario file it was compared with.
        output: File to write; a scenario that extends another must stay in its folder.

    Returns:
        The file.

    Raises:
        ScenarioError: In that place the file cannot be read, e.g. because what it extends is not beside it.
        ResultsError: It cannot be written, or would not mean what the sheet says; nothing is left then.
    """
    text = edited(path, found.overrides)
    with written_whole(output, "the scenario") as partial:
        partial.write_text(text, encoding="utf-8")
        if load(partial).digest != found.scenario.digest:
            message = f"{output}: not written, for it would not say the same as the sheet (a fault of igsim)"
            raise ResultsError(message)
    return output


def _rows(workbook: Path, scenario: Scenario) -> dict[str, tuple[int, Mapping[str, Any]]]:
    """Input to its row number and cells; every input once, of this scenario."""
    book = _opened(workbook)
    message = f"{workbook}: the parameters cannot be used"
    if SHEET not in book.sheetnames or not isinstance(book[SHEET], Worksheet):
        raise TableError(message, [Problem("sheets", ", ".join(book.sheetnames), f"one named {SHEET}")])
    lines = list(book[SHEET].iter_rows())
    heads = [str(head.value or "") for head in lines[0]] if lines else []
    if twice := [name for name in COLUMNS if heads.count(name) > 1]:
        raise TableError(message, [Problem(f"{SHEET}!1:1", "more than one " + ", ".join(twice), "each name once")])
    missing = [name for name in COLUMNS if name not in heads]
    if missing:
        raise TableError(message, [Problem(f"{SHEET}!1:1", "no " + ", ".join(missing), "a column of each name")])
    rows: dict[str, tuple[int, Mapping[str, Any]]] = {}
    problems = []
    known = {path for path, _, _ in quantities(scenario)}
    for number, line in enumerate(lines[1:], start=2):
        cells = {name: line[heads.index(name)] for name in COLUMNS}
        path = str(cells["input"].value or "").strip()
        if not path and all(each.value is None for each in line):
            continue
        if path not in known:
            problems.append(Problem(f"{SHEET}!A{number}", path or "nothing", "must be an input of the scenario"))
        elif path in rows:
            problems.append(Problem(f"{SHEET}!A{number}", path, f"is there already, in row {rows[path][0]}"))
        else:
            rows[path] = (number, cells)
    problems += [
        Problem(f"{SHEET}!A:A", f"no row of {path}", "every input once") for path in sorted(known - rows.keys())
    ]
    made_of = _origin(book)
    if made_of and made_of != scenario.digest:
        allowed = (
            f"must be {scenario.digest[:16]}: the sheet was made of another state of the scenario; export it anew"
        )
        problems.insert(0, Problem(f"{ORIGIN}!B3", made_of[:16], allowed))
    if problems:
        raise TableError(message, problems)
    return rows


def _opened(workbook: Path) -> Any:
    try:
        too_large = workbook.stat().st_size > MOST_BYTES
        content = io.BytesIO(b"" if too_large else workbook.read_bytes())
        too_large = too_large or unpacked_bytes(content) > MOST_BYTES_UNPACKED
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="openpyxl")  # on styles, footers and drop-down lists
            book = None if too_large else openpyxl.load_workbook(content)
    except Exception as error:  # a broken workbook provokes whatever its broken part provokes
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise _unreadable(workbook, reason, "must be an Excel workbook (.xlsx)") from error
    if book is None:
        allowed = f"must have at most {MOST_BYTES:,} bytes, {MOST_BYTES_UNPACKED:,} once unpacked"
        raise _unreadable(workbook, "a larger one", allowed)
    return book


def _unreadable(workbook: Path, found: str, allowed: str) -> TableError:
    return TableError("the workbook cannot be read", [Problem(str(workbook), found, allowed)])


def _origin(book: Any) -> str:
    """Digest of the scenario that the sheet was made of; empty where the sheet Origin was taken out."""
    if ORIGIN not in book.sheetnames or not isinstance(book[ORIGIN], Worksheet):
        return ""
    lines = book[ORIGIN].iter_rows(min_col=1, max_col=2)
    return next((str(value.value or "") for name, value in lines if name.value == "digest"), "")


def _fields(workbook: Path, path: str, row: int, cells: Mapping[str, Any]) -> tuple[Fields, list[Problem]]:
    """The cells of a row as numbers and texts, and what is wrong with them."""
    fields: dict[str, float | str | None] = {}
    problems = []
    for key in COLUMNS[1:]:
        value = cells[key].value
        place = f"{SHEET}!{_address(row, key)} ({path})"
        fields[key] = None
        if cells[key].data_type == "f":
            problems.append(Problem(place, str(value), "must be a value, not a formula", str(workbook)))
        elif key in TEXTS:
            fields[key] = str(value) if value is not None else ("" if key in ("unit", "source") else None)
        elif value is None or (isinstance(value, str) and not value.strip()):
            continue
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            problems.append(Problem(place, shown(value), "must be a number", str(workbook)))
        else:
            fields[key] = float(value) + 0.0  # no negative zero, which a scenario would not keep
    fields["dist"] = fields["dist"] or "fixed"
    for low, high in PAIRS.values():
        if (fields[low] is None) != (fields[high] is None):
            empty = low if fields[low] is None else high
            place = f"{SHEET}!{_address(row, empty)} ({path})"
            problems.append(Problem(place, "nothing", "must be filled where the other end is", str(workbook)))
    if fields["value"] is None and not problems:
        problems.append(
            Problem(f"{SHEET}!{_address(row, 'value')} ({path})", "nothing", "must be a number", str(workbook))
        )
    return fields, problems


def _table(fields: Fields) -> dict[str, object]:
    """The row as the table of a quantity."""
    table: dict[str, object] = {"value": fields["value"]}
    table |= {
        key: fields[key]
        for key in ("unit", "dist", "se", "count", "draws", "source")
        if fields[key] not in (None, "")
    }
    table |= {key: [fields[low], fields[high]] for key, (low, high) in PAIRS.items() if fields[low] is not None}
    return table


def _same(before: object, after: object) -> bool:
    if isinstance(before, int | float) and isinstance(after, int | float):
        return f"{before:.{DIGITS}g}" == f"{after:.{DIGITS}g}"
    return (before or None) == (after or None)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{DIGITS}g}" if isinstance(value, int | float) else str(value)


def _address(row: int, key: str) -> str:
    return cell(row - 1, COLUMNS.index(key))


def _located(problem: Problem, places: Mapping[str, int], workbook: Path) -> Problem:
    """The problem with the cell it is about in place of the path, where there is one."""
    owners: Sequence[str] = [path for path in places if problem.place == path or problem.place.startswith(f"{path}.")]
    if not owners:
        return problem
    path = max(owners, key=len)
    key = problem.place.removeprefix(path).strip(".").split(".")[0]
    column = PAIRS[key][0] if key in PAIRS else (key if key in COLUMNS else "value")
    return Problem(
        f"{SHEET}!{_address(places[path], column)} ({path})", problem.found, problem.allowed, str(workbook)
    )
