"""One decision for everybody against a decision for each subgroup, and what the second is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from sim.cea.cells import as_text
from sim.cea.frontier import net_monetary_benefit
from sim.cea.grid import read_grid
from sim.cea.panel import PsaTable
from sim.cea.psa import analyse
from sim.cea.tables import read_psa_table
from sim.errors import Problem, TableError, UsageError

__all__ = ["Individualised", "individualised_care", "read_subgroups"]


@dataclass(frozen=True, eq=False)
class Individualised:
    """The decision by subgroup.

    Attributes:
        by_subgroup: wtp, subgroup, weight, best (highest mean net benefit in it), gain (its mean net benefit there
            over that of the strategy best for all, per patient of the subgroup), evpi (per patient of the subgroup).
        by_wtp: wtp, best_for_all, value_of_individualised_care and evpi, both per patient of the population.
    """

    by_subgroup: pd.DataFrame
    by_wtp: pd.DataFrame


def individualised_care(
    tables: Mapping[str, PsaTable], weights: Mapping[str, float], wtp: Sequence[float]
) -> Individualised:
    """What deciding for each subgroup gains over one decision for all (Basu, Meltzer 2007, Med Decis Making 27:112).

    The value of individualised care is  sum_k w_k max_s E[NMB_ks] - max_s sum_k w_k E[NMB_ks],  never negative. The
    population's EVPI is the weighted mean of the subgroups': what perfect information is worth to a decision by
    subgroup.

    Args:
        tables: Costs and QALYs of each subgroup, the same strategies in all.
        weights: Share of each subgroup in the population; above 0, divided by their sum.
        wtp: Willingness-to-pay thresholds.

    Returns:
        The decision by subgroup and threshold.

    Raises:
        UsageError: Subgroups and weights do not match, weights cannot be used, or strategies differ.
    """
    _check(tables, weights)
    names, strategies = list(tables), next(iter(tables.values())).strategies
    tables = {name: _in_order(table, strategies) for name, table in tables.items()}
    total = math.fsum(weights.values())
    share = np.array([weights[name] / total for name in names])
    evpi = {name: analyse(table, wtp).by_wtp["evpi"].to_numpy() for name, table in tables.items()}
    rows, totals = [], []
    for i, threshold in enumerate(wtp):
        benefit = np.array([net_monetary_benefit(t.mean_cost, t.mean_qaly, threshold) for t in tables.values()])
        common = int(np.argmax(share @ benefit))
        best = benefit.argmax(axis=1)
        gain = benefit.max(axis=1) - benefit[:, common]
        rows += [
            (threshold, name, share[k], strategies[best[k]], gain[k], evpi[name][i]) for k, name in enumerate(names)
        ]
        of_all = float(share @ [evpi[name][i] for name in names])
        totals.append((threshold, strategies[common], float(share @ gain), of_all))
    return Individualised(
        pd.DataFrame(rows, columns=["wtp", "subgroup", "weight", "best", "gain", "evpi"]),
        pd.DataFrame(totals, columns=["wtp", "best_for_all", "value_of_individualised_care", "evpi"]),
    )


def read_subgroups(
    path: str | PathLike[str], column: str, *, where: Mapping[str, str] | None = None, sheet: str | None = None
) -> dict[str, PsaTable]:
    """Read one table for each value of a column.

    Args:
        path: As for `read_psa_table`.
        column: The column that names the subgroup.
        where: Column to value: only rows that agree with all of them are read.
        sheet: Sheet of a workbook.

    Returns:
        Subgroup to table, in the order of first appearance.

    Raises:
        TableError: There is no such column, or a subgroup's table cannot be used.
    """
    grid = read_grid(Path(path), sheet)
    if column not in grid.header:
        allowed = f"must be one of {', '.join(grid.header)}"
        raise TableError("the subgroups cannot be told apart", [Problem("--subgroups", column, allowed, str(path))])
    names = dict.fromkeys(as_text(value).strip() for value in grid.column(grid.header.index(column)))
    return {name: read_psa_table(path, where={**(where or {}), column: name}, sheet=sheet) for name in names}


def _check(tables: Mapping[str, PsaTable], weights: Mapping[str, float]) -> None:
    listed = ", ".join(tables)
    problems = [Problem("weight", name, f"must name one of {listed}") for name in weights if name not in tables]
    problems += [
        Problem("weight", name, "has none; each subgroup needs one") for name in tables if name not in weights
    ]
    problems += [
        Problem(f"weight of {name}", f"{weight:g}", "must be above 0")
        for name, weight in weights.items()
        if not 0 < weight < math.inf
    ]
    if not tables:
        problems.append(Problem("subgroups", "none", "at least one"))
    known = {frozenset(table.strategies) for table in tables.values()}
    if len(known) > 1:
        problems.append(Problem("subgroups", "different strategies", "the same strategies in every subgroup"))
    if problems:
        raise UsageError("subgroups cannot be weighed", problems)


def _in_order(table: PsaTable, strategies: tuple[str, ...]) -> PsaTable:
    """The table with its strategies in the given order."""
    order = [table.position(name) for name in strategies]
    return PsaTable(strategies, table.iterations, table.cost[:, order], table.qaly[:, order])
