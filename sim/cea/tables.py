"""Reading anyone's table of costs and QALYs.

Long tables have one row for each strategy and iteration, and these columns, in any order and case:

    strategy    strategy, intervention or arm
    iteration   iteration, sample, sim or draw; left out, a table with one row a strategy holds means
    cost        cost or costs
    qaly        qaly, qalys, effect or effects

Wide tables have one row an iteration: cost_<strategy> beside qaly_<strategy> or effect_<strategy>, and
perhaps an iteration column. Names that other programs give these columns are understood too (`sim.cea.names`).
Other columns are left alone, unless they show that rows of several subgroups
are mixed. All faults are reported at once, each with its row as a spreadsheet numbers it; none is repaired.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea.cells import BadCell, as_text, number_cells, text_cells
from sim.cea.grid import Grid, read_grid
from sim.cea.names import canonical
from sim.cea.panel import PsaTable
from sim.errors import Problem, TableError

SYNONYMS: dict[str, tuple[str, ...]] = {
    "strategy": ("strategy", "intervention", "arm"),
    "iteration": ("iteration", "sample", "sim", "draw"),
    "cost": ("cost", "costs"),
    "qaly": ("qaly", "qalys", "effect", "effects"),
}
_WIDE = re.compile(r"(cost|qaly|effect)_(.+)", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
_SHAPES = (
    "a long table (strategy, iteration, cost, qaly) or a wide one "
    "(cost_NAME and qaly_NAME or effect_NAME for each strategy)"
)
_SHOWN = 10
"""Faults of one kind listed one by one; the rest are counted."""


def read_psa_table(
    path: str | PathLike[str], *, where: Mapping[str, str] | None = None, sheet: str | None = None
) -> PsaTable:
    """Read costs and QALYs by strategy and iteration from a CSV, Parquet or Excel file.

    Args:
        path: A .csv, .csv.gz, .parquet or .xlsx file, long or wide.
        where: Column to value: only rows that agree with all of them are read.
        sheet: Sheet of a workbook; needed only where there are several.

    Returns:
        The table; strategies and iterations in the order they first appear. Without an iteration column
        a long table is one iteration and the rows of a wide one are numbered from 1.

    Raises:
        TableError: The file or the table cannot be used; names every fault with its place.
    """
    return read_grid_of_psa(read_grid(Path(path), sheet), str(path), where)[0]


def read_grid_of_psa(grid: Grid, file: str, where: Mapping[str, str] | None = None) -> tuple[PsaTable, set[int]]:
    """The same from a grid already read.

    Args:
        grid: Header and cells.
        file: Its name, for messages.
        where: As for `read_psa_table`.

    Returns:
        The table, and the positions of the columns it was made of or filtered by.

    Raises:
        TableError: As `read_psa_table`.
    """
    reader = _Reader(Grid(canonical(grid.header, SYNONYMS), grid.cells), file)
    return reader.read(where or {}), reader.spoken_for


@dataclass
class _Reader:
    """One reading of one grid: faults gather here until nothing more can be found."""

    grid: Grid
    file: str
    problems: list[Problem] = field(default_factory=list)
    bad_cells: list[BadCell] = field(default_factory=list)
    spoken_for: set[int] = field(default_factory=set)

    def read(self, where: Mapping[str, str]) -> PsaTable:
        self._refuse_repeated_names()
        self._filter(where)
        names = [_WIDE.fullmatch(name) for name in self.grid.header]
        is_long = self._column("strategy") is not None or not any(names)
        table = self._long() if is_long else self._wide()
        self._raise_if_any()
        return table()

    def _fault(self, place: str, found: str, allowed: str) -> None:
        self.problems.append(Problem(place, found, allowed, self.file))

    def _raise_if_any(self) -> None:
        worst = sorted(self.bad_cells)
        for cell in worst[:_SHOWN]:
            self._fault(f"row {cell.row}, column {cell.column}", cell.found, cell.allowed)
        if len(worst) > _SHOWN:
            self._fault("other cells", f"{len(worst) - _SHOWN} more like these", "as above")
        if self.problems:
            msg = "the table cannot be used"
            raise TableError(msg, self.problems)

    # Header and rows

    def _refuse_repeated_names(self) -> None:
        header = self.grid.header
        for name in dict.fromkeys(header):
            positions = [str(i) for i, other in enumerate(header, start=1) if other == name]
            if name and len(positions) > 1:
                place = f"row 1, columns {', '.join(positions)}"
                self._fault(place, f"{len(positions)} columns named {name}", "each name once")

    def _column(self, role: str) -> int | None:
        """Position of the first column that plays a role, by any of its names."""
        matches = (i for i, name in enumerate(self.grid.header) if name.casefold() in SYNONYMS[role])
        return next(matches, None)

    def _require(self, role: str) -> int | None:
        """Position of the only column that plays a role; a fault where none or several do."""
        synonyms = SYNONYMS[role]
        matches = [i for i, name in enumerate(self.grid.header) if name.casefold() in synonyms]
        self.spoken_for.update(matches)
        names = list(dict.fromkeys(self.grid.header[i] for i in matches))
        if len(names) > 1:
            self._fault("row 1", f"columns {', '.join(names)}", f"one column for {role}, not {len(names)}")
        elif not names and role != "iteration":
            found = f"columns {', '.join(name or '(blank)' for name in self.grid.header)}"
            allowed = f"a column {synonyms[0]} (or {', '.join(synonyms[1:])}); {_SHAPES}"
            self._fault("row 1", found, allowed)
        return matches[0] if matches else None

    def _filter(self, where: Mapping[str, str]) -> None:
        """Keep the rows asked for; nothing can be said of the rows if that fails, so it raises."""
        cells, header, failed = self.grid.cells, self.grid.header, False
        for name, value in where.items():
            matches = [i for i, other in enumerate(header) if other == name]
            matches = matches or [i for i, other in enumerate(header) if other.casefold() == name.casefold()]
            if not matches:
                self._fault(f"where {name}", name, f"one of the columns {', '.join(filter(None, header))}")
                failed = True
                continue
            self.spoken_for.add(matches[0])
            texts = pd.Series(self._plain(matches[0]), self.grid.rows)
            if not (texts == value.strip()).any():
                self._fault(f"where {name}", value, f"one of {_listed(list(dict.fromkeys(texts)))}")
                failed = True
            cells = cells[texts.loc[cells.index] == value.strip()]
        if not failed and cells.empty:
            self._fault("where", "no row that agrees with all conditions", "at least one row")
            failed = True
        if failed:
            self._raise_if_any()
        self.grid = Grid(header, cells)

    # Columns

    def _texts(self, position: int) -> list[str]:
        texts, bad = text_cells(self.grid.column(position), self.grid.rows, self.grid.header[position])
        self.bad_cells += bad
        return texts

    def _numbers(self, position: int) -> NDArray[np.float64]:
        numbers, bad = number_cells(self.grid.column(position), self.grid.rows, self.grid.header[position])
        self.bad_cells += bad
        return numbers

    def _long(self) -> Callable[[], PsaTable]:
        strategy, iteration, cost, qaly = (self._require(role) for role in SYNONYMS)
        costs, qalys = (None if position is None else self._numbers(position) for position in (cost, qaly))
        strategies = None if strategy is None else self._texts(strategy)
        iterations = ["1"] * len(self.grid.rows) if iteration is None else self._texts(iteration)
        if strategies is not None:
            self._refuse_one_strategy(strategies)
            if iteration is None:
                self._refuse_repeats([f"strategy {name}" if name else None for name in strategies], "strategy")
            else:
                pairs = zip(strategies, iterations, strict=True)
                keys = [f"strategy {name}, iteration {label}" if name and label else None for name, label in pairs]
                self._refuse_repeats(keys, "strategy and iteration")
                self._refuse_unbalanced(strategies, iterations)

        def table() -> PsaTable:
            # Reached only without faults, so every column is there and every key once.
            row, labels = pd.factorize(np.array(iterations, dtype=object))
            column, names = pd.factorize(np.array(strategies, dtype=object))
            matrices = np.empty((2, len(labels), len(names)))
            matrices[0, row, column], matrices[1, row, column] = costs, qalys
            return PsaTable(tuple(names), _labels(list(labels)), matrices[0], matrices[1])

        return table

    def _wide(self) -> Callable[[], PsaTable]:
        iteration = self._require("iteration")
        if self._column("cost") is not None and self._column("qaly") is not None:
            # Two columns of one name are often kept as cost and cost.1: the first strategy must not be lost.
            found = "columns of costs and of QALYs without the name of a strategy, beside those with one"
            self._fault("row 1", found, "the name of its strategy in every such column")
        costs, qalys = self._wide_columns("cost"), self._wide_columns("qaly", "effect")
        for name in dict.fromkeys([*costs, *qalys]):
            for here, there, prefixes in ((costs, qalys, ("qaly", "effect")), (qalys, costs, ("cost",))):
                if name in here and name not in there:
                    missing = " or ".join(f"{prefix}_{name}" for prefix in prefixes)
                    place = f"row 1, column {self.grid.header[here[name]]}"
                    self._fault(place, f"no column {missing}", "a cost and a QALY column for each strategy")
        self._refuse_one_strategy([*costs, *qalys])
        cost_columns = [self._numbers(position) for position in costs.values()]
        qaly_of = {name: self._numbers(position) for name, position in qalys.items()}
        if iteration is None:
            iterations = [str(i) for i in range(1, len(self.grid.rows) + 1)]
            self._refuse_mixed_rows()
        else:
            iterations = self._texts(iteration)
            self._refuse_repeats([f"iteration {label}" if label else None for label in iterations], "iteration")

        def table() -> PsaTable:
            # Reached only without faults, so both sets of columns name the same strategies.
            qaly_columns = [qaly_of[name] for name in costs]
            return PsaTable(
                tuple(costs),
                _labels(iterations),
                np.column_stack(cost_columns),
                np.column_stack(qaly_columns),
            )

        return table

    def _wide_columns(self, *prefixes: str) -> dict[str, int]:
        """Strategy to column; two columns for one strategy are a fault."""
        columns: dict[str, int] = {}
        for position, name in enumerate(self.grid.header):
            match = _WIDE.fullmatch(name)
            if match is None or match[1].lower() not in prefixes:
                continue
            self.spoken_for.add(position)
            first = self.grid.header[columns.setdefault(match[2], position)]
            if first != name:
                found = f"columns {first} and {name}"
                self._fault("row 1", found, f"one {prefixes[0]} column for strategy {match[2]}")
        return columns

    # The panel

    def _refuse_one_strategy(self, strategies: Sequence[str]) -> None:
        different = {name for name in strategies if name}
        if len(different) == 1:
            self._fault("strategies", f"only {different.pop()}", "at least two strategies to choose between")

    def _refuse_repeats(self, keys: Sequence[str | None], what: str) -> None:
        """Each key once; where a further column tells the repeats apart, say that it is a subgroup."""
        first: dict[str, int] = {}
        repeats = [(i, first[key]) for i, key in enumerate(keys) if key is not None and first.setdefault(key, i) != i]
        times = max(Counter(key for key in keys if key is not None).values(), default=0)
        subgroups = self._columns_apart(repeats, times)
        for name, values in subgroups:
            self._fault(
                f"column {name}",
                f"{len(values)} values ({_listed(values)}) and {len(repeats)} rows that repeat a {what}",
                f"one row for each {what}; probably subgroups: choose one with {_where(name, values[0])}",
            )
        if subgroups:
            return
        for i, before in repeats[:_SHOWN]:
            allowed = f"each {what} once; it is already in row {self.grid.rows[before]}"
            self._fault(f"row {self.grid.rows[i]}", f"{keys[i]} again", allowed)
        if len(repeats) > _SHOWN:
            self._fault("other rows", f"{len(repeats) - _SHOWN} more repeats", f"each {what} once")
        if repeats and what == "strategy":
            allowed = f"one of {', '.join(SYNONYMS['iteration'])}, where a strategy has several rows"
            self._fault("row 1", "no column for the iteration", allowed)

    def _columns_apart(self, repeats: Sequence[tuple[int, int]], times: int) -> list[tuple[str, list[str]]]:
        """Columns of no known role that look like subgroups, with their values.

        They differ between some repeats, but have no more values in those rows than a row has repeats:
        a parameter of the iteration has more.
        """
        found = []
        rows = sorted({i for pair in repeats for i in pair})
        for column, name in self._other_columns():
            texts = self._plain(column)
            if 1 < len({texts[i] for i in rows}) <= times and any(texts[i] != texts[j] for i, j in repeats):
                found.append((name, list(dict.fromkeys(texts))))
        return found

    def _refuse_mixed_rows(self) -> None:
        """Numbering the rows of a wide table would hide that they belong to several subgroups."""
        for column, name in self._other_columns():
            values = list(dict.fromkeys(self._plain(column)))
            _, not_numbers = number_cells(values, range(len(values)), name)
            if 1 < len(values) < len(self.grid.rows) and not_numbers:
                found = f"{len(values)} values ({_listed(values)}) and no iteration column"
                allowed = f"an iteration column, or one subgroup chosen with {_where(name, values[0])}"
                self._fault(f"column {name}", found, allowed)

    def _other_columns(self) -> list[tuple[int, str]]:
        """Named columns that play no role and were not filtered by."""
        return [(i, name) for i, name in enumerate(self.grid.header) if name and i not in self.spoken_for]

    def _plain(self, position: int) -> list[str]:
        return [as_text(cell) for cell in self.grid.column(position)]

    def _refuse_unbalanced(self, strategies: Sequence[str], iterations: Sequence[str]) -> None:
        all_labels = list(dict.fromkeys(filter(None, iterations)))
        present: dict[str, set[str]] = {}
        for name, label in zip(strategies, iterations, strict=True):
            present.setdefault(name, set()).add(label)
        for name, labels in present.items():
            missing = [label for label in all_labels if label not in labels]
            if name and missing:
                found = f"no row for {len(missing)} of {len(all_labels)} iterations ({_listed(missing)})"
                self._fault(f"strategy {name}", found, "every iteration in every strategy")


def _labels(texts: Sequence[str]) -> NDArray[np.int64] | NDArray[np.str_]:
    """Iteration labels as whole numbers where all are, otherwise as text."""
    if all(_WHOLE_NUMBER.fullmatch(text) for text in texts):
        return np.array([int(text) for text in texts], dtype=np.int64)
    return np.array(texts, dtype=np.str_)


def _where(column: str, value: str) -> str:
    """The option that keeps one subgroup, as typed in a shell."""
    return f"--where {shlex.quote(f'{column}={value}')}"


def _listed(values: Sequence[str]) -> str:
    """The first few values, and that there are more."""
    return ", ".join(value or "(blank)" for value in values[:5]) + (", ..." if len(values) > 5 else "")
