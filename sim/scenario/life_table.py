"""Life tables: annual probabilities of death by age and sex, stated in the scenario or read from a file beside it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from sim.errors import Problem, ScenarioError
from sim.scenario.beside import file_beside, refused
from sim.scenario.fields import Multiplier, Number, Table, Text
from sim.scenario.quantity import Fault, faulty, shown

PATH: Final = ("treatment", "life_table")
COLUMNS: Final = ("age", "male", "female")
MAX_BYTES: Final = 1_000_000
OLDEST: Final = 120

NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""What is read as a number; Python itself would also take 1_000 and digits of other scripts."""

Row = tuple[Number, Number, Number]


def _sound(rows: Sequence[Row]) -> Sequence[Row]:
    faults = []
    for place, row in enumerate(rows, start=1):
        for position, (name, number) in enumerate(zip(COLUMNS, row, strict=True), start=1):
            if found := _fault_of(name, number):
                faults.append(Fault((str(place), str(position)), f"{number:g}", found))
    for place, (before, after) in enumerate(pairwise(rows), start=2):
        if not faults and after[0] != before[0] + 1:
            faults.append(Fault((str(place), "1"), f"{after[0]:g}", f"must be the next age, {before[0] + 1:g}"))
    if faults:
        raise faulty(faults)
    return rows


def _fault_of(name: str, number: float) -> str:
    """What is wrong with a number of a row; empty for nothing."""
    if name == "age":
        whole = number == int(number) and 0 <= number <= OLDEST
        return "" if whole else f"must be completed years of life, a whole number from 0 to {OLDEST}"
    if 0 <= number < 1:
        return ""
    more = "; leave out a last row of 1, the last age stands for all later ones" if number == 1 else ""
    return f"must be an annual probability of death, from 0 to less than 1{more}"


class LifeTable(Table):
    """Deaths of the general population by age and sex, added to the death rates of the disease."""

    file: Text | None = Field(
        default=None,
        description="CSV file in the scenario's folder or below, with the columns age, male, female; lines that "
        "begin with # are remarks.",
    )
    annual_probability: Annotated[tuple[Row, ...], Field(min_length=1), AfterValidator(_sound)] = Field(
        description="Rows [age, male, female]: completed years of life, one after the other, and the probabilities "
        "of dying within a year; the last age stands for all later ones. Read from `file` where that is given."
    )
    hazard_multiplier: Multiplier = Field(description="Factor on the death rates of the life table.")
    source: Text = Field(description="Where the table comes from.")

    @property
    def first_age(self) -> int:
        """Completed years of life at the first row."""
        return int(self.annual_probability[0][0])


def with_life_table(tables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Tables of a scenario with the life table that they name read in.

    Args:
        tables: Of a scenario; not changed.
        folder: Of the scenario file.

    Raises:
        ScenarioError: The file cannot be read or is no life table; carries every problem found.
    """
    treatment = tables.get("treatment")
    stated = treatment.get("life_table") if isinstance(treatment, Mapping) else None
    if not isinstance(treatment, Mapping) or not isinstance(stated, Mapping):
        return tables
    if not isinstance(stated.get("file"), str):
        return tables
    place = ".".join((*PATH, "file"))
    if "annual_probability" in stated:
        raise refused(place, stated["file"], "must not stand beside annual_probability: state the table or its file")
    path = file_beside(folder, stated["file"], place, (".csv",))
    rows = _rows(path, stated["file"], place)
    return {**tables, "treatment": {**treatment, "life_table": {**stated, "annual_probability": rows}}}


def _rows(path: Path, name: str, place: str) -> list[list[float]]:
    """Rows of a CSV file in the order of `COLUMNS`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise refused(place, name, f"must have at most {MAX_BYTES:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise refused(place, name, f"cannot be read: {reason}") from error
    try:
        kept = [
            (number, next(csv.reader(io.StringIO(line))))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.startswith("#")
        ]
    except csv.Error as error:
        raise refused(place, name, f"cannot be read: {error}") from error
    header = [cell.strip().casefold() for cell in kept[0][1]] if kept else []
    wanted = f"must begin with the names of the columns: {', '.join(COLUMNS)}"
    if sorted(header) != sorted(COLUMNS):
        raise _none(name, [Problem("the file", ", ".join(header), wanted, name)])
    if len(kept) == 1:
        raise _none(name, [Problem("the file", "no ages", "needs at least one", name)])
    faults = [
        Problem(f"line {number}, column {column}" if column else f"line {number}", found, must, name)
        for number, row in kept[1:]
        for column, found, must in _bad(header, row)
    ]
    if faults:
        raise _none(name, faults)
    rows = [[float(row[header.index(column)]) for column in COLUMNS] for _, row in kept[1:]]
    gaps = [
        Problem(f"line {line}, column age", f"{after[0]:g}", f"must be the next age, {before[0] + 1:g}", name)
        for (line, _), (before, after) in zip(kept[2:], pairwise(rows), strict=True)
        if after[0] != before[0] + 1
    ]
    if gaps:
        raise _none(name, gaps)
    return rows


def _none(name: str, problems: Sequence[Problem]) -> ScenarioError:
    return ScenarioError(f"{name}: no life table", problems)


def _bad(header: Sequence[str], row: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Cells of a line that cannot be used: column, what was found, what is allowed."""
    if len(row) != len(header):
        yield "", f"{len(row)} cells", f"must have {len(header)}: {', '.join(header)}"
        return
    for column, cell in zip(header, row, strict=True):
        number = float(cell) if NUMBER.fullmatch(cell.strip()) else nan
        must = _fault_of(column, number) if isfinite(number) else "must be a number, with a decimal point"
        if must:
            yield column, shown(cell), must
