"""What is given against the myeloma, and what its start brings: targets, agents, CRS and ICANS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts.life_table import LifeTable


@dataclass(frozen=True)
class Target:
    """What a bispecific aims at, and what that does to immunity.

    Attributes:
        name: As in the scenario.
        suppressed_fraction: Share of polyclonal production lost on treatment.
        recovery_start: Month from which production recovers; inf for never.
        recovered_fraction: Share of the loss that is recovered from then on.
        therapeutic_antibody_mg_dl: Counted by the IgG assay on treatment.
        period_starts: Months at which hazard periods begin, the first 0.
        period_multipliers: Factor on every infection rate in each period.
    """

    name: str
    suppressed_fraction: float
    recovery_start: float = np.inf
    recovered_fraction: float = 0.0
    therapeutic_antibody_mg_dl: float = 0.0
    period_starts: tuple[float, ...] = (0.0,)
    period_multipliers: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class StepUpDose:
    """One dose of the start of treatment, and the stay in hospital that follows it.

    Attributes:
        month: When it is due.
        label: The dose in words, with its unit.
        hospital_days: Days in hospital from the dose on.
    """

    month: float
    label: str
    hospital_days: float


@dataclass(frozen=True)
class Agent:
    """A bispecific antibody.

    Attributes:
        name: As in the scenario.
        target: Index of its target.
        stop_rate: End of treatment for progression or intolerance, per month.
        drug_cost_per_month: Price; 0 where the drug is not counted.
        step_up: Doses of the start, in order of month.
        crs: Probability of cytokine release syndrome by grade.
        icans: Probability of neurotoxicity by grade.
    """

    name: str
    target: int
    stop_rate: float
    drug_cost_per_month: float = 0.0
    step_up: tuple[StepUpDose, ...] = ()
    crs: tuple[float, float] = (0.0, 0.0)
    icans: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Treatment:
    """Deaths no strategy changes, and what the bispecific costs beside its price.

    Attributes:
        death_rate_on: Death without infection on treatment, per month.
        death_rate_off: The same after treatment.
        end_of_life_cost: At any death before the horizon.
        hospital_day_cost: Of a step-up day.
        reduced_from: Month from which responders are dosed less often; inf for never.
        reduced_infection_multiplier: Factor on their infection rates from then on.
        reduced_drug_multiplier: Factor on their drug cost from then on.
        life_table: Deaths of the general population, added to both death rates; None for none.
    """

    death_rate_on: float
    death_rate_off: float
    end_of_life_cost: float = 0.0
    hospital_day_cost: float = 0.0
    reduced_from: float = np.inf
    reduced_infection_multiplier: float = 1.0
    reduced_drug_multiplier: float = 1.0
    life_table: LifeTable | None = None


@dataclass(frozen=True)
class Toxicity:
    """Cost and harm of a CRS or an ICANS, by grade."""

    cost: tuple[float, float] = (0.0, 0.0)
    qaly_loss: tuple[float, float] = (0.0, 0.0)
    hospital_days: tuple[float, float] = (0.0, 0.0)


NO_TOXICITY = Toxicity()


@dataclass(frozen=True)
class Tocilizumab:
    """Prophylaxis of CRS: factors on the probabilities by grade, cost, and an optional effect on infection."""

    crs_multiplier: tuple[float, float] = (1.0, 1.0)
    icans_multiplier: tuple[float, float] = (1.0, 1.0)
    cost: float = 0.0
    infection_multiplier: float = 1.0
    infection_months: float = 0.0


NO_TOCILIZUMAB = Tocilizumab()
