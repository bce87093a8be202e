"""What prevents infection: immunoglobulin (regimens, effect, harms, adjustment of the dose) and antimicrobials."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from sim.scenario.fields import (
    Cost,
    CostPerCourse,
    CostPerEvent,
    CostPerGram,
    CostPerInfusion,
    CostPerMonth,
    Days,
    Dose,
    Grams,
    HazardRatiosByGrade,
    LoweringFactor,
    Months,
    Multiplier,
    Name,
    PositiveConcentration,
    PositiveDays,
    PositiveMonths,
    Probability,
    Proportion,
    RaisingFactor,
    RatePerMonth,
    Reference,
    Table,
    TargetName,
    Text,
    UtilityDecrement,
    distinct,
)

# Whom an antimicrobial is given to, if not those of a serostatus.
EVERYBODY: Final = "all"


class Regimen(Table):
    """One way of giving immunoglobulin: dose, timing and price."""

    route: Literal["IVIG", "SCIG"] = Field(description="IVIG (intravenous) or SCIG (subcutaneous).")
    dose_g_per_kg: Dose = Field(description="Dose per infusion.")
    vial_size_g: Grams = Field(description="Dose is rounded up to whole vials of this size; 0 for no rounding.")
    interval_days: PositiveDays = Field(description="Days between infusions.")
    price_per_gram: CostPerGram = Field(description="Price of the product.")
    administration_cost: CostPerInfusion = Field(description="Cost of giving one infusion.")
    onset_lag_days: Days = Field(description="Days from the first infusion until protection begins.")
    protection_days: Days = Field(description="Days for which one infusion protects.")
    infusion_utility_decrement: UtilityDecrement = Field(description="Utility lost on the day of an infusion.")
    adherence: Probability = Field(description="Share of scheduled infusions that are given; the first always is.")


class InfusionReaction(Table):
    """A reaction to an infusion that passes."""

    probability: Probability = Field(description="Probability per infusion.")
    cost: CostPerEvent = Field(description="Cost of one reaction.")
    utility_decrement: UtilityDecrement = Field(description="Utility lost while it lasts.")
    duration_days: Days = Field(description="Days for which utility is lost.")


class Harm(Table):
    """A harm of immunoglobulin that ends it for good."""

    label: Text = Field(description="Name in tables and figures.")
    rate_per_month: RatePerMonth = Field(description="Rate while immunoglobulin is given, beyond that without it.")
    cost: CostPerEvent = Field(description="Cost of one event.")
    utility_decrement: UtilityDecrement = Field(description="Utility lost while it lasts.")
    duration_days: Days = Field(description="Days for which utility is lost.")
    hospital_days: Days = Field(description="Days in hospital.")


class DoseAdjustment(Table):
    """The dose follows the patient: up after a severe infection, down when none comes."""

    step_up_factor: RaisingFactor = Field(description="Factor on the dose at each severe infection.")
    maximum_factor: RaisingFactor = Field(description="Largest multiple of the regimen's dose.")
    step_down_after_months: PositiveMonths = Field(
        description="Months without a severe infection after which the dose goes down."
    )
    step_down_factor: LoweringFactor = Field(description="Factor on the dose when it goes down.")
    stop_after_months: PositiveMonths | None = Field(
        default=None,
        description="Months without a severe infection after which immunoglobulin ends; default never.",
    )
    hr_dose_exponent: Multiplier = Field(
        description="Exponent of the dose multiple that the hazard ratio is raised to; 0 for no effect of dose."
    )


class Immunoglobulin(Regimen):
    """Immunoglobulin replacement: the standard regimen, what it prevents and what harm it does."""

    washout_months: Months = Field(description="Months for which infusions go on after the bispecific has ended.")
    effect: Literal["subject", "marginal"] = Field(
        default="subject",
        description="Whether the hazard ratios hold for a patient (subject), or for a cohort whose frail members "
        "fall ill first (marginal).",
    )
    marginal_follow_up_months: PositiveMonths | None = Field(
        default=None, description="Follow-up of the cohort that a marginal hazard ratio comes from."
    )
    marginal_antimicrobials: Annotated[tuple[Reference, ...], AfterValidator(distinct)] = Field(
        default=(), description="Antimicrobials that the patients of that cohort were given."
    )
    benefit_below_igg_mg_dl: PositiveConcentration | None = Field(
        default=None,
        description="Immunoglobulin prevents infection only while true polyclonal IgG is under this; default always.",
    )
    hr: HazardRatiosByGrade = Field(description="Hazard ratio of infection while protected, for every cause.")
    hr_by_cause: dict[Name, HazardRatiosByGrade] = Field(
        default={}, description="Hazard ratios of single causes, in place of hr."
    )
    reaction: InfusionReaction | None = Field(default=None, description="Infusion reactions; default none.")
    harms: dict[Name, Harm] = Field(default={}, description="Harms that end immunoglobulin for good, by name.")
    dose_adjustment: DoseAdjustment | None = Field(
        default=None, description="How the dose follows the patient; default fixed."
    )


class Viraemia(Table):
    """What a surveillance finds besides the infections that it averts: viraemia that would have gone by itself.

    It makes nobody ill; it is work, and part of it is treated because nobody can tell.
    """

    found_per_month: dict[TargetName, RatePerMonth] = Field(
        min_length=1,
        description="Such viraemias found per month in who is under surveillance, by target; none for one not named.",
    )
    treated_share: Proportion = Field(
        description="Share of them that is treated, each by a course; every viraemia bound for disease is."
    )


class Antimicrobial(Table):
    """One element of an antimicrobial package: prophylaxis, or monitoring with preemptive treatment."""

    label: Text = Field(description="Name in tables and figures.")
    kind: Literal["prophylaxis", "surveillance"] = Field(
        default="prophylaxis",
        description="prophylaxis prevents infections; surveillance finds them on their way and gives each a course.",
    )
    given_to: Reference = Field(
        default=EVERYBODY,
        description='Serostatus of the patients it is given to, one of [patients.serostatus]; or "all".',
    )
    adherence: Probability = Field(description="Share of those patients who take it.")
    start_cost: Cost = Field(description="Screening or visit at the first dose, of everybody under the strategy.")
    cost_per_month: CostPerMonth = Field(description="Cost while it is given.")
    months_after_treatment: Months = Field(description="Months for which it goes on after the bispecific has ended.")
    course_cost: CostPerCourse | None = Field(
        default=None,
        description="Cost of each course of preemptive treatment: of each infection that it averts and of what it "
        "treats beside them (viraemia). A surveillance states it, 0 if courses are free; prophylaxis has none.",
    )
    viraemia: Viraemia | None = Field(
        default=None,
        description="Viraemia that a surveillance finds and that would have made nobody ill; default none is found.",
    )
    hr: dict[Name, HazardRatiosByGrade] = Field(
        min_length=1, description="Hazard ratios of the causes of infection that it prevents."
    )
