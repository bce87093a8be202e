"""The compiled model: numbers and arrays, nothing that has to be looked up or parsed.

A scenario is what a user writes; a `ClinicalModel` is what an engine needs. Only `sim.build` knows both.
Time is in months (365.25/12 days) from the first step-up dose; rates are per month; grade index 0 is grade 1-2
and 1 is grade 3 or more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

from sim.model.parts import (
    NO_TOCILIZUMAB,
    NO_TOXICITY,
    NO_WORK_UP,
    Agent,
    Antimicrobial,
    Booleans,
    Floats,
    Igg,
    Immunoglobulin,
    Infections,
    Integers,
    Laboratory,
    Population,
    Regimen,
    Strategy,
    Target,
    Tocilizumab,
    Toxicity,
    Treatment,
)


class Event(IntEnum):
    """What an event log records. The value is the order in which events of one instant are listed."""

    STEP_UP = 0
    CRS = 1
    ICANS = 2
    INFECTION = 3
    AVERTED = 4
    COURSE = 5
    TREATMENT_STOP = 6
    IGG_TEST = 7
    IG_ORDERED = 8
    IG_HARM = 9
    IG_STOPPED = 10
    INFUSION = 11
    INFECTION_DEATH = 12
    OTHER_DEATH = 13
    HORIZON = 14


class Ending(IntEnum):
    """How a history ends. Exactly one of these befalls every patient under every strategy."""

    HORIZON = 0
    OTHER_DEATH = 1
    INFECTION_DEATH = 2


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
    targets: tuple[Target, ...]
    agents: tuple[Agent, ...]
    treatment: Treatment
    infections: Infections
    immunoglobulin: Immunoglobulin
    regimens: tuple[Regimen, ...]
    igg: Igg
    strategies: tuple[Strategy, ...]
    antimicrobials: tuple[Antimicrobial, ...] = ()
    crs: Toxicity = NO_TOXICITY
    icans: Toxicity = NO_TOXICITY
    tocilizumab: Tocilizumab = NO_TOCILIZUMAB
    laboratory: Laboratory = NO_WORK_UP


@dataclass(frozen=True)
class Baseline:
    """Patients at t = 0 with the luck of everything that is settled then; arrays of shape (n_patients,).

    Attributes:
        patient: Patient numbers, from 0.
        agent: Agent index.
        target: Target index.
        weight_kg: Body weight.
        igg_mg_dl: Polyclonal IgG at t = 0.
        iga_mg_dl: IgA at t = 0.
        igm_mg_dl: IgM at t = 0.
        m_protein_mg_dl: Monoclonal IgG at t = 0; 0 unless the myeloma is of IgG type.
        frailty: Multiplier of all infection rates, mean 1.
        anti_cd38: Whether exposed before.
        responder: Whether dosed less often later.
        age_years: Age at t = 0; 0 where the scenario has no ages.
        male: Whether a man; False where the scenario has no sexes.
        positive: Serostatus, [serostatus, patient].
        takes: Whether the patient would take each antimicrobial, [antimicrobial, patient].
        stop_time: Month at which the bispecific ends unless an infection ends it before; may be inf.
        death_hazard: Cumulative hazard of death without infection at which this patient dies.
        harm_delay: Months of immunoglobulin after which a harm ends it; inf for never.
        harm: Which harm that is.
        crs_mark: Uniform luck of CRS.
        icans_mark: Uniform luck of ICANS.
    """

    patient: Integers
    agent: Integers
    target: Integers
    weight_kg: Floats
    igg_mg_dl: Floats
    iga_mg_dl: Floats
    igm_mg_dl: Floats
    m_protein_mg_dl: Floats
    frailty: Floats
    anti_cd38: Booleans
    responder: Booleans
    age_years: Floats
    male: Booleans
    positive: Booleans
    takes: Booleans
    stop_time: Floats
    death_hazard: Floats
    harm_delay: Floats
    harm: Integers
    crs_mark: Floats
    icans_mark: Floats

    def pick(self, column: Integers) -> Baseline:
        """The patients of the given columns."""
        return Baseline(**{f.name: getattr(self, f.name)[..., column] for f in fields(self)})
