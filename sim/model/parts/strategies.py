"""When immunoglobulin is ordered, and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.model.parts.units import GRADE_3PLUS

ConditionKind = Literal[
    "always",
    "igg_below",
    "iga_below",
    "igm_below",
    "infections",
    "despite_prophylaxis",
    "anti_cd38",
    "any_of",
    "all_of",
]


@dataclass(frozen=True)
class Condition:
    """When immunoglobulin is ordered: a leaf, or others joined by and / or.

    Attributes:
        kind: What is asked.
        threshold_mg_dl: Of the measured concentration.
        minimum_grade: Lowest grade index that counts.
        count: Infections needed.
        within: Months in which they must fall.
        parts: Conditions joined by any_of or all_of; any_of nothing never holds.
    """

    kind: ConditionKind
    threshold_mg_dl: float = np.nan
    minimum_grade: int = GRADE_3PLUS
    count: int = 1
    within: float = np.inf
    parts: tuple[Condition, ...] = ()


NEVER = Condition("any_of")
ALWAYS = Condition("always")


@dataclass(frozen=True)
class Strategy:
    """When immunoglobulin starts, how it is given, and what goes with it, as data.

    Attributes:
        name: As in the scenario.
        label: For people.
        start: Condition under which immunoglobulin is ordered.
        delay: Months from order to first infusion.
        test_interval: Months between IgG tests; inf for no tests.
        test_until_ordered: True: testing ends with the order of immunoglobulin; False: with treatment.
        regimen: Index of the regimen.
        antimicrobials: Indices of the antimicrobials given.
        tocilizumab: Whether CRS is prevented.
    """

    name: str
    label: str
    start: Condition
    delay: float = 0.0
    test_interval: float = np.inf
    test_until_ordered: bool = True
    regimen: int = 0
    antimicrobials: tuple[int, ...] = ()
    tocilizumab: bool = False
