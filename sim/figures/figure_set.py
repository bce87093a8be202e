"""The figures of one run, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from sim.errors import Problem, UsageError
from sim.figures.catalogue import CATALOGUE
from sim.figures.recipe import Setting, Tables
from sim.figures.style import Look


class FigureSet:
    """The figures that the tables of one run can give: `figures.ce_plane()`, `figures.ceac()`.

    Args:
        tables: Name to tidy table.
        setting: What else the figures need; any attribute of it may be changed for one figure, as in
            `figures.ce_plane(wtp=50_000, comparator="primary")`.
    """

    def __init__(self, tables: Tables, setting: Setting) -> None:
        self._tables, self._setting = tables, setting

    @property
    def names(self) -> dict[str, str]:
        """Name of each figure that can be drawn, and what it shows."""
        tables, setting = self._tables, self._setting
        fit = {n: r for n, r in CATALOGUE.items() if r.has_tables(tables) and r.suits(tables, setting)}
        return {name: recipe.shows for name, recipe in fit.items()}

    @property
    def look(self) -> Look:
        """Currency, strategies and inputs as these figures name them."""
        return self._setting.look

    def draw(self, name: str, **changes: Any) -> go.Figure:
        """Draw one figure.

        Args:
            name: One of `names`.
            changes: Attributes of `Setting` to change for this figure; None leaves one as it is.

        Returns:
            The figure.

        Raises:
            UsageError: There is no such figure, or this run does not hold what it shows.
            TableError: Its table cannot be drawn.
        """
        recipe = CATALOGUE.get(name)
        if recipe is None or not recipe.has_tables(self._tables):
            message = "no such figure" if recipe is None else "this run has no table for the figure"
            raise UsageError(message, [Problem("figure", name, f"one of {', '.join(self.names) or 'none'}")])
        wanted = {key: value for key, value in changes.items() if value is not None}
        setting = replace(self._setting, **wanted)
        if not recipe.suits(self._tables, setting):
            raise UsageError(
                "this run does not hold what the figure shows", [Problem(name, "", f"needs {recipe.wants}")]
            )
        return recipe.make(self._tables, setting)

    def __getattr__(self, name: str) -> Callable[..., go.Figure]:
        if name.startswith("_") or name not in CATALOGUE:
            message = f"no figure {name!r}; there are {', '.join(self.names)}"
            raise AttributeError(message)
        return lambda **changes: self.draw(name, **changes)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]
