"""Anyone's PSA with what was drawn: in one table, or as the separate files that SAVI, BCEA, dampack and voi use.

Separate files have one row a draw, in the same order: costs and effects with a column a strategy, parameters with a
column each. An iteration column, or the row numbers that R writes, may stand in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea.cells import as_text, number_cells
from sim.cea.grid import Grid, read_grid
from sim.cea.names import bare
from sim.cea.panel import PsaTable
from sim.cea.tables import SYNONYMS, read_grid_of_psa
from sim.errors import Problem, TableError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OutsidePsa:
    """Costs, effects and parameters, draw by draw.

    Attributes:
        table: Costs and QALYs.
        parameters: One row a draw, one column a parameter; no columns where none are given.
    """

    table: PsaTable
    parameters: pd.DataFrame


def read_outside_psa(
    path: Path,
    *,
    effects: Path | None = None,
    parameters: Path | None = None,
    net_benefits: Sequence[str] = (),
) -> OutsidePsa:
    """Read somebody's probabilistic analysis.

    Args:
        path: Costs and effects in one table (see `read_psa_table`); or costs alone, if `effects` is given.
        effects: Effects, a column a strategy. Strategies are matched by name where the names are those of the
            costs, the words cost and effect aside; by position where no name is.
        parameters: What was drawn. None takes the columns of numbers of `path` that are nothing else.
        net_benefits: Columns of `path` that hold net benefits; costs are then their negatives and effects 0.

    Returns:
        The draws.

    Raises:
        TableError: A file cannot be used; names every fault.
    """
    grid = read_grid(path)
    if net_benefits:
        places = _places(grid, net_benefits, path)
        benefit = _numbers(grid, places, path)
        table = PsaTable(tuple(net_benefits), np.arange(1, len(benefit) + 1), -benefit, np.zeros_like(benefit))
        rest = [place for place in _number_columns(grid) if place not in places]
    elif effects is not None:
        table = _from_two(grid, path, read_grid(effects), effects)
        rest = []
    else:
        table, used = read_grid_of_psa(grid, str(path))
        rest = [place for place in _number_columns(grid) if place not in used]
    if parameters is None:
        return OutsidePsa(table, _of_iterations(grid, rest, table))
    other = read_grid(parameters)
    places = [place for place in range(len(other.header)) if place not in _counters(other) and other.header[place]]
    values = pd.DataFrame(_numbers(other, places, parameters), columns=[other.header[place] for place in places])
    if len(values) != table.n_iterations:
        found, allowed = f"{len(values)} rows", f"{table.n_iterations}, one for each iteration"
        raise TableError("the parameters cannot be used", [Problem("rows", found, allowed, str(parameters))])
    return OutsidePsa(table, values)


def _from_two(costs: Grid, costs_path: Path, effects: Grid, effects_path: Path) -> PsaTable:
    """Costs and effects of one file each."""
    sides = []
    for grid, path in ((costs, costs_path), (effects, effects_path)):
        places = [place for place in range(len(grid.header)) if place not in _counters(grid) and grid.header[place]]
        sides.append(([bare(grid.header[place]) for place in places], _numbers(grid, places, path)))
    (names, cost), (others, qaly) = sides
    problems = []
    if len(cost) != len(qaly):
        problems.append(Problem("rows", f"{len(qaly)}", f"{len(cost)}, as many as costs", str(effects_path)))
    shared = set(names) & set(others)
    if len(names) != len(others) or (shared and shared != set(names)):
        problems.append(
            Problem("row 1", f"columns {', '.join(others)}", f"one for each of {', '.join(names)}", str(effects_path))
        )
    if len(names) < 2:
        found, allowed = f"only {', '.join(names) or 'none'}", "at least two strategies to choose between"
        problems.append(Problem("strategies", found, allowed, str(costs_path)))
    if problems:
        raise TableError("costs and effects do not belong together", problems)
    if shared:
        qaly = qaly[:, [others.index(name) for name in names]]
    return PsaTable(tuple(names), np.arange(1, len(cost) + 1), cost, qaly)


def _counters(grid: Grid) -> set[int]:
    """Columns that number the rows: an iteration column, or R's row names under a blank or made-up name."""
    found = set()
    for place, name in enumerate(grid.header):
        if name.casefold() in SYNONYMS["iteration"]:
            found.add(place)
        elif re.fullmatch(r"(|x|\.\.\.1|unnamed:? ?0|index|iter|id)", name.casefold()):
            numbers, bad = number_cells(grid.column(place), grid.rows, name)
            if not bad and (np.diff(numbers) == 1).all() and numbers[0] in (0, 1):
                found.add(place)
    return found


def _number_columns(grid: Grid) -> list[int]:
    """Named columns that hold numbers only."""
    counters = _counters(grid)
    return [
        place
        for place, name in enumerate(grid.header)
        if name and place not in counters and not number_cells(grid.column(place), grid.rows, name)[1]
    ]


def _of_iterations(grid: Grid, places: Sequence[int], table: PsaTable) -> pd.DataFrame:
    """Columns as parameters: of a long table those that are the same for all strategies of an iteration."""
    columns = {}
    long = len(grid.rows) != table.n_iterations
    groups = _iteration_of_row(grid, table) if long else None
    for place in places:
        values = number_cells(grid.column(place), grid.rows, grid.header[place])[0]
        if groups is not None:
            first = np.full(table.n_iterations, np.nan)
            first[groups[::-1]] = values[::-1]
            if not (first[groups] == values).all():
                continue
            values = first
        columns[grid.header[place]] = values
    return pd.DataFrame(columns)


def _iteration_of_row(grid: Grid, table: PsaTable) -> NDArray[np.int64]:
    """Position of the iteration of each row of a long table."""
    labels = {str(label): position for position, label in enumerate(table.iterations)}
    for place in range(len(grid.header)):
        texts = [as_text(cell) for cell in grid.column(place)]
        if set(texts) == set(labels) and all(texts.count(text) == len(table.strategies) for text in texts[:1]):
            return np.array([labels[text] for text in texts])
    return np.tile(np.arange(table.n_iterations), len(table.strategies))


def _places(grid: Grid, names: Sequence[str], path: Path) -> list[int]:
    missing = [name for name in names if name not in grid.header]
    problems = [
        Problem("net benefit", name, f"one of the columns {', '.join(filter(None, grid.header))}", str(path))
        for name in missing
    ]
    if len(set(names)) < 2:
        problems.append(Problem("net benefit", ", ".join(names), "two columns or more", str(path)))
    if problems:
        raise TableError("the net benefits cannot be found", problems)
    return [grid.header.index(name) for name in names]


def _numbers(grid: Grid, places: Sequence[int], path: Path) -> Floats:
    columns, problems = [], []
    for place in places:
        numbers, bad = number_cells(grid.column(place), grid.rows, grid.header[place])
        columns.append(numbers)
        problems += [Problem(f"row {b.row}, column {b.column}", b.found, b.allowed, str(path)) for b in bad[:3]]
    if not places:
        problems.append(Problem("row 1", "no named columns", "at least one", str(path)))
    if problems:
        raise TableError("the table cannot be used", problems)
    return np.column_stack(columns)
