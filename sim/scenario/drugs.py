"""The bispecific antibodies: targets, agents, the course of treatment, and what starting it takes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from sim.scenario.fields import (
    Concentration,
    Cost,
    CostPerDay,
    CostPerMonth,
    DaysByGrade,
    DecrementsByGrade,
    DrugDose,
    EventCostsByGrade,
    Hours,
    Months,
    Multiplier,
    MultipliersByGrade,
    Number,
    ProbabilitiesByGrade,
    Proportion,
    RatePerMonth,
    Reference,
    Table,
    Text,
)
from sim.scenario.life_table import LifeTable
from sim.scenario.periods import StartMonth, in_order
from sim.scenario.quantity import Fault, Quantity, faulty

HOURS_PER_DAY = 24


class HazardPeriod(Table):
    """A stretch of time since the first dose in which every infection rate is multiplied."""

    from_month: StartMonth = Field(description="Month in which the period begins.")
    multiplier: Multiplier = Field(description="Factor on every infection rate.")


CONSTANT = HazardPeriod(
    from_month=0.0, multiplier=Quantity(value=1, unit="multiplier", source="assumption: constant hazard")
)


class Target(Table):
    """A target antigen: what hitting it does to immunoglobulin production and to infection over time."""

    label: Text = Field(description="Name in tables and figures.")
    suppressed_fraction: Proportion = Field(
        description="Share of polyclonal immunoglobulin production lost on treatment."
    )
    recovery_start_months: Months = Field(description="Month on treatment from which production recovers.")
    recovered_fraction: Proportion = Field(
        description="Part of the lost share that comes back from that month on; 0 for no recovery on treatment."
    )
    therapeutic_antibody_mg_dl: Concentration = Field(
        description="Bispecific antibody that the IgG assay counts while on treatment."
    )
    hazard_periods: Annotated[tuple[HazardPeriod, ...], Field(min_length=1), AfterValidator(in_order)] = Field(
        default=(CONSTANT,),
        description="Factors on every infection rate by time since the first dose; default one period, factor 1.",
    )


class StepUpDose(Table):
    """One dose of the schedule by which an agent is started, and the stay in hospital after it."""

    day: Annotated[Number, Field(ge=0, le=366)] = Field(
        description="Days from the first dose, which is on day 0 (a label calls it day 1)."
    )
    dose: DrugDose = Field(
        description='The dose and its unit, mg or mg/kg, such as "12 mg"; shown, not counted with.'
    )
    hospital_hours: Hours = Field(description="Hours in hospital after this dose; 0 for none.")


def _one_after_the_other(doses: Sequence[StepUpDose]) -> Sequence[StepUpDose]:
    faults = []
    if doses and doses[0].day != 0:
        faults.append(Fault(("1", "day"), f"{doses[0].day:g}", "must be 0 at the first dose"))
    for place, (before, after) in enumerate(pairwise(doses), start=2):
        if after.day <= before.day:
            allowed = f"must be later than the dose before, {before.day:g}"
            faults.append(Fault((str(place), "day"), f"{after.day:g}", allowed))
        elif before.hospital_hours.value > (room := HOURS_PER_DAY * (after.day - before.day)):
            found, allowed = f"{before.hospital_hours.value:g}", f"must end by the next dose, {room:g} hours later"
            faults.append(Fault((str(place - 1), "hospital_hours"), found, allowed))
    if faults:
        raise faulty(faults)
    return doses


class Agent(Table):
    """One bispecific antibody."""

    label: Text = Field(description="Name in tables and figures.")
    target: Reference = Field(description="Name of its target, one of [targets].")
    stop_rate_per_month: RatePerMonth = Field(
        description="Rate at which the bispecific ends for progression or intolerance, without infection or death."
    )
    drug_cost_per_month: CostPerMonth = Field(description="Price of the bispecific.")
    step_up: Annotated[tuple[StepUpDose, ...], AfterValidator(_one_after_the_other)] = Field(
        description="Doses by which it is started, in order of day; [] for none."
    )
    crs: ProbabilitiesByGrade | None = Field(
        default=None, description="Probability of cytokine release syndrome by highest grade; needs [crs]."
    )
    icans: ProbabilitiesByGrade | None = Field(
        default=None, description="Probability of neurotoxicity (ICANS) by highest grade; needs [icans]."
    )


class DeathRates(Table):
    """Rates of death, infections apart."""

    on_treatment: RatePerMonth = Field(description="While the bispecific goes on.")
    off_treatment: RatePerMonth = Field(description="After the bispecific has ended.")


class ReducedFrequency(Table):
    """Responders have the bispecific less often from some month on."""

    from_month: Months = Field(description="Month on treatment from which responders have it less often.")
    infection_multiplier: Multiplier = Field(description="Factor on every infection rate from then on.")
    drug_cost_multiplier: Multiplier = Field(description="Factor on the price of the bispecific from then on.")


class Treatment(Table):
    """The course of treatment, whichever the bispecific."""

    death_rate_per_month: DeathRates = Field(description="Death from other causes than infection.")
    life_table: LifeTable | None = Field(
        default=None, description="Deaths of the general population, added to both rates; default none."
    )
    include_drug_cost: bool = Field(
        default=False, strict=True, description="Whether the price of the bispecific is counted."
    )
    hospital_day_cost: CostPerDay = Field(description="Cost of one hospital day of step-up dosing.")
    end_of_life_cost: Cost = Field(description="Cost at death, whatever its cause.")
    reduced_frequency: ReducedFrequency | None = Field(
        default=None, description="Less frequent dosing of responders; default none."
    )


class AcuteToxicity(Table):
    """What one episode of cytokine release syndrome, or of neurotoxicity, does."""

    cost: EventCostsByGrade = Field(description="Cost of one episode, the step-up stay apart.")
    utility_decrement: DecrementsByGrade = Field(description="Utility lost while it lasts.")
    duration_days: DaysByGrade = Field(description="Days for which utility is lost.")
    hospital_days: DaysByGrade = Field(description="Days in hospital beyond the step-up stay.")


class Tocilizumab(Table):
    """One prophylactic dose of tocilizumab before step-up dosing, in strategies that give it."""

    crs_multiplier: MultipliersByGrade = Field(
        description="Factor on the probabilities of cytokine release syndrome."
    )
    icans_multiplier: MultipliersByGrade = Field(description="Factor on the probabilities of neurotoxicity.")
    cost: Cost = Field(description="Cost of the dose.")
    infection_multiplier: Multiplier = Field(description="Factor on every infection rate for a time after the dose.")
    infection_months: Months = Field(description="Months for which that factor holds.")
