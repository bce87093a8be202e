"""Mortality of the general population, by age and sex."""

from __future__ import annotations

from dataclasses import dataclass

from sim.model.parts.units import Floats


@dataclass(frozen=True)
class LifeTable:
    """Death rates that every patient has beside those of the disease.

    Attributes:
        first_age: Completed years of life at the first row.
        rate: Deaths per month at each completed year of life, [sex, age]; sex 0 is female, 1 male. The last age
            stands for all later ones.
    """

    first_age: int
    rate: Floats
