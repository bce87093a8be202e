"""Infections by cause, as they come without prophylaxis, and what each one does."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.fields import (
    CostsByGrade,
    DaysByGrade,
    DecrementsByGrade,
    Multiplier,
    Name,
    RatesByGrade,
    Reference,
    SevereProbability,
    Table,
    TargetName,
    Text,
)


class Cause(Table):
    """One cause of infection: how often it comes without prophylaxis and what each one does."""

    label: Text = Field(description="Name in tables and figures.")
    rate_per_month: dict[TargetName, RatesByGrade] = Field(
        description="Infections per patient-month on treatment by target, without immunoglobulin or antimicrobials, "
        "at frailty 1; among the patients that the cause can strike."
    )
    only_in: Reference = Field(
        default="", description="Serostatus of the patients that the cause can strike; empty for everybody."
    )
    case_fatality: SevereProbability = Field(description="Probability of dying of one infection.")
    stop_probability: SevereProbability = Field(
        description="Probability that the bispecific ends for good after an infection that was survived."
    )
    hold_days: DaysByGrade = Field(description="Days for which the bispecific is held after an infection.")
    cost: CostsByGrade = Field(description="Cost of one infection.")
    hospital_days: DaysByGrade = Field(description="Days in hospital per infection.")
    utility_decrement: DecrementsByGrade = Field(description="Utility lost while the infection lasts.")
    duration_days: DaysByGrade = Field(description="Days for which utility is lost.")


class Infections(Table):
    """Infections by cause, without prophylaxis."""

    off_treatment_multiplier: Multiplier = Field(
        description="Factor on every infection rate after the bispecific has ended."
    )
    causes: dict[Name, Cause] = Field(min_length=1, description="Causes of infection by name.")
