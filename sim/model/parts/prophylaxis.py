"""What prevents infections: immunoglobulin, by which regimen, and antimicrobials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts.units import Floats


@dataclass(frozen=True)
class DoseAdjustment:
    """How the dose answers to the course.

    Attributes:
        step_up: Factor on the dose at each serious infection after the first infusion.
        maximum: Largest factor reached by stepping up.
        down_after: Months without serious infection after which the dose is reduced; inf for never.
        down: Factor on the dose then.
        stop_after: Months without serious infection after which immunoglobulin ends for good; inf for never.
        exponent: The hazard ratio at dose factor f is hr ** (f ** exponent); 0 for no dependence.
    """

    step_up: float = 1.0
    maximum: float = 1.0
    down_after: float = np.inf
    down: float = 1.0
    stop_after: float = np.inf
    exponent: float = 0.0


CONSTANT_DOSE = DoseAdjustment()


@dataclass(frozen=True)
class Regimen:
    """One way of giving immunoglobulin: dose, timing, price and harm of an infusion.

    Attributes:
        route: IVIG or SCIG.
        dose_g_per_kg: Dose.
        vial_size_g: Doses are rounded up to whole vials; 0 for no rounding.
        interval: Months between infusions.
        onset_lag: Months from the first infusion to protection.
        protection: Months for which an infusion protects.
        price_per_gram: Product.
        administration_cost: Per infusion.
        qaly_loss: Per infusion, the day spent on it.
        adherence: Probability that an infusion after the first is given.
    """

    route: str
    dose_g_per_kg: float
    vial_size_g: float
    interval: float
    onset_lag: float
    protection: float
    price_per_gram: float
    administration_cost: float
    qaly_loss: float
    adherence: float = 1.0


@dataclass(frozen=True)
class Harm:
    """An adverse event of immunoglobulin that ends it: per month while the course runs."""

    name: str
    rate: float
    cost: float = 0.0
    qaly_loss: float = 0.0
    hospital_days: float = 0.0


@dataclass(frozen=True)
class Immunoglobulin:
    """What all regimens share.

    Attributes:
        washout: Months for which infusions go on after the bispecific has ended.
        reaction_probability: Of a mild reaction, per infusion.
        reaction_cost: Per reaction.
        reaction_qaly_loss: Per reaction.
        harms: Adverse events that end immunoglobulin.
        adjustment: How the dose answers to the course.
        benefit_below_igg: True polyclonal IgG under which alone immunoglobulin works; inf for always.
    """

    washout: float
    reaction_probability: float = 0.0
    reaction_cost: float = 0.0
    reaction_qaly_loss: float = 0.0
    harms: tuple[Harm, ...] = ()
    adjustment: DoseAdjustment = CONSTANT_DOSE
    benefit_below_igg: float = np.inf


@dataclass(frozen=True)
class Antimicrobial:
    """A prophylaxis or surveillance beside immunoglobulin.

    Attributes:
        name: As in the scenario.
        given_to: Serostatus index of those given it; -1 for everybody.
        adherence: Share of those who take it.
        hazard_ratio: [cause, grade] while in force.
        start_cost: Of everybody under a strategy that lists it, at t = 0.
        cost_per_month: Of those who take it.
        months_after: Months for which it goes on after the bispecific.
        is_surveillance: Whether an infection that it averts is one found on its way and treated, by a course.
        course_cost: Of each course of preemptive treatment.
        silent_per_month: Viraemias found, per month of taking it, that would have made nobody ill, by target;
            empty for none.
        silent_treated: Share of them that gets a course.
    """

    name: str
    given_to: int
    adherence: float
    hazard_ratio: Floats
    start_cost: float = 0.0
    cost_per_month: float = 0.0
    months_after: float = 0.0
    is_surveillance: bool = False
    course_cost: float = 0.0
    silent_per_month: tuple[float, ...] = ()
    silent_treated: float = 0.0
