"""The compiled model: numbers and arrays, nothing that has to be looked up or parsed.

A scenario is what a user writes; a `ClinicalModel` is what an engine needs. Only `sim.build` knows both.
Time is in months (365.25/12 days) from the first step-up dose; rates are per month; grade index 0 is grade 1-2
and 1 is grade 3 or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12.0
GRADES = ("grade_1_2", "grade_3plus")
GRADE_1_2, GRADE_3PLUS = 0, 1


class Event(IntEnum):
    """What an event log records. The value is the order in which events of one instant are listed."""

    INFECTION = 0
    AVERTED = 1
    TREATMENT_STOP = 2
    IGG_TEST = 3
    IG_ORDERED = 4
    INFUSION = 5
    INFECTION_DEATH = 6
    OTHER_DEATH = 7
    HORIZON = 8


class Ending(IntEnum):
    """How a history ends. Exactly one of these befalls every patient under every strategy."""

    HORIZON = 0
    OTHER_DEATH = 1
    INFECTION_DEATH = 2


@dataclass(frozen=True)
class Distribution:
    """How an attribute varies between patients (never parameter uncertainty).

    Attributes:
        kind: fixed (location), normal (mean, sd, cut at low and high) or lognormal (median, sd of the log).
        location: Value, mean or median.
        scale: Standard deviation of the attribute (normal) or of its logarithm (lognormal).
        low: Lower bound of a normal; -inf for none.
        high: Upper bound of a normal; inf for none.
    """

    kind: Literal["fixed", "normal", "lognormal"]
    location: float
    scale: float = 0.0
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Population:
    """Distributions of the baseline attributes; independent of each other."""

    weight_kg: Distribution
    igg_polyclonal_mg_dl: Distribution
    igg_type_proportion: float
    m_protein_mg_dl: Distribution
    frailty_variance: float


@dataclass(frozen=True)
class Treatment:
    """The bispecific course and the deaths no strategy changes."""

    stop_rate: float
    death_rate_on: float
    death_rate_off: float
    drug_cost_per_month: float
    end_of_life_cost: float


@dataclass(frozen=True)
class Infections:
    """Causes of infection, all arrays indexed [cause] or [cause, grade].

    Attributes:
        causes: Names, in scenario order.
        rate: Per month on treatment, without prophylaxis, at frailty 1.
        off_multiplier: Factor on every rate after the bispecific has ended.
        hazard_ratio: Under immunoglobulin protection.
        case_fatality: Of a grade >= 3 infection.
        stop_probability: That a survived grade >= 3 infection ends the bispecific for good.
        cost: Per infection.
        hospital_days: Per infection.
        qaly_loss: Per non-fatal infection, in QALYs.
    """

    causes: tuple[str, ...]
    rate: Floats
    off_multiplier: float
    hazard_ratio: Floats
    case_fatality: Floats
    stop_probability: Floats
    cost: Floats
    hospital_days: Floats
    qaly_loss: Floats

    @property
    def total_rate(self) -> Floats:
        """Rate of candidate infections per cause, both grades, shape (n_causes,)."""
        return np.asarray(self.rate.sum(axis=1), dtype=np.float64)

    @property
    def share_grade_3plus(self) -> Floats:
        """Share of a cause's candidates that are grade >= 3, shape (n_causes,); 0 for a cause without a rate."""
        total = self.total_rate
        return np.divide(self.rate[:, GRADE_3PLUS], total, out=np.zeros_like(total), where=total > 0)


@dataclass(frozen=True)
class Immunoglobulin:
    """One immunoglobulin regimen: dose, timing, price and harm of an infusion."""

    dose_g_per_kg: float
    vial_size_g: float
    interval: float
    onset_lag: float
    protection: float
    washout: float
    price_per_gram: float
    administration_cost: float
    qaly_loss: float


@dataclass(frozen=True)
class Igg:
    """Kinetics of polyclonal IgG under treatment and what the assay makes of it.

    Attributes:
        suppressed_fraction: Share of polyclonal production lost on treatment.
        decay_rate: Of polyclonal IgG, per month (log 2 over the half-life).
        m_protein_decay_rate: Of monoclonal IgG, per month.
        assay_log_sd: Standard deviation of the assay's multiplicative error on the log scale.
        test_cost: Per test.
    """

    suppressed_fraction: float
    decay_rate: float
    m_protein_decay_rate: float
    assay_log_sd: float
    test_cost: float


@dataclass(frozen=True)
class Strategy:
    """When immunoglobulin starts and which IgG tests are taken, as data.

    Attributes:
        name: As in the scenario.
        label: For people.
        rule: never, at_start, igg_below or after_infections.
        threshold_mg_dl: Measured IgG under which igg_below orders; nan for other rules.
        delay: Months from order to first infusion.
        minimum_grade: Lowest grade index that counts for after_infections.
        count: Infections needed within the window for after_infections.
        within: Window in months for after_infections.
        test_interval: Months between IgG tests; inf for no tests.
        test_until_ordered: True: testing ends with the order of immunoglobulin; False: with treatment.
    """

    name: str
    label: str
    rule: Literal["never", "at_start", "igg_below", "after_infections"]
    threshold_mg_dl: float = np.nan
    delay: float = 0.0
    minimum_grade: int = GRADE_3PLUS
    count: int = 1
    within: float = np.inf
    test_interval: float = np.inf
    test_until_ordered: bool = True


@dataclass(frozen=True)
class ClinicalModel:
    """Everything an engine and the accrual need; one parameter draw of one scenario.

    Attributes:
        horizon: Months; an event at exactly the horizon does not happen.
        discount_costs: Continuous rate per month, log(1 + annual rate) / 12.
        discount_effects: The same for health.
        utility_on: Utility while on the bispecific.
        utility_off: Utility after it.
    """

    horizon: float
    discount_costs: float
    discount_effects: float
    utility_on: float
    utility_off: float
    population: Population
    treatment: Treatment
    infections: Infections
    immunoglobulin: Immunoglobulin
    igg: Igg
    strategies: tuple[Strategy, ...]


@dataclass(frozen=True)
class Baseline:
    """Attributes of patients at t = 0 and the luck of their exits, each of shape (n_patients,).

    Attributes:
        patient: Patient numbers, from 0.
        weight_kg: Body weight.
        igg_mg_dl: Polyclonal IgG at t = 0.
        m_protein_mg_dl: Monoclonal IgG at t = 0; 0 unless the myeloma is of IgG type.
        frailty: Multiplier of all infection rates, mean 1.
        stop_time: Month at which the bispecific ends unless an infection ends it before; may be inf.
        death_hazard: Cumulative hazard of death without infection at which this patient dies.
    """

    patient: Integers
    weight_kg: Floats
    igg_mg_dl: Floats
    m_protein_mg_dl: Floats
    frailty: Floats
    stop_time: Floats
    death_hazard: Floats
