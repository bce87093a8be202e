"""The figures of one run, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from sim.errors import Problem, UsageError
from sim.figures.catalogue import CATALOGUE, Setting, Tables


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
        """Name of each figure there are tables for, and what it shows."""
        return {name: recipe.shows for name, recipe in CATALOGUE.items() if recipe.fits(self._tables)}

    def draw(self, name: str, **changes: Any) -> go.Figure:
        """Draw one figure.

        Args:
            name: One of `names`.
            changes: Attributes of `Setting` to change for this figure; None leaves one as it is.

        Returns:
            The figure.

        Raises:
            UsageError: There is no such figure, or this run has no table for it.
            TableError: Its table cannot be drawn.
        """
        if name not in self.names:
            message = "no such figure" if name not in CATALOGUE else "this run has no table for the figure"
            raise UsageError(message, [Problem("figure", name, f"one of {', '.join(self.names) or 'none'}")])
        wanted = {key: value for key, value in changes.items() if value is not None}
        return CATALOGUE[name].make(self._tables, replace(self._setting, **wanted))

    def __getattr__(self, name: str) -> Callable[..., go.Figure]:
        if name.startswith("_") or name not in CATALOGUE:
            message = f"no figure {name!r}; there are {', '.join(self.names)}"
            raise AttributeError(message)
        return lambda **changes: self.draw(name, **changes)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]
