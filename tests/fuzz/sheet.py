"""Edits of a parameter sheet out of bytes: cells of a workbook that is read once and lies in memory.

Excel is out of the way here: a cell gets whatever openpyxl may give for one (numbers that are none, dates, formulas,
texts of any length and script), also where it would not let it be written.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import openpyxl

from sim.errors import ResultsError
from sim.report.workbook import changes
from sim.report.workbook.parameters import ORIGIN, SHEET, export_parameters
from sim.scenario import Scenario, load

MOST_EDITS = 6


class Source(Protocol):
    """Where choices come from: atheris' FuzzedDataProvider, or a test's own."""

    def ConsumeIntInRange(self, low: int, high: int) -> int:  # noqa: N802
        """A whole number."""

    def ConsumeFloat(self) -> float:  # noqa: N802
        """Any float."""

    def ConsumeUnicodeNoSurrogates(self, count: int) -> str:  # noqa: N802
        """A text of at most so many characters."""


KINDS: tuple[Callable[[Source, Any], tuple[Any, str]], ...] = (
    lambda source, own: (source.ConsumeFloat(), "n"),
    lambda source, own: (source.ConsumeIntInRange(-3, 10) / 4, "n"),
    lambda source, own: (source.ConsumeIntInRange(-(2**70), 2**70), "n"),
    lambda source, own: (own * 2.0 ** source.ConsumeIntInRange(-4, 4) if isinstance(own, int | float) else own, "n"),
    lambda source, own: (None, "n"),
    lambda source, own: (bool(source.ConsumeIntInRange(0, 1)), "b"),
    lambda source, own: (source.ConsumeUnicodeNoSurrogates(40), "s"),
    lambda source, own: (str(own or "") + source.ConsumeUnicodeNoSurrogates(6), "s"),
    lambda source, own: (WORDS[source.ConsumeIntInRange(0, len(WORDS) - 1)], "s"),
    lambda source, own: ("=1+1", "f"),
    lambda source, own: (datetime.datetime(2026, 1, 1) + datetime.timedelta(source.ConsumeIntInRange(0, 9)), "d"),
    lambda source, own: ("#DIV/0!", "e"),
)
"""Value and openpyxl's type of a cell, from what stood there."""

WORDS = (
    *("fixed", "normal", "lognormal", "beta", "gamma", "uniform", "triangular", "pert", "dirichlet", "empirical"),
    *("", "per month", "USD", "draws.csv", "../draws.csv", "assumption: a guess", 'a "quoted" \\ source', "a\nb"),
)


class Sheet:
    """The parameter sheet of a scenario, in memory.

    Args:
        scenario: A scenario file.
        home: A folder for the sheet and what is written from it.
    """

    def __init__(self, scenario: Path, home: Path) -> None:
        self._path, self._home = scenario, home
        self._sound = load(scenario)
        self._book = openpyxl.load_workbook(export_parameters(self._sound, home / "sound.xlsx"))

    def read_edited(self, source: Source) -> None:
        """Edit some cells, read the sheet, and write the scenario with the changes if it takes them.

        Raises:
            IgsimError: The sheet is refused, in words.
            AssertionError: It was taken, and the scenario written from it would not say the same.
        """
        before = []
        for _ in range(source.ConsumeIntInRange(1, MOST_EDITS)):
            place = self._place(source)
            value, kind = KINDS[source.ConsumeIntInRange(0, len(KINDS) - 1)](source, place.value)
            before.append((place, place._value, place.data_type))
            place._value, place.data_type = value, kind
        try:
            with _kept(self._book, self._path, self._sound):
                found = changes.read_changes(Path("edited.xlsx"), self._path)
                if found.changes:
                    try:
                        changes.write_scenario(found, self._path, self._home / "written.toml")
                    except ResultsError as error:
                        raise AssertionError(str(error)) from error
        finally:
            for place, value, kind in reversed(before):
                place._value, place.data_type = value, kind

    def _place(self, source: Source) -> Any:
        sheet = self._book[ORIGIN if source.ConsumeIntInRange(0, 30) == 0 else SHEET]
        row = source.ConsumeIntInRange(1 if source.ConsumeIntInRange(0, 20) == 0 else 2, max(sheet.max_row, 2))
        return sheet.cell(row, source.ConsumeIntInRange(1, sheet.max_column))


@contextmanager
def _kept(book: Any, path: Path, sound: Scenario) -> Iterator[None]:
    """Workbook and scenario as they are in memory, in place of their files; a changed scenario is read as ever."""

    def loaded(file: Path, **options: Any) -> Scenario:
        return sound if file == path and not options else load(file, **options)

    with patch.object(changes, "_opened", lambda _: book), patch.object(changes, "load", loaded):
        yield
