"""The parts of a compiled model: who, which drug, which infections, which prophylaxis, which rules.

Plain numbers and arrays, one frozen dataclass for each table of a scenario, in modules named like those of the file
format. Grade index 0 is grade 1-2, 1 is grade 3 or more. Defaults are neutral: a part that a scenario leaves out
changes nothing.
"""

from __future__ import annotations

from sim.model.parts.drugs import (
    NO_TOCILIZUMAB,
    NO_TOXICITY,
    Agent,
    StepUpDose,
    Target,
    Tocilizumab,
    Toxicity,
    Treatment,
)
from sim.model.parts.infections import Infections
from sim.model.parts.laboratory import NO_WORK_UP, Igg, Laboratory
from sim.model.parts.life_table import LifeTable
from sim.model.parts.people import (
    CORRELATED,
    MEASURED,
    NOTHING,
    NOTHING_GIVEN,
    Distribution,
    GivenAttributes,
    Population,
)
from sim.model.parts.prophylaxis import CONSTANT_DOSE, Antimicrobial, DoseAdjustment, Harm, Immunoglobulin, Regimen
from sim.model.parts.strategies import ALWAYS, NEVER, Condition, ConditionKind, Strategy
from sim.model.parts.units import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    GRADE_1_2,
    GRADE_3PLUS,
    GRADES,
    HOURS_PER_DAY,
    MONTHS_PER_YEAR,
    Booleans,
    Floats,
    Integers,
)

__all__ = [
    "ALWAYS",
    "CONSTANT_DOSE",
    "CORRELATED",
    "DAYS_PER_MONTH",
    "DAYS_PER_YEAR",
    "GRADES",
    "GRADE_1_2",
    "GRADE_3PLUS",
    "HOURS_PER_DAY",
    "MEASURED",
    "MONTHS_PER_YEAR",
    "NEVER",
    "NOTHING",
    "NOTHING_GIVEN",
    "NO_TOCILIZUMAB",
    "NO_TOXICITY",
    "NO_WORK_UP",
    "Agent",
    "Antimicrobial",
    "Booleans",
    "Condition",
    "ConditionKind",
    "Distribution",
    "DoseAdjustment",
    "Floats",
    "GivenAttributes",
    "Harm",
    "Igg",
    "Immunoglobulin",
    "Infections",
    "Integers",
    "Laboratory",
    "LifeTable",
    "Population",
    "Regimen",
    "StepUpDose",
    "Strategy",
    "Target",
    "Tocilizumab",
    "Toxicity",
    "Treatment",
]
