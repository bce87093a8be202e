"""What a scenario says of its own uncertainty: draws, correlations, groups of parameters, the value of research.

The spread of each number stands with the number; here is what concerns several at once.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from sim.scenario.fields import (
    Cost,
    CostPerPatient,
    Name,
    Number,
    PatientsPerYear,
    PositiveMonths,
    RatePerYear,
    Table,
    Text,
    Years,
    distinct,
)


class RankCorrelation(Table):
    """How strongly two uncertain quantities go together (Gaussian copula)."""

    between: Annotated[tuple[Text, Text], AfterValidator(distinct)] = Field(
        description="Dotted paths of two quantities that have a distribution of their own."
    )
    spearman: Annotated[Number, Field(gt=-1, lt=1)] = Field(description="Spearman's rank correlation of the draws.")
    source: Text = Field(description="Where it comes from.")


class Psa(Table):
    """The probabilistic analysis."""

    draws: int = Field(default=1000, strict=True, ge=2, le=10**6, description="Number of parameter draws.")
    correlations: tuple[RankCorrelation, ...] = Field(
        default=(), description="Quantities that go together; all others are drawn independently."
    )
    groups: dict[Name, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(
        default={},
        description="Groups of quantities that research would inform together: name to dotted paths, where * stands "
        "for any part of a path.",
    )


class TwoArmTrial(Table):
    """A trial that randomises patients between two of the strategies and counts first severe infections."""

    label: Text = Field(description="What is compared, in words.")
    control: Name = Field(description="Strategy of the control arm.")
    treatment: Name = Field(description="Strategy of the other arm.")
    follow_up_months: PositiveMonths = Field(description="Follow-up of every patient.")
    fixed_cost: Cost = Field(description="Cost of running the trial at all.")
    cost_per_patient: CostPerPatient = Field(description="Cost of each patient, in either arm.")
    recruited_per_year: PatientsPerYear = Field(description="Patients who join in a year, both arms together.")


class Voi(Table):
    """Whom the decision concerns, and what research could be done."""

    patients_per_year: PatientsPerYear = Field(description="New patients a year who face the decision.")
    years: Years = Field(description="How long the decision stays relevant.")
    discount_rate_per_year: RatePerYear = Field(description="Annual discount rate of the value of information.")
    designs: dict[Name, TwoArmTrial] = Field(default={}, description="Trials by name.")


class Subgroup(Table):
    """Patients of a kind, told by their state at the first dose."""

    label: Text = Field(description="In words.")
    patients: Text = Field(
        description="Condition: NAME<NUMBER (or <=, >, >=) of weight_kg, igg_mg_dl, iga_mg_dl, igm_mg_dl or "
        "m_protein_mg_dl; agent=NAME; target=NAME; or NAME=yes or no of anti_cd38, responder or a serostatus."
    )
