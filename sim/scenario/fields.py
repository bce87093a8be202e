"""What the tables of a scenario are made of: the table itself, names and text, and quantities by unit and bounds.

A quantity's unit and the values that make sense are said once, here; the tables that use them name the field.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sim.scenario.quantity import CURRENCY, Fault, Quantity, Spec, faulty, shown

RatePerMonth = Annotated[Quantity, Spec("per month", ge=0, le=100)]
RatePerYear = Annotated[Quantity, Spec("per year", ge=0, le=1)]
Probability = Annotated[Quantity, Spec("probability", ge=0, le=1)]
Proportion = Annotated[Quantity, Spec("proportion", ge=0, le=1)]
HazardRatio = Annotated[Quantity, Spec("hazard ratio", ge=0, le=10)]
Multiplier = Annotated[Quantity, Spec("multiplier", ge=0, le=100)]
RaisingFactor = Annotated[Quantity, Spec("multiplier", ge=1, le=10)]
LoweringFactor = Annotated[Quantity, Spec("multiplier", gt=0, le=1)]
Variance = Annotated[Quantity, Spec("variance", ge=0, le=100)]
Ratio = Annotated[Quantity, Spec("ratio", ge=0, le=2)]
LogScale = Annotated[Quantity, Spec("log scale", ge=0, le=10)]
CorrelationCoefficient = Annotated[Quantity, Spec("correlation", ge=-1, le=1)]
Utility = Annotated[Quantity, Spec("utility", ge=-0.6, le=1)]
UtilityDecrement = Annotated[Quantity, Spec("utility", ge=0, le=1)]
Days = Annotated[Quantity, Spec("days", ge=0, le=36525)]
Hours = Annotated[Quantity, Spec("hours", ge=0, le=8766)]
PositiveDays = Annotated[Quantity, Spec("days", gt=0, le=36525)]
DaysPerTransfusion = Annotated[Quantity, Spec("days per transfusion", ge=0, le=365)]
Months = Annotated[Quantity, Spec("months", ge=0, le=1200)]
PositiveMonths = Annotated[Quantity, Spec("months", gt=0, le=1200)]
Years = Annotated[Quantity, Spec("years", ge=0, le=100)]
PatientsPerYear = Annotated[Quantity, Spec("patients per year", gt=0, le=1e7)]
Age = Annotated[Quantity, Spec("years", ge=0, le=120)]
Kilograms = Annotated[Quantity, Spec("kg", ge=0, le=500)]
Concentration = Annotated[Quantity, Spec("mg/dL", ge=0, le=100_000)]
PositiveConcentration = Annotated[Quantity, Spec("mg/dL", gt=0, le=100_000)]
Dose = Annotated[Quantity, Spec("g/kg", gt=0, le=10)]
Grams = Annotated[Quantity, Spec("g", ge=0, le=1000)]
Cost = Annotated[Quantity, Spec(CURRENCY, ge=0)]
CostPerMonth = Annotated[Quantity, Spec(f"{CURRENCY} per month", ge=0)]
CostPerDay = Annotated[Quantity, Spec(f"{CURRENCY} per day", ge=0)]
CostPerGram = Annotated[Quantity, Spec(f"{CURRENCY} per gram", ge=0)]
CostPerInfusion = Annotated[Quantity, Spec(f"{CURRENCY} per infusion", ge=0)]
CostPerInfection = Annotated[Quantity, Spec(f"{CURRENCY} per infection", ge=0)]
CostPerEvent = Annotated[Quantity, Spec(f"{CURRENCY} per event", ge=0)]
CostPerCourse = Annotated[Quantity, Spec(f"{CURRENCY} per course", ge=0)]
CostPerTransfusion = Annotated[Quantity, Spec(f"{CURRENCY} per transfusion", ge=0)]
CostPerPatient = Annotated[Quantity, Spec(f"{CURRENCY} per patient", ge=0)]
CostPerTest = Annotated[Quantity, Spec(f"{CURRENCY} per test", ge=0)]

TARGET_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9]{0,39}$"
DRUG_DOSE_PATTERN: Final = r"^\d+(\.\d+)? mg(/kg)?$"

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Reference = Annotated[str, StringConstraints(strict=True)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DrugDose = Annotated[str, StringConstraints(strict=True, pattern=DRUG_DOSE_PATTERN)]
TargetName = Annotated[str, StringConstraints(strict=True, pattern=TARGET_PATTERN)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

Q = TypeVar("Q")


def increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse numbers that do not increase."""
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise faulty([Fault((), shown(values), "must increase from left to right")])
    return values


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name given more than once."""
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise faulty([Fault((), shown(names), f"names {', '.join(repeated)} more than once")])
    return names


class Table(BaseModel):
    """A table of the file: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ByGrade(Table, Generic[Q]):
    """A quantity for mild and for severe events (CTCAE grades)."""

    grade_1_2: Q = Field(description="Grade 1-2: mild or moderate; an infection managed outside hospital.")
    grade_3plus: Q = Field(description="Grade 3 or more: severe, life-threatening or fatal.")


class RatesByGrade(ByGrade[RatePerMonth]):
    """Infection rates by grade."""


class ProbabilitiesByGrade(ByGrade[Probability]):
    """Probabilities by grade."""


class CostsByGrade(ByGrade[CostPerInfection]):
    """Cost of an infection by grade."""


class EventCostsByGrade(ByGrade[CostPerEvent]):
    """Cost of an event by grade."""


class DaysByGrade(ByGrade[Days]):
    """Days by grade."""


class DecrementsByGrade(ByGrade[UtilityDecrement]):
    """Utility lost by grade."""


class HazardRatiosByGrade(ByGrade[HazardRatio]):
    """Hazard ratios by grade."""


class MultipliersByGrade(ByGrade[Multiplier]):
    """Multipliers by grade."""


class SevereProbability(Table):
    """A probability that only severe infections carry."""

    grade_3plus: Probability = Field(description="Grade 3 or more.")
