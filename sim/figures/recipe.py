"""What a figure of the catalogue is drawn from: the tables of a run, and what it needs beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sim.figures.style import Look

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Setting:
    """What a figure needs beside its tables.

    Attributes:
        look: Currency, strategies and their labels.
        wtp: Willingness to pay per QALY of figures at one threshold.
        highest_wtp: Where curves over thresholds end.
        comparator: Strategy that others are compared with; None takes the reference of the incremental analysis.
        strategy: Strategy of figures that show one; None takes the first that fits.
        outcome: Component of distributions over draws.
        trial: Trial of figures that show one; None takes the first.
        population: Discounted patients whom the decision concerns; None if not known.
        causes: Cause of infection to words.
        asked: What the analysis was asked: outcome, strategy, comparator, wtp, paths, price; as in the manifest.
    """

    look: Look
    wtp: float
    highest_wtp: float
    comparator: str | None = None
    strategy: str | None = None
    outcome: str = "cost"
    trial: str | None = None
    population: float | None = None
    causes: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, look: Look, wtp: Sequence[float], **others: Any) -> Setting:
        """A setting at the middle of an analysis' thresholds (the lower of two), with curves to twice the highest."""
        ordered = sorted(wtp)
        return cls(look, ordered[(len(ordered) - 1) // 2], 2 * ordered[-1] or 1.0, **others)


@dataclass(frozen=True)
class Recipe:
    """One figure.

    Attributes:
        shows: One line.
        needs: Sets of tables, any one of which will do.
        make: Draws it.
        suits: Whether the tables, which are there, and the setting hold what is drawn.
        wants: What they must hold, in words.
    """

    shows: str
    needs: tuple[tuple[str, ...], ...]
    make: Callable[[Tables, Setting], go.Figure]
    suits: Callable[[Tables, Setting], bool] = lambda tables, setting: True
    wants: str = ""

    def has_tables(self, tables: Tables) -> bool:
        """Whether the tables are there."""
        return any(all(name in tables for name in names) for names in self.needs)


def comparator_of(tables: Tables, setting: Setting) -> str:
    """The comparator asked for, or the reference of the incremental analysis, or the first strategy."""
    if setting.comparator is not None:
        return setting.comparator
    if "incremental" in tables:
        found = tables["incremental"].query("status == 'reference'")["strategy"]
        if len(found):
            return str(found.iloc[0])
    if setting.look.strategies:
        return setting.look.strategies[0]
    return str(tables["psa"]["strategy"].iloc[0])
