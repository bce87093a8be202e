"""Strategies: when immunoglobulin starts, which tests are taken, and what else a patient is given.

A start rule is one of four simple ones, or conditions joined by `any_of` or `all_of`, which may be nested.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from sim.scenario.fields import Concentration, Days, Name, PositiveMonths, Reference, Table, Text, distinct

# The regimen of [immunoglobulin].
STANDARD: Final = "standard"

Grade = Literal["1_2", "3plus"]
Count = Annotated[int, Field(strict=True, ge=1, le=1000)]


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
    minimum_grade: Grade = Field(description="Lowest grade of infection that counts.")
    count: Count = Field(description="Number of infections that triggers the order.")
    within_months: PositiveMonths = Field(description="Months within which they must fall.")
    delay_days: Days = Field(description="Days from the order to the first infusion.")


class IggLow(Table):
    """The latest measured IgG is under a threshold."""

    kind: Literal["igg_below"] = Field(description="The latest measured IgG is under the threshold.")
    threshold_mg_dl: Concentration = Field(description="Threshold of measured IgG.")


class IgaLow(Table):
    """The latest measured IgA is under a threshold."""

    kind: Literal["iga_below"] = Field(description="The latest measured IgA is under the threshold.")
    threshold_mg_dl: Concentration = Field(description="Threshold of measured IgA.")


class IgmLow(Table):
    """The latest measured IgM is under a threshold."""

    kind: Literal["igm_below"] = Field(description="The latest measured IgM is under the threshold.")
    threshold_mg_dl: Concentration = Field(description="Threshold of measured IgM.")


class Infectious(Table):
    """Infections have come, so many within so long."""

    kind: Literal["infections"] = Field(description="A number of infections has come.")
    minimum_grade: Grade = Field(description="Lowest grade of infection that counts.")
    count: Count = Field(description="Number of infections.")
    within_months: PositiveMonths = Field(description="Months within which they must fall.")


class DespiteProphylaxis(Table):
    """An infection has come although an antimicrobial in force covers its cause."""

    kind: Literal["despite_prophylaxis"] = Field(
        description="An infection has come of a cause that an antimicrobial in force covers."
    )
    minimum_grade: Grade = Field(description="Lowest grade of infection that counts.")


class AntiCd38(Table):
    """The patient had an anti-CD38 antibody before."""

    kind: Literal["anti_cd38"] = Field(description="The patient had an anti-CD38 antibody before.")


class Group(Table):
    """Conditions that are joined."""

    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)] = Field(description="The conditions joined.")


class AnyOfThese(Group):
    """Inside another rule: at least one of the conditions holds."""

    kind: Literal["any_of"] = Field(description="At least one of the conditions holds.")


class AllOfThese(Group):
    """Inside another rule: all of the conditions hold at once."""

    kind: Literal["all_of"] = Field(description="All of the conditions hold at once.")


class AnyOf(Group):
    """Ordered as soon as one of several conditions holds."""

    rule: Literal["any_of"] = Field(description="Ordered as soon as one of the conditions holds.")
    delay_days: Days = Field(description="Days from the order to the first infusion.")


class AllOf(Group):
    """Ordered as soon as several conditions hold at once."""

    rule: Literal["all_of"] = Field(description="Ordered as soon as all of the conditions hold at once.")
    delay_days: Days = Field(description="Days from the order to the first infusion.")


Measured = IggLow | IgaLow | IgmLow
Leaf = Measured | Infectious | DespiteProphylaxis | AntiCd38
Condition = Annotated[Leaf | AnyOfThese | AllOfThese, Field(discriminator="kind")]
StartRule = Annotated[Never | AtStart | IggBelow | AfterInfections | AnyOf | AllOf, Field(discriminator="rule")]

for joined in (Group, AnyOfThese, AllOfThese, AnyOf, AllOf):
    joined.model_rebuild()


class IggTests(Table):
    """Scheduled tests of IgG, IgA and IgM: at the first dose and every interval while treatment goes on."""

    interval_months: PositiveMonths = Field(description="Months between tests.")
    until: Literal["ig_ordered", "treatment_end"] = Field(
        description="Testing ends when immunoglobulin is ordered, or when the bispecific ends."
    )


class Strategy(Table):
    """When immunoglobulin is given, how, and what goes with it."""

    label: Text = Field(description="Name in tables and figures.")
    start: StartRule = Field(description="The rule that starts immunoglobulin.")
    igg_tests: IggTests | None = Field(
        default=None, description="Monitoring of immunoglobulins; required by every rule that looks at them."
    )
    regimen: Reference = Field(
        default=STANDARD, description='One of [regimens]; "standard" is that of [immunoglobulin].'
    )
    antimicrobials: Annotated[tuple[Name, ...], AfterValidator(distinct)] = Field(
        default=(), description="The antimicrobial package: names of [antimicrobials]."
    )
    tocilizumab: bool = Field(
        default=False, strict=True, description="Whether tocilizumab is given before step-up dosing."
    )
