"""The format of a scenario file as frozen pydantic models: shape, units and bounds of every field.

Attribute names equal the keys of the file: `scenario.immunoglobulin.hr.grade_3plus.value`. What the parts mean
together is checked in `meaning`; reading files is the business of `load`. Start with `Scenario`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints

from sim.scenario.quantity import CURRENCY, Fault, Quantity, Spec, faulty, shown

RatePerMonth = Annotated[Quantity, Spec("per month", ge=0, le=100)]
RatePerYear = Annotated[Quantity, Spec("per year", ge=0, le=1)]
Probability = Annotated[Quantity, Spec("probability", ge=0, le=1)]
Proportion = Annotated[Quantity, Spec("proportion", ge=0, le=1)]
HazardRatio = Annotated[Quantity, Spec("hazard ratio", ge=0, le=10)]
Multiplier = Annotated[Quantity, Spec("multiplier", ge=0, le=100)]
Variance = Annotated[Quantity, Spec("variance", ge=0, le=100)]
Ratio = Annotated[Quantity, Spec("ratio", ge=0, le=2)]
LogScale = Annotated[Quantity, Spec("log scale", ge=0, le=10)]
Utility = Annotated[Quantity, Spec("utility", ge=-0.6, le=1)]
UtilityDecrement = Annotated[Quantity, Spec("utility", ge=0, le=1)]
Days = Annotated[Quantity, Spec("days", ge=0, le=36525)]
PositiveDays = Annotated[Quantity, Spec("days", gt=0, le=36525)]
Months = Annotated[Quantity, Spec("months", ge=0, le=1200)]
PositiveMonths = Annotated[Quantity, Spec("months", gt=0, le=1200)]
Kilograms = Annotated[Quantity, Spec("kg", ge=0, le=500)]
Concentration = Annotated[Quantity, Spec("mg/dL", ge=0, le=100_000)]
Dose = Annotated[Quantity, Spec("g/kg", gt=0, le=10)]
Grams = Annotated[Quantity, Spec("g", ge=0, le=1000)]
Cost = Annotated[Quantity, Spec(CURRENCY, ge=0)]
CostPerMonth = Annotated[Quantity, Spec(f"{CURRENCY} per month", ge=0)]
CostPerGram = Annotated[Quantity, Spec(f"{CURRENCY} per gram", ge=0)]
CostPerInfusion = Annotated[Quantity, Spec(f"{CURRENCY} per infusion", ge=0)]
CostPerInfection = Annotated[Quantity, Spec(f"{CURRENCY} per infection", ge=0)]
CostPerTest = Annotated[Quantity, Spec(f"{CURRENCY} per test", ge=0)]

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

Q = TypeVar("Q")


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise faulty([Fault((), shown(values), "must increase from left to right")])
    return values


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise faulty([Fault((), shown(names), f"names {', '.join(repeated)} more than once")])
    return names


class Table(BaseModel):
    """A table of the file: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Analysis(Table):
    """The decision problem: where, for whom, over which time, at which price of health."""

    country: Text = Field(description="Country whose prices and practice the scenario describes.")
    perspective: Text = Field(description="Whose costs are counted, e.g. 'US payer'.")
    currency: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")] = Field(
        description="Currency of every price, three capital letters (ISO 4217)."
    )
    price_year: int = Field(strict=True, ge=2000, le=2100, description="Year of the price level.")
    horizon_months: Months = Field(description="Time horizon from the first dose.")
    discount_rate_costs_per_year: RatePerYear = Field(description="Annual discount rate of costs.")
    discount_rate_effects_per_year: RatePerYear = Field(description="Annual discount rate of life and QALYs.")
    wtp_per_qaly: Annotated[
        tuple[Annotated[Number, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_increasing)
    ] = Field(description="Willingness to pay per QALY, in the scenario's currency; increasing.")
    patients: int = Field(strict=True, ge=1, le=10**9, description="Number of simulated patients.")
    seed: int = Field(strict=True, ge=0, le=2**63 - 1, description="Seed of all random numbers.")
    strategies: Annotated[tuple[Name, ...], AfterValidator(_distinct)] | None = Field(
        default=None,
        description="Which of the defined strategies to compare, in this order; default all, in the file's order.",
    )


class Fixed(Table, Generic[Q]):
    """The same value for every patient."""

    distribution: Literal["fixed"] = Field(description="Every patient has the same value.")
    value: Q = Field(description="The value of every patient.")


class Normal(Table, Generic[Q]):
    """Normal between patients, truncated to [min, max]; mean and sd are those before truncation."""

    distribution: Literal["normal"] = Field(description="Normal between patients, truncated to [min, max].")
    mean: Q = Field(description="Mean between patients, before truncation.")
    sd: Q = Field(description="Standard deviation between patients, before truncation.")
    min: Annotated[Number, Field(ge=0)] = Field(description="Smallest value a patient can have.")
    max: Annotated[Number, Field(ge=0)] = Field(description="Largest value a patient can have.")


class Lognormal(Table, Generic[Q]):
    """Lognormal between patients."""

    distribution: Literal["lognormal"] = Field(description="Lognormal between patients.")
    median: Q = Field(description="Median between patients.")
    log_sd: LogScale = Field(description="Standard deviation of the natural logarithm between patients.")


class FixedWeight(Fixed[Kilograms]):
    """The same body weight for every patient."""


class NormalWeight(Normal[Kilograms]):
    """Body weight, normal between patients."""


class LognormalWeight(Lognormal[Kilograms]):
    """Body weight, lognormal between patients."""


class FixedConcentration(Fixed[Concentration]):
    """The same serum concentration for every patient."""


class NormalConcentration(Normal[Concentration]):
    """Serum concentration, normal between patients."""


class LognormalConcentration(Lognormal[Concentration]):
    """Serum concentration, lognormal between patients."""


PatientWeight = Annotated[FixedWeight | NormalWeight | LognormalWeight, Field(discriminator="distribution")]
PatientConcentration = Annotated[
    FixedConcentration | NormalConcentration | LognormalConcentration, Field(discriminator="distribution")
]


class Patients(Table):
    """Who starts treatment: how patients differ at the first step-up dose."""

    weight_kg: PatientWeight = Field(description="Body weight.")
    igg_polyclonal_mg_dl: PatientConcentration = Field(description="Polyclonal IgG at the first dose.")
    igg_type_proportion: Proportion = Field(description="Share of patients whose myeloma makes IgG.")
    m_protein_mg_dl: PatientConcentration = Field(
        description="M-protein at the first dose, in patients whose myeloma makes IgG."
    )
    frailty_variance: Variance = Field(
        description="Variance of the gamma frailty (mean 1) that multiplies every infection rate; 0 for none."
    )


class DeathRates(Table):
    """Rates of death, infections apart."""

    on_treatment: RatePerMonth = Field(description="While the bispecific goes on.")
    off_treatment: RatePerMonth = Field(description="After the bispecific has ended.")


class Treatment(Table):
    """The bispecific antibody: how long it lasts and what it costs."""

    target: Text = Field(description="Target of the bispecific, e.g. BCMA.")
    agents: tuple[Text, ...] = Field(min_length=1, description="Agents that the numbers stand for.")
    stop_rate_per_month: RatePerMonth = Field(
        description="Rate at which the bispecific ends for progression or intolerance, without infection or death."
    )
    death_rate_per_month: DeathRates = Field(description="Death from other causes than infection.")
    drug_cost_per_month: CostPerMonth = Field(description="Price of the bispecific.")
    include_drug_cost: bool = Field(
        default=False, strict=True, description="Whether the price of the bispecific is counted."
    )
    end_of_life_cost: Cost = Field(description="Cost at death, whatever its cause.")


class ByGrade(Table, Generic[Q]):
    """A quantity for mild and for severe infections (CTCAE grades)."""

    grade_1_2: Q = Field(description="Grade 1-2: managed outside hospital.")
    grade_3plus: Q = Field(description="Grade 3 or more: severe, life-threatening or fatal.")


class RatesByGrade(ByGrade[RatePerMonth]):
    """Infection rates by grade."""


class CostsByGrade(ByGrade[CostPerInfection]):
    """Cost of an infection by grade."""


class DaysByGrade(ByGrade[Days]):
    """Days of an infection by grade."""


class DecrementsByGrade(ByGrade[UtilityDecrement]):
    """Utility lost by grade."""


class HazardRatiosByGrade(ByGrade[HazardRatio]):
    """Hazard ratios by grade."""


class SevereProbability(Table):
    """A probability that only severe infections carry."""

    grade_3plus: Probability = Field(description="Grade 3 or more.")


class Cause(Table):
    """One cause of infection: how often it comes without immunoglobulin and what each one does."""

    label: Text = Field(description="Name in tables and figures.")
    rate_per_month: RatesByGrade = Field(
        description="Infections per patient-month on treatment, without immunoglobulin, at frailty 1."
    )
    case_fatality: SevereProbability = Field(description="Probability of dying of one infection.")
    stop_probability: SevereProbability = Field(
        description="Probability that the bispecific ends for good after an infection that was survived."
    )
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


class Immunoglobulin(Table):
    """Immunoglobulin replacement: regimen, prices, and what it prevents."""

    route: Literal["IVIG", "SCIG"] = Field(description="IVIG (intravenous) or SCIG (subcutaneous).")
    dose_g_per_kg: Dose = Field(description="Dose per infusion.")
    vial_size_g: Grams = Field(description="Dose is rounded up to whole vials of this size; 0 for no rounding.")
    interval_days: PositiveDays = Field(description="Days between infusions.")
    price_per_gram: CostPerGram = Field(description="Price of the product.")
    administration_cost: CostPerInfusion = Field(description="Cost of giving one infusion.")
    onset_lag_days: Days = Field(description="Days from the first infusion until protection begins.")
    protection_days: Days = Field(description="Days for which one infusion protects.")
    washout_months: Months = Field(description="Months for which infusions go on after the bispecific has ended.")
    infusion_utility_decrement: UtilityDecrement = Field(description="Utility lost on the day of an infusion.")
    hr: HazardRatiosByGrade = Field(description="Hazard ratio of infection while protected, for every cause.")


class Igg(Table):
    """Immunoglobulin G over time, and how it is measured."""

    suppressed_fraction: Proportion = Field(description="Share of polyclonal IgG production lost on treatment.")
    half_life_days: PositiveDays = Field(description="Half-life of IgG.")
    assay_cv: Ratio = Field(description="Coefficient of variation of one measurement.")
    m_protein_half_life_days: PositiveDays = Field(description="Half-life of the M-protein as myeloma responds.")
    test_cost: CostPerTest = Field(description="Cost of one IgG test.")


class Utilities(Table):
    """Health-state utilities before any decrement."""

    on_treatment: Utility = Field(description="While the bispecific goes on.")
    off_treatment: Utility = Field(description="After the bispecific has ended.")


class Never(Table):
    """Immunoglobulin is never given."""

    rule: Literal["never"] = Field(description="Immunoglobulin is never given.")


class AtStart(Table):
    """Primary prophylaxis."""

    rule: Literal["at_start"] = Field(description="Immunoglobulin starts with the bispecific, whatever the IgG.")


class IggBelow(Table):
    """Preemptive: ordered at the first measured IgG under a threshold."""

    rule: Literal["igg_below"] = Field(description="Ordered at the first measured IgG under the threshold.")
    threshold_mg_dl: Concentration = Field(description="Measured IgG under which immunoglobulin is ordered.")
    delay_days: Days = Field(description="Days from the order to the first infusion.")


class AfterInfections(Table):
    """Secondary: ordered after infections."""

    rule: Literal["after_infections"] = Field(description="Ordered after a number of infections.")
    minimum_grade: Literal["1_2", "3plus"] = Field(description="Lowest grade of infection that counts.")
    count: int = Field(strict=True, ge=1, le=1000, description="Number of infections that triggers the order.")
    within_months: PositiveMonths = Field(description="Months within which they must fall.")
    delay_days: Days = Field(description="Days from the order to the first infusion.")


StartRule = Annotated[Never | AtStart | IggBelow | AfterInfections, Field(discriminator="rule")]


class IggTests(Table):
    """Scheduled IgG tests: one at the first dose and one every interval while treatment goes on."""

    interval_months: PositiveMonths = Field(description="Months between tests.")
    until: Literal["ig_ordered", "treatment_end"] = Field(
        description="Testing ends when immunoglobulin is ordered, or when the bispecific ends."
    )


class Strategy(Table):
    """When immunoglobulin is given."""

    label: Text = Field(description="Name in tables and figures.")
    start: StartRule = Field(description="The rule that starts immunoglobulin.")
    igg_tests: IggTests | None = Field(default=None, description="IgG monitoring; required by the rule igg_below.")


class Scenario(Table):
    """One analysis: everything that a run depends on."""

    format: Literal[1] = Field(description="Version of this file format: 1.")
    title: Text = Field(description="One line.")
    description: str = Field(default="", strict=True, description="What the scenario represents and leaves out.")
    analysis: Analysis = Field(description="The decision problem.")
    patients: Patients = Field(description="Who starts treatment.")
    treatment: Treatment = Field(description="The bispecific antibody.")
    infections: Infections = Field(description="Infections without prophylaxis.")
    immunoglobulin: Immunoglobulin = Field(description="Immunoglobulin replacement.")
    igg: Igg = Field(description="Immunoglobulin G over time and its measurement.")
    utilities: Utilities = Field(description="Health-state utilities.")
    strategies: dict[Name, Strategy] = Field(min_length=1, description="Strategies by name.")

    _source_text: str = PrivateAttr(default="")
    _files: tuple[str, ...] = PrivateAttr(default=())

    @property
    def source_text(self) -> str:
        """The main file, verbatim; empty when the scenario was not read from a file."""
        return self._source_text

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files read: the scenario, then what it extends."""
        return self._files

    @property
    def strategy_names(self) -> tuple[str, ...]:
        """Names of the strategies compared, in order."""
        return self.analysis.strategies or tuple(self.strategies)

    def resolved(self) -> dict[str, Any]:
        """Return the scenario as plain tables with every default filled in; `from_tables` reads them back."""
        tables = self.model_dump(mode="json", exclude_none=True)
        tables["analysis"]["strategies"] = list(self.strategy_names)
        return tables

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the layout, comments and files it was written in."""
        canonical = json.dumps(self.resolved(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def quantities(scenario: Scenario) -> Iterator[tuple[str, Quantity, str]]:
    """Yield every quantity of a scenario, in the order of the format.

    Args:
        scenario: A validated scenario.

    Yields:
        Dotted path in the file, the quantity, and the unit of its field.
    """
    yield from _quantities_below((), scenario)


def _quantities_below(path: tuple[str, ...], node: object) -> Iterator[tuple[str, Quantity, str]]:
    if isinstance(node, Quantity):
        yield ".".join(path), node, node.unit
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _quantities_below((*path, name), getattr(node, name))
    elif isinstance(node, Mapping):
        for name, child in node.items():
            yield from _quantities_below((*path, str(name)), child)
