"""Periods that follow one another: each begins at a month and lasts until the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from sim.scenario.fields import Number
from sim.scenario.quantity import Fault, faulty

StartMonth = Annotated[Number, Field(ge=0, le=1200)]


class Period(Protocol):
    """Anything that begins at a month."""

    @property
    def from_month(self) -> float:
        """Month in which it begins."""


P = TypeVar("P", bound=Period)


def in_order(periods: Sequence[P]) -> Sequence[P]:
    """The same periods.

    Raises:
        ValueError: The first does not begin at 0, or one begins before the one that precedes it; names every fault.
    """
    faults = []
    if periods and periods[0].from_month != 0:
        faults.append(Fault(("1", "from_month"), f"{periods[0].from_month:g}", "must be 0 in the first period"))
    for place, (before, after) in enumerate(pairwise(periods), start=2):
        if after.from_month <= before.from_month:
            allowed = f"must be later than the period before, {before.from_month:g}"
            faults.append(Fault((str(place), "from_month"), f"{after.from_month:g}", allowed))
    if faults:
        raise faulty(faults)
    return periods
