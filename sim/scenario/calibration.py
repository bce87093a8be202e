"""What published data a scenario is fitted to: who was studied, what was seen, which quantities it may move.

Priors are the distributions that the quantities have in the scenario; here is what they meet.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from sim.scenario.fields import Name, Number, Proportion, Table, Text, distinct, increasing

NUISANCE: Final = "calibration."
"""Paths of what is fitted beside the model: true of the cohorts studied, read by no patient of a run."""

Share = Annotated[Number, Field(ge=0, le=1)]


class FollowUp(Table):
    """For how long patients of a study were watched, had nothing happened to them."""

    pattern: Literal["complete", "administrative", "uniform", "exponential"] = Field(
        description="complete: to the last month asked; administrative: all for the median; uniform: from 0 to twice "
        "the median; exponential: with that median."
    )
    median_months: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Median; needed unless complete."
    )


class StudiedCohort(Table):
    """Patients of a published study, and what they were given."""

    label: Text = Field(description="In words.")
    source: Text = Field(description="Where it was published.")
    patients: int = Field(strict=True, ge=1, le=10**6, description="Number of patients.")
    agents: dict[Name, Share] = Field(min_length=1, description="Share of each agent; they add up to 1.")
    ig_uptake: Proportion = Field(
        description="Share on immunoglobulin from the first dose; its distribution is the prior of an unknown uptake."
    )
    antimicrobials: tuple[Name, ...] = Field(default=(), description="Antimicrobials that all of them were given.")
    follow_up: FollowUp = Field(description="Pattern of follow-up.")


class IncidenceTarget(Table):
    """Cumulative incidence of the first infection on treatment."""

    kind: Literal["incidence"] = Field(description="A curve read at some months.")
    cohort: Name = Field(description="Who was studied.")
    infections: Literal["any", "3plus"] = Field(description="Which infections count.")
    exits: Literal["compete", "censored"] = Field(
        description="Whether leaving treatment and death competed (Aalen-Johansen) or were censored (Kaplan-Meier)."
    )
    months: Annotated[tuple[Annotated[Number, Field(gt=0)], ...], Field(min_length=1), AfterValidator(increasing)] = (
        Field(description="Months at which the curve was read.")
    )
    observed: Annotated[tuple[Annotated[Number, Field(gt=0, lt=1)], ...], Field(min_length=1)] = Field(
        description="Cumulative incidence at these months."
    )
    at_risk: Annotated[tuple[Annotated[int, Field(strict=True, ge=1)], ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Patients still watched and without an event at these months, as printed under the curve; they "
        "take the place of the pattern of follow-up. Default: not published.",
    )
    fitted: bool = Field(default=True, strict=True, description="false: compared with the fit, but not fitted.")
    source: Text = Field(description="Where it was read.")


class RateTarget(Table):
    """Infections counted over the time that patients were on treatment."""

    kind: Literal["rate"] = Field(description="A number of events over person-time.")
    cohort: Name = Field(description="Who was studied.")
    infections: Literal["any", "3plus"] = Field(description="Which infections count.")
    events: int = Field(strict=True, ge=0, le=10**7, description="Infections, repeated ones included.")
    patient_months: Annotated[Number, Field(gt=0)] = Field(description="Person-time on treatment.")
    fitted: bool = Field(default=True, strict=True, description="false: compared with the fit, but not fitted.")
    source: Text = Field(description="Where it was read.")


class ProportionTarget(Table):
    """Patients of whom something was true at a month."""

    kind: Literal["proportion"] = Field(description="A number of patients out of those looked at.")
    cohort: Name = Field(description="Who was studied.")
    what: Literal["on_treatment"] = Field(description="on_treatment: alive and on the bispecific.")
    month: Annotated[Number, Field(gt=0)] = Field(description="When.")
    observed: Share = Field(description="The proportion.")
    worth_patients: Annotated[Number, Field(gt=0)] = Field(
        description="Patients that it is worth: those at risk, or p (1 - p) / se^2 of a published interval."
    )
    fitted: bool = Field(default=True, strict=True, description="false: compared with the fit, but not fitted.")
    source: Text = Field(description="Where it was read.")


CalibrationTarget = Annotated[IncidenceTarget | RateTarget | ProportionTarget, Field(discriminator="kind")]


class Calibration(Table):
    """What is fitted to what."""

    free: Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        description="Quantities that the data may move: dotted paths, where * stands for any part of one."
    )
    cohorts: dict[Name, StudiedCohort] = Field(min_length=1, description="Studies by name.")
    targets: dict[Name, CalibrationTarget] = Field(min_length=1, description="What they saw, by name.")
    draws: int = Field(default=1000, strict=True, ge=100, le=10**5, description="Posterior draws that are written.")
