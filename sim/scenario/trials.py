"""Studies of the scenario's patients: who is compared, for how long they are watched, what is counted and how.

A trial randomises between strategies; a cohort is watched as practice treats it. Both are read as a publication
would.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field

from sim.scenario.fields import Name, Number, Table, Text, distinct, increasing

CurveAnalysis = Literal["kaplan_meier", "aalen_johansen"]
ArmAnalysis = Literal["cox", "rate_ratio"]
ExposureAnalysis = Literal[
    "naive_cox",
    "naive_rate_ratio",
    "landmark_cox",
    "time_dependent_cox",
    "on_off_rate_ratio",
    "adjusted_cox",
    "frailty_adjusted_cox",
]
AnalysisName = Literal[CurveAnalysis, ArmAnalysis, ExposureAnalysis]

CURVES: Final[tuple[str, ...]] = get_args(CurveAnalysis)
BY_ARM: Final[tuple[str, ...]] = get_args(ArmAnalysis)
BY_EXPOSURE: Final[tuple[str, ...]] = get_args(ExposureAnalysis)

Outcome = Literal["first_infection", "infections", "death", "infection_death"]

Share = Annotated[Number, Field(gt=0, le=1)]
Length = Annotated[Number, Field(ge=0, le=1200)]
Month = Annotated[Number, Field(gt=0, le=1200)]
Size = Annotated[int, Field(strict=True, ge=20, le=100_000)]


class PublishedEstimate(Table):
    """An estimate that a study of this design published, to be set against the model's own."""

    analysis: AnalysisName = Field(description="How it was made; one of the trial's analyses.")
    value: Annotated[Number, Field(ge=0)] = Field(description="A hazard or rate ratio, or a cumulative incidence.")
    low: Annotated[Number, Field(ge=0)] | None = Field(default=None, description="Lower end of its 95 % interval.")
    high: Annotated[Number, Field(ge=0)] | None = Field(default=None, description="Upper end.")
    arm: Name | None = Field(
        default=None, description="Of a curve: whose; of a ratio in a trial of three arms or more: of which arm."
    )
    month: Month | None = Field(default=None, description="Of a curve: when; one of the trial's months.")
    source: Text = Field(description="Where it was published.")


class Trial(Table):
    """One study: patients of the scenario, enrolled, watched, and analysed as a publication would."""

    label: Text = Field(description="What is studied, in words.")
    source: Text = Field(description="Where the design comes from.")
    kind: Literal["randomised", "cohort"] = Field(
        description="randomised: patients are allotted to the arms, exactly by their shares; cohort: each patient's "
        "doctor follows one of the arms' strategies, by chance, and the study sees who received immunoglobulin when."
    )
    arms: dict[Name, Share] = Field(
        min_length=1,
        description="Strategies and their shares, which add up to 1; of a randomised trial the control first.",
    )
    patients: Annotated[tuple[Size, ...], Field(min_length=1), AfterValidator(increasing)] = Field(
        description="Sizes to play, all arms together; increasing."
    )
    accrual_months: Length = Field(description="Patients enrol evenly over these months.")
    follow_up_months: Length = Field(description="Months from the last patient's enrolment to the end of the study.")
    loss_per_month: Annotated[Number, Field(ge=0, le=10)] = Field(
        default=0.0, description="Rate at which patients are lost to follow-up, whatever happens to them."
    )
    outcome: Outcome = Field(
        description="first_infection; infections: all of them, repeated ones included; death; infection_death."
    )
    infections: Literal["any", "3plus"] | None = Field(
        default=None, description="Which infections count; needed where they are the outcome."
    )
    cause: Name | None = Field(default=None, description="Only infections of this cause count; default all causes.")
    observed: Literal["on_treatment", "alive"] = Field(
        default="on_treatment", description="Until when patients are watched: the bispecific's end, or death."
    )
    analyses: Annotated[tuple[AnalysisName, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        description="How it is read: kaplan_meier, aalen_johansen; of a randomised trial also cox, rate_ratio; of a "
        "cohort naive_cox and naive_rate_ratio (ever against never received), landmark_cox, time_dependent_cox, "
        "on_off_rate_ratio, adjusted_cox (time-dependent, with earlier severe infections), frailty_adjusted_cox."
    )
    months: Annotated[tuple[Month, ...], AfterValidator(increasing)] = Field(
        default=(), description="When curves are read; needed by kaplan_meier and aalen_johansen."
    )
    landmark_months: Month | None = Field(default=None, description="The landmark; needed by landmark_cox.")
    significance: Annotated[Number, Field(gt=0, lt=0.5)] = Field(
        default=0.05, description="Two-sided level of the tests of which the power is given."
    )
    agents: dict[Name, Share] = Field(
        default={}, description="Shares of agents in the study, which add up to 1; default those of the scenario."
    )
    published: tuple[PublishedEstimate, ...] = Field(default=(), description="What such a study has published.")

    @property
    def months_in_all(self) -> float:
        """Length of the study, and the longest that a patient can be watched."""
        return self.accrual_months + self.follow_up_months

    @property
    def counts_infections(self) -> bool:
        """Whether infections are the outcome, not deaths."""
        return self.outcome in ("first_infection", "infections")
