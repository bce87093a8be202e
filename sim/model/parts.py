"""The parts of a compiled model: who, which drug, which infections, which prophylaxis, which rules.

Plain numbers and arrays, one frozen dataclass for each table of a scenario. Grade index 0 is grade 1-2, 1 is grade 3
or more. Defaults are neutral: a part that a scenario leaves out changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


NOTHING = Distribution("fixed", 0.0)

CORRELATED = ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty")
"""Attributes that may be correlated, in the order of a correlation matrix."""


@dataclass(frozen=True)
class GivenAttributes:
    """What is known of real patients and so not drawn; patient i has row i modulo the rows.

    Attributes:
        rows: Number of real patients.
        numbers: Attribute of `CORRELATED` to its values, shape (rows,).
        flags: anti_cd38, responder or a serostatus to its values, shape (rows,).
        agent: Agent indices, shape (rows,); None where agents are drawn.
    """

    rows: int
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    flags: Mapping[str, Booleans] = field(default_factory=dict)
    agent: Integers | None = None


NOTHING_GIVEN = GivenAttributes(rows=1)


@dataclass(frozen=True)
class Population:
    """Who the patients are.

    Attributes:
        weight_kg: Body weight.
        igg_polyclonal_mg_dl: Polyclonal IgG at t = 0.
        igg_type_proportion: Share whose myeloma makes IgG.
        m_protein_mg_dl: M-protein of those.
        frailty_variance: Variance of the gamma frailty.
        iga_mg_dl: IgA at t = 0.
        igm_mg_dl: IgM at t = 0.
        anti_cd38_proportion: Share exposed to an anti-CD38 antibody before.
        responder_proportion: Share that responds and may go on reduced dosing.
        serostatus: Names of serostatus, e.g. hbv.
        serostatus_proportion: Share positive, one for each name.
        agent_share: Share of each agent, in the order of the model's agents; adds up to 1.
        correlation_factor: Lower Cholesky factor of the copula over `CORRELATED`, (6, 6); None for independence.
        cohort: Attributes of real patients, which take the place of drawn ones.
    """

    weight_kg: Distribution
    igg_polyclonal_mg_dl: Distribution
    igg_type_proportion: float
    m_protein_mg_dl: Distribution
    frailty_variance: float
    iga_mg_dl: Distribution = NOTHING
    igm_mg_dl: Distribution = NOTHING
    anti_cd38_proportion: float = 0.0
    responder_proportion: float = 0.0
    serostatus: tuple[str, ...] = ()
    serostatus_proportion: tuple[float, ...] = ()
    agent_share: tuple[float, ...] = (1.0,)
    correlation_factor: Floats | None = None
    cohort: GivenAttributes = NOTHING_GIVEN


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
class Agent:
    """A bispecific antibody.

    Attributes:
        name: As in the scenario.
        target: Index of its target.
        stop_rate: End of treatment for progression or intolerance, per month.
        drug_cost_per_month: Price; 0 where the drug is not counted.
        step_up_hospital_days: Stay for step-up dosing.
        crs: Probability of cytokine release syndrome by grade.
        icans: Probability of neurotoxicity by grade.
    """

    name: str
    target: int
    stop_rate: float
    drug_cost_per_month: float = 0.0
    step_up_hospital_days: float = 0.0
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
    """

    death_rate_on: float
    death_rate_off: float
    end_of_life_cost: float = 0.0
    hospital_day_cost: float = 0.0
    reduced_from: float = np.inf
    reduced_infection_multiplier: float = 1.0
    reduced_drug_multiplier: float = 1.0


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


@dataclass(frozen=True)
class Infections:
    """Causes of infection; arrays indexed [cause] or [cause, grade], rates [target, cause, grade].

    Attributes:
        causes: Names, in scenario order.
        rate: Per month on treatment, without prophylaxis, at frailty 1.
        only_in: Serostatus index whose positives alone are struck; -1 for everybody.
        off_multiplier: Speed of the exposure clock after the bispecific has ended.
        hazard_ratio: Under immunoglobulin protection.
        case_fatality: Of a grade >= 3 infection.
        stop_probability: That a survived grade >= 3 infection ends the bispecific for good.
        cost: Per infection.
        hospital_days: Per infection.
        qaly_loss: Per non-fatal infection, in QALYs.
        hold: Months for which the bispecific is held after the infection.
    """

    causes: tuple[str, ...]
    rate: Floats
    only_in: Integers
    off_multiplier: float
    hazard_ratio: Floats
    case_fatality: Floats
    stop_probability: Floats
    cost: Floats
    hospital_days: Floats
    qaly_loss: Floats
    hold: Floats

    @property
    def total_rate(self) -> Floats:
        """Rate of candidate infections, both grades, shape (n_targets, n_causes)."""
        return np.asarray(self.rate.sum(axis=-1), dtype=np.float64)

    @property
    def share_grade_3plus(self) -> Floats:
        """Share of candidates that are grade >= 3, (n_targets, n_causes); 0 where there is no rate."""
        total = self.total_rate
        return np.divide(self.rate[..., GRADE_3PLUS], total, out=np.zeros_like(total), where=total > 0)


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
        course_cost: Of each infection it averted (preemptive treatment); 0 for plain prophylaxis.
    """

    name: str
    given_to: int
    adherence: float
    hazard_ratio: Floats
    start_cost: float = 0.0
    cost_per_month: float = 0.0
    months_after: float = 0.0
    course_cost: float = 0.0


@dataclass(frozen=True)
class Igg:
    """Kinetics of immunoglobulins and what the assay makes of IgG.

    Attributes:
        decay_rate: Of polyclonal IgG, per month (log 2 over the half-life).
        m_protein_decay_rate: Of monoclonal IgG, per month.
        assay_log_sd: Standard deviation of the assay's multiplicative error on the log scale.
        test_cost: Per test.
        iga_decay_rate: Of IgA, per month.
        igm_decay_rate: Of IgM, per month.
        low_mg_dl: True polyclonal IgG under which a patient counts as vulnerable.
    """

    decay_rate: float
    m_protein_decay_rate: float
    assay_log_sd: float
    test_cost: float
    iga_decay_rate: float = 0.0
    igm_decay_rate: float = 0.0
    low_mg_dl: float = 400.0


@dataclass(frozen=True)
class Laboratory:
    """Interference of anti-CD38 antibodies with the laboratory, for exposed patients."""

    phenotyping_cost: float = 0.0
    transfusions_per_month: float = 0.0
    crossmatch_cost: float = 0.0
    transfusion_delay_days: float = 0.0
    monitoring_cost_per_month: float = 0.0


NO_WORK_UP = Laboratory()


ConditionKind = Literal[
    "always",
    "igg_below",
    "iga_below",
    "igm_below",
    "infections",
    "despite_prophylaxis",
    "anti_cd38",
    "any_of",
    "all_of",
]


@dataclass(frozen=True)
class Condition:
    """When immunoglobulin is ordered: a leaf, or others joined by and / or.

    Attributes:
        kind: What is asked.
        threshold_mg_dl: Of the measured concentration.
        minimum_grade: Lowest grade index that counts.
        count: Infections needed.
        within: Months in which they must fall.
        parts: Conditions joined by any_of or all_of; any_of nothing never holds.
    """

    kind: ConditionKind
    threshold_mg_dl: float = np.nan
    minimum_grade: int = GRADE_3PLUS
    count: int = 1
    within: float = np.inf
    parts: tuple[Condition, ...] = ()


NEVER = Condition("any_of")
ALWAYS = Condition("always")


@dataclass(frozen=True)
class Strategy:
    """When immunoglobulin starts, how it is given, and what goes with it, as data.

    Attributes:
        name: As in the scenario.
        label: For people.
        start: Condition under which immunoglobulin is ordered.
        delay: Months from order to first infusion.
        test_interval: Months between IgG tests; inf for no tests.
        test_until_ordered: True: testing ends with the order of immunoglobulin; False: with treatment.
        regimen: Index of the regimen.
        antimicrobials: Indices of the antimicrobials given.
        tocilizumab: Whether CRS is prevented.
    """

    name: str
    label: str
    start: Condition
    delay: float = 0.0
    test_interval: float = np.inf
    test_until_ordered: bool = True
    regimen: int = 0
    antimicrobials: tuple[int, ...] = ()
    tocilizumab: bool = False
