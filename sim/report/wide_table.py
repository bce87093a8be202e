"""Tables for a terminal that is too narrow for all their columns."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_ANY_WIDTH = 10_000


class WideTable(Table):
    """A table that is printed in parts, one below the other, where it would have to break words or numbers.

    The first column names the rows: each part begins with it. A part has as many more as fit, at least one.
    """

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines of all parts."""
        for part in self._parts(console, options):
            yield from Table.__rich_console__(part, console, options)

    def _parts(self, console: Console, options: ConsoleOptions) -> list[Table]:
        anyhow = options.update_width(_ANY_WIDTH)
        if len(self.columns) < 3 or self.__rich_measure__(console, anyhow).minimum <= options.max_width:
            return [self]
        parts, chosen = [], [0]
        for place in range(1, len(self.columns)):
            wider = self._with([*chosen, place])
            if len(chosen) > 1 and wider.__rich_measure__(console, anyhow).maximum > options.max_width:
                parts.append(self._with(chosen))
                chosen = [0]
            chosen.append(place)
        parts.append(self._with(chosen))
        for part in parts[1:]:
            part.title = None
        return parts

    def _with(self, places: list[int]) -> Table:
        """The same rows, in some of the columns."""
        part = copy(self)
        part.columns = [self.columns[place] for place in places]
        return part
