"""The format of a scenario file as frozen pydantic models: shape, units and bounds of every field.

Attribute names equal the keys of the file: `scenario.immunoglobulin.hr.grade_3plus.value`. The tables of each part
live in a module of their own and are gathered here. What the parts mean together is checked in `meaning`; reading
files is the business of `load`. Start with `Scenario`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, StringConstraints

from sim.scenario.calibration import Calibration
from sim.scenario.drugs import (
    AcuteToxicity,
    Agent,
    DeathRates,
    HazardPeriod,
    ReducedFrequency,
    Target,
    Tocilizumab,
    Treatment,
)
from sim.scenario.fields import (
    ByGrade,
    Months,
    Name,
    Number,
    RatePerYear,
    Table,
    TargetName,
    Text,
    Utility,
    distinct,
    increasing,
)
from sim.scenario.infections import Cause, Infections
from sim.scenario.laboratory import Igg, Laboratory
from sim.scenario.people import CORRELATED, Correlation, Fixed, Lognormal, Normal, Patients
from sim.scenario.posterior import Posterior
from sim.scenario.programme import Programme
from sim.scenario.prophylaxis import Antimicrobial, DoseAdjustment, Harm, Immunoglobulin, InfusionReaction, Regimen
from sim.scenario.quantity import Quantity, Standing
from sim.scenario.strategies import (
    AfterInfections,
    AllOf,
    AllOfThese,
    AntiCd38,
    AnyOf,
    AnyOfThese,
    AtStart,
    Condition,
    DespiteProphylaxis,
    IgaLow,
    IggBelow,
    IggLow,
    IggTests,
    IgmLow,
    Infectious,
    Leaf,
    Measured,
    Never,
    StartRule,
    Strategy,
)
from sim.scenario.trials import Trial
from sim.scenario.uncertainty import Psa, RankCorrelation, Subgroup, TwoArmTrial, Voi

__all__ = [
    "CORRELATED",
    "AcuteToxicity",
    "AfterInfections",
    "Agent",
    "AllOf",
    "AllOfThese",
    "Analysis",
    "AntiCd38",
    "Antimicrobial",
    "AnyOf",
    "AnyOfThese",
    "AtStart",
    "ByGrade",
    "Calibration",
    "Cause",
    "Condition",
    "Correlation",
    "DeathRates",
    "DespiteProphylaxis",
    "DoseAdjustment",
    "Fixed",
    "Harm",
    "HazardPeriod",
    "IgaLow",
    "Igg",
    "IggBelow",
    "IggLow",
    "IggTests",
    "IgmLow",
    "Immunoglobulin",
    "Infections",
    "Infectious",
    "InfusionReaction",
    "Laboratory",
    "Leaf",
    "Lognormal",
    "Measured",
    "Never",
    "Normal",
    "Patients",
    "Posterior",
    "Programme",
    "Psa",
    "Quantity",
    "RankCorrelation",
    "ReducedFrequency",
    "Regimen",
    "Scenario",
    "StartRule",
    "Strategy",
    "Subgroup",
    "Target",
    "Tocilizumab",
    "Treatment",
    "Trial",
    "TwoArmTrial",
    "Utilities",
    "Voi",
    "quantities",
]


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
        tuple[Annotated[Number, Field(ge=0)], ...], Field(min_length=1), AfterValidator(increasing)
    ] = Field(description="Willingness to pay per QALY, in the scenario's currency; increasing.")
    patients: int = Field(strict=True, ge=1, le=10**9, description="Number of simulated patients.")
    seed: int = Field(strict=True, ge=0, le=2**63 - 1, description="Seed of all random numbers.")
    strategies: Annotated[tuple[Name, ...], AfterValidator(distinct)] | None = Field(
        default=None,
        description="Which of the defined strategies to compare, in this order; default all, in the file's order.",
    )


class Utilities(Table):
    """Health-state utilities before any decrement."""

    on_treatment: Utility = Field(description="While the bispecific goes on.")
    off_treatment: Utility = Field(description="After the bispecific has ended.")


class Scenario(Table):
    """One analysis: everything that a run depends on."""

    format: Literal[1] = Field(description="Version of this file format: 1.")
    title: Text = Field(description="One line.")
    description: str = Field(default="", strict=True, description="What the scenario represents and leaves out.")
    analysis: Analysis = Field(description="The decision problem.")
    patients: Patients = Field(description="Who starts treatment.")
    targets: dict[TargetName, Target] = Field(min_length=1, description="Target antigens by name, e.g. BCMA.")
    agents: dict[Name, Agent] = Field(min_length=1, description="Bispecific antibodies by name.")
    treatment: Treatment = Field(description="The course of treatment.")
    crs: AcuteToxicity | None = Field(default=None, description="Cytokine release syndrome; needed by agents.*.crs.")
    icans: AcuteToxicity | None = Field(default=None, description="Neurotoxicity; needed by agents.*.icans.")
    tocilizumab: Tocilizumab | None = Field(
        default=None, description="Prophylactic tocilizumab; needed by strategies that give it."
    )
    infections: Infections = Field(description="Infections without prophylaxis.")
    immunoglobulin: Immunoglobulin = Field(description="Immunoglobulin replacement.")
    regimens: dict[Name, Regimen] = Field(
        default={}, description="Other ways of giving immunoglobulin, by name; strategies choose."
    )
    antimicrobials: dict[Name, Antimicrobial] = Field(
        default={}, description="Antimicrobial prophylaxis by name; strategies choose."
    )
    igg: Igg = Field(description="Immunoglobulins over time and their measurement.")
    laboratory: Laboratory | None = Field(
        default=None, description="Laboratory work that a prior anti-CD38 antibody makes; default none."
    )
    utilities: Utilities = Field(description="Health-state utilities.")
    strategies: dict[Name, Strategy] = Field(min_length=1, description="Strategies by name.")
    psa: Psa = Field(default_factory=Psa, description="Draws, correlations and groups of the probabilistic analysis.")
    voi: Voi | None = Field(default=None, description="Value of research; default: per patient only.")
    subgroups: dict[Name, Subgroup] = Field(
        default={}, description="Patients for whom a decision of their own is considered, by name."
    )
    calibration: Calibration | None = Field(default=None, description="Published data to fit; default none.")
    trials: dict[Name, Trial] = Field(
        default={}, description="Studies of these patients, by name, played by igsim trial."
    )
    programme: Programme | None = Field(
        default=None, description="An infusion programme with chairs and supply, played by igsim capacity."
    )

    _posteriors: tuple[Posterior, ...] = PrivateAttr(default=())
    _source_text: str = PrivateAttr(default="")
    _files: tuple[str, ...] = PrivateAttr(default=())
    _kept: tuple[str, ...] = PrivateAttr(default=())

    @property
    def posteriors(self) -> tuple[Posterior, ...]:
        """Tables of draws that empirical quantities take their values from."""
        return self._posteriors

    @property
    def beside(self) -> tuple[str, ...]:
        """Names of the files that the scenario is read with, in its own folder or below: life table, draws."""
        table = self.treatment.life_table
        named = (table.file,) if table and table.file else ()
        return (*named, *(posterior.file for posterior in self.posteriors))

    @property
    def source_text(self) -> str:
        """The main file, verbatim; empty when the scenario was not read from a file."""
        return self._source_text

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files read: the scenario, then what it extends."""
        return self._files

    @property
    def kept(self) -> tuple[str, ...]:
        """What the file keeps of one that it extends and has changed the grounds of, see `sim.scenario.inherited`."""
        return self._kept

    @property
    def strategy_names(self) -> tuple[str, ...]:
        """Names of the strategies compared, in order."""
        return self.analysis.strategies or tuple(self.strategies)

    @property
    def is_limited(self) -> bool:
        """Whether patients compete for chairs or immunoglobulin, so that they cannot be played one by one."""
        return self.programme is not None and self.programme.limits

    def without_programme(self) -> Scenario:
        """The same patients, one by one: nobody waits and nothing runs short."""
        return self.model_copy(update={"programme": None})

    def resolved(self) -> dict[str, Any]:
        """Return the scenario as plain tables with every default filled in; `from_tables` reads them back."""
        tables = self.model_dump(mode="json", exclude_none=True)
        tables["analysis"]["strategies"] = list(self.strategy_names)
        return tables

    @property
    def digest(self) -> str:
        """SHA-256 of the content, whatever the layout, comments and files it was written in."""
        canonical = json.dumps(self.resolved(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        content = hashlib.sha256(canonical.encode("ascii"))
        for posterior in self.posteriors:
            content.update(posterior.sha256.encode("ascii"))
        return content.hexdigest()


def quantities(scenario: Scenario) -> Iterator[tuple[str, Quantity, str]]:
    """Yield every quantity of a scenario, in the order of the format.

    Args:
        scenario: A validated scenario.

    Yields:
        Dotted path in the file (members of a list by their position, from 1), the quantity, the unit of its field.
    """
    yield from _quantities_below((), scenario)


STANDING_WORDS: Final[Mapping[Standing, str]] = {
    "assumption": "are assumptions without a direct source",
    "recalled": "recalled and not checked",
    "no source": "without any source",
}


def standing_words(scenario: Scenario) -> str:
    """How many inputs of a scenario are no evidence: a sentence without its full stop."""
    counts = Counter(quantity.standing for _, quantity, _ in quantities(scenario))
    kinds = [kind for kind in STANDING_WORDS if counts[kind] or kind == "assumption"]
    return f"Of {counts.total()} inputs " + ", ".join(f"{counts[kind]} {STANDING_WORDS[kind]}" for kind in kinds)


def _quantities_below(path: tuple[str, ...], node: object) -> Iterator[tuple[str, Quantity, str]]:
    if isinstance(node, Quantity):
        yield ".".join(path), node, node.unit
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _quantities_below((*path, name), getattr(node, name))
    elif isinstance(node, Mapping):
        for name, child in node.items():
            yield from _quantities_below((*path, str(name)), child)
    elif isinstance(node, tuple):
        for position, child in enumerate(node, start=1):
            yield from _quantities_below((*path, str(position)), child)
