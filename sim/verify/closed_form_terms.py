"""Parameters and outcomes of the closed-form oracle, and the money and utility between them.

Everything here is linear in expected amounts (months, events); how the amounts come about is the business of
`closed_form`. Nothing of the simulator is imported but its errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum

from sim.errors import InputError, Problem
from sim.verify.closed_form_chain import Array


class Allowed(Enum):
    """What a parameter may be; the value is how an error message says it."""

    FINITE = "a finite number"
    NOT_NEGATIVE = "a finite number >= 0"
    POSITIVE = "a finite number > 0"
    PROBABILITY = "a number between 0 and 1"
    ZERO_OR_INFINITY = "0 or infinity: nothing between is Markov"
    ZERO_OR_RESOLVABLE = "0, or a finite number >= 0.01"

    def admits(self, value: float) -> bool:
        """Whether `value` is allowed."""
        match self:
            case Allowed.ZERO_OR_INFINITY:
                return value in (0.0, math.inf)
            case Allowed.ZERO_OR_RESOLVABLE:
                return value == 0 or 0.01 <= value < math.inf
            case Allowed.PROBABILITY:
                return 0 <= value <= 1
            case Allowed.POSITIVE:
                return 0 < value < math.inf
            case Allowed.NOT_NEGATIVE:
                return 0 <= value < math.inf
            case Allowed.FINITE:
                return math.isfinite(value)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise an `InputError` with all problems, if there are any."""
    found = tuple(problems)
    if found:
        message = "the closed form cannot be computed"
        raise InputError(message, found)


def require_allowed(values: object, allowed: Mapping[str, Allowed]) -> None:
    """Refuse a dataclass of numbers, or rows of them, unless each is allowed; not negative where nothing is said.

    Raises:
        InputError: With every number that is not allowed.
    """
    numbers = dict(_numbers(values))
    limits = {name: allowed.get(name, Allowed.NOT_NEGATIVE) for name in numbers}
    refuse(
        Problem(name, str(value), limits[name].value)
        for name, value in numbers.items()
        if not limits[name].admits(value)
    )


def _numbers(values: object) -> Iterator[tuple[str, float]]:
    """Each number of a dataclass with its name, those of a row with their place."""
    for name, value in vars(values).items():
        if isinstance(value, tuple):
            yield from ((f"{name}[{place}]", each) for place, each in enumerate(value))
        else:
            yield name, value


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """One homogeneous kind of patient. Rates are per month, costs per event unless said otherwise.

    Attributes:
        horizon_months: Horizon H, > 0.
        stop_rate: End of the bispecific for progression or intolerance.
        death_rate_on: Death without infection while on treatment.
        death_rate_off: Death without infection after treatment.
        rate_grade_1_2: Infections of grade 1-2 on treatment, frailty 1, without Ig.
        rate_grade_3plus: The same, grade >= 3.
        off_multiplier: Factor on both infection rates after treatment.
        frailty_variance: Variance of the gamma frailty Z of mean 1; 0 means Z = 1.
        case_fatality: Probability that an infection of grade >= 3 kills at once.
        stop_probability: Probability that a survived infection of grade >= 3 on treatment ends treatment at once.
        hr_grade_1_2: Factor of Ig protection on the rate of grade 1-2.
        hr_grade_3plus: The same, grade >= 3.
        onset_lag_months: Months from the first infusion to protection; `secondary` needs 0.
        washout_months: Months that the Ig window outlasts treatment: 0 or infinity.
        infusion_interval_months: Months between infusions, > 0.
        grams_per_infusion: Grams of Ig.
        discount_rate_cost: Annual.
        discount_rate_effect: Annual.
        cost_grade_1_2: Every infection of grade 1-2.
        cost_grade_3plus: Every infection of grade >= 3, fatal ones too.
        cost_infusion: Product and administration of one infusion.
        cost_test: One IgG test.
        cost_hospital_day: A day in hospital after a step-up dose.
        step_up_months: Months at which step-up doses are due.
        step_up_days: Days in hospital after each of them, dated at the dose; as many as there are months.
        cost_ig_per_month: Flow while an Ig course runs (besides infusions).
        cost_drug_per_month: Flow while on treatment.
        cost_end_of_life: Any death before the horizon.
        utility_on: On treatment.
        utility_off: After treatment.
        qaly_loss_grade_1_2: QALYs lost at an infection of grade 1-2.
        qaly_loss_grade_3plus: QALYs lost at a survived infection of grade >= 3.
        qaly_loss_infusion: QALYs lost at an infusion.
    """

    horizon_months: float
    stop_rate: float = 0.0
    death_rate_on: float = 0.0
    death_rate_off: float = 0.0
    rate_grade_1_2: float = 0.0
    rate_grade_3plus: float = 0.0
    off_multiplier: float = 0.0
    frailty_variance: float = 0.0
    case_fatality: float = 0.0
    stop_probability: float = 0.0
    hr_grade_1_2: float = 1.0
    hr_grade_3plus: float = 1.0
    onset_lag_months: float = 0.0
    washout_months: float = 0.0
    infusion_interval_months: float = 1.0
    grams_per_infusion: float = 0.0
    discount_rate_cost: float = 0.0
    discount_rate_effect: float = 0.0
    cost_grade_1_2: float = 0.0
    cost_grade_3plus: float = 0.0
    cost_infusion: float = 0.0
    cost_test: float = 0.0
    cost_hospital_day: float = 0.0
    step_up_months: tuple[float, ...] = ()
    step_up_days: tuple[float, ...] = ()
    cost_ig_per_month: float = 0.0
    cost_drug_per_month: float = 0.0
    cost_end_of_life: float = 0.0
    utility_on: float = 1.0
    utility_off: float = 1.0
    qaly_loss_grade_1_2: float = 0.0
    qaly_loss_grade_3plus: float = 0.0
    qaly_loss_infusion: float = 0.0

    def __post_init__(self) -> None:
        special = {
            "horizon_months": Allowed.POSITIVE,
            "infusion_interval_months": Allowed.POSITIVE,
            "case_fatality": Allowed.PROBABILITY,
            "stop_probability": Allowed.PROBABILITY,
            "washout_months": Allowed.ZERO_OR_INFINITY,
        }
        signed = {f.name: Allowed.FINITE for f in fields(self) if f.name.startswith(("cost", "utility", "qaly"))}
        require_allowed(self, {**signed, **special})
        if len(self.step_up_days) != len(self.step_up_months):
            refuse([Problem("step_up_days", str(self.step_up_days), f"{len(self.step_up_months)} numbers")])

    @property
    def has_endless_course(self) -> bool:
        """Whether the Ig window outlasts treatment for ever."""
        return math.isinf(self.washout_months)


@dataclass(frozen=True)
class Amounts:
    """Expected amounts per patient before the horizon, each at its own time, on one basis of discounting.

    Attributes:
        months_on_treatment: Months alive on the bispecific.
        months_off_treatment: Months alive after it.
        months_on_ig: Months alive while an Ig course runs.
        infections_grade_1_2: Infections of grade 1-2.
        infections_grade_3plus: Infections of grade >= 3, fatal ones too.
        infection_deaths: Deaths by infection.
        other_deaths: Deaths without infection.
        infusions: Ig infusions.
        tests: IgG tests.
        step_up_days: Days in hospital after step-up doses.
    """

    months_on_treatment: float
    months_off_treatment: float
    months_on_ig: float
    infections_grade_1_2: float
    infections_grade_3plus: float
    infection_deaths: float
    other_deaths: float
    infusions: float
    tests: float
    step_up_days: float


@dataclass(frozen=True)
class Costs:
    """Expected cost per patient by item, on one basis of discounting."""

    infections_grade_1_2: float
    infections_grade_3plus: float
    ig_infusions: float
    ig_flow: float
    monitoring: float
    step_up: float
    drug: float
    end_of_life: float

    @property
    def total(self) -> float:
        """Sum of all items."""
        return math.fsum(getattr(self, f.name) for f in fields(self))


@dataclass(frozen=True)
class Outcomes:
    """Exact expectations per patient under one strategy.

    Attributes:
        undiscounted: Amounts without discounting.
        at_cost_rate: Amounts discounted at the rate for costs.
        at_effect_rate: Amounts discounted at the rate for effects.
        life_years: Undiscounted years alive before the horizon.
        life_years_discounted: The same, discounted.
        qalys: Undiscounted quality-adjusted life years.
        qalys_discounted: The same, discounted.
        costs: Undiscounted costs by item.
        costs_discounted: The same, discounted.
        grams: Undiscounted grams of Ig.
        probability_ever_on_ig: Probability of at least one infusion.
        incidence_months: Months at which the cumulative incidences are given.
        incidence_any_grade: Probability of a first infection of any grade by each of those months.
        incidence_grade_3plus: The same, first infection of grade >= 3.
    """

    undiscounted: Amounts
    at_cost_rate: Amounts
    at_effect_rate: Amounts
    life_years: float
    life_years_discounted: float
    qalys: float
    qalys_discounted: float
    costs: Costs
    costs_discounted: Costs
    grams: float
    probability_ever_on_ig: float
    incidence_months: tuple[float, ...]
    incidence_any_grade: tuple[float, ...]
    incidence_grade_3plus: tuple[float, ...]


def report(
    parameters: Parameters,
    amounts: Array,
    ever_on_ig: float,
    months: tuple[float, ...],
    incidence: Array,
) -> Outcomes:
    """Put prices and utilities on expected amounts.

    Args:
        parameters: Prices and utilities.
        amounts: (3, n) in the order of `Amounts`: undiscounted, at the rate for costs, at that for effects.
        ever_on_ig: Probability of at least one infusion.
        months: Months of the incidences.
        incidence: (2, months), any grade and grade >= 3.

    Returns:
        The outcomes.
    """
    plain, as_cost, as_effect = (Amounts(*(float(x) for x in row)) for row in amounts)
    return Outcomes(
        undiscounted=plain,
        at_cost_rate=as_cost,
        at_effect_rate=as_effect,
        life_years=_life_years(plain),
        life_years_discounted=_life_years(as_effect),
        qalys=_qalys(parameters, plain),
        qalys_discounted=_qalys(parameters, as_effect),
        costs=_costs(parameters, plain),
        costs_discounted=_costs(parameters, as_cost),
        grams=parameters.grams_per_infusion * plain.infusions,
        probability_ever_on_ig=ever_on_ig,
        incidence_months=months,
        incidence_any_grade=tuple(float(x) for x in incidence[0]),
        incidence_grade_3plus=tuple(float(x) for x in incidence[1]),
    )


def _life_years(amounts: Amounts) -> float:
    return (amounts.months_on_treatment + amounts.months_off_treatment) / 12


def _qalys(parameters: Parameters, amounts: Amounts) -> float:
    lived = parameters.utility_on * amounts.months_on_treatment
    lived += parameters.utility_off * amounts.months_off_treatment
    survived_grade_3plus = amounts.infections_grade_3plus - amounts.infection_deaths
    lost = parameters.qaly_loss_grade_1_2 * amounts.infections_grade_1_2
    lost += parameters.qaly_loss_grade_3plus * survived_grade_3plus
    lost += parameters.qaly_loss_infusion * amounts.infusions
    return lived / 12 - lost


def _costs(parameters: Parameters, amounts: Amounts) -> Costs:
    return Costs(
        infections_grade_1_2=parameters.cost_grade_1_2 * amounts.infections_grade_1_2,
        infections_grade_3plus=parameters.cost_grade_3plus * amounts.infections_grade_3plus,
        ig_infusions=parameters.cost_infusion * amounts.infusions,
        ig_flow=parameters.cost_ig_per_month * amounts.months_on_ig,
        monitoring=parameters.cost_test * amounts.tests,
        step_up=parameters.cost_hospital_day * amounts.step_up_days,
        drug=parameters.cost_drug_per_month * amounts.months_on_treatment,
        end_of_life=parameters.cost_end_of_life * (amounts.infection_deaths + amounts.other_deaths),
    )
