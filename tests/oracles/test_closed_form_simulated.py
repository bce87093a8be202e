"""The closed-form oracle against a naive simulation of the same description, one patient at a time.

Written from the model's description alone with the standard library's generator: it shares no code with the oracle
and reads only the numbers. Each comparison: truth = the oracle; standard error = sample standard deviation over the
root of the number of patients; bound = 4 standard errors (a true oracle fails one comparison in 16,000; there are
about 150, at fixed seeds). Power: the negative controls ask the oracle about a patient 15 % wrong in one parameter.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import fmean, stdev

import pytest

from sim.verify.closed_form import delayed, none, primary, secondary
from sim.verify.closed_form_preemptive import IgGKinetics, preemptive
from sim.verify.closed_form_terms import Outcomes, Parameters

N_PATIENTS = 20_000
BOUND = 4.0

WITH_TREATMENT = Parameters(
    horizon_months=48,
    stop_rate=0.04,
    death_rate_on=0.012,
    death_rate_off=0.03,
    rate_grade_1_2=0.12,
    rate_grade_3plus=0.07,
    frailty_variance=0.8,
    case_fatality=0.08,
    stop_probability=0.15,
    hr_grade_1_2=1.25,
    hr_grade_3plus=0.40,
    infusion_interval_months=0.92,
    discount_rate_cost=0.08,
    discount_rate_effect=0.03,
    cost_grade_1_2=900,
    cost_grade_3plus=21_000,
    cost_infusion=2_300,
    cost_test=500,
    cost_ig_per_month=100,
    cost_drug_per_month=600,
    cost_end_of_life=7_000,
    utility_on=0.72,
    utility_off=0.51,
    qaly_loss_grade_1_2=0.02,
    qaly_loss_grade_3plus=0.09,
    qaly_loss_infusion=0.002,
)
ENDLESS = replace(WITH_TREATMENT, washout_months=math.inf, off_multiplier=0.6)
KINETICS = IgGKinetics(
    igg_median=620,
    igg_log_sd=0.45,
    falling_fraction=0.5,
    half_life_months=3,
    assay_cv=0.12,
    igg_type_probability=0.4,
    m_protein_median=300,
    m_protein_log_sd=0.8,
    m_protein_decay_rate=0.15,
)
THRESHOLD, TEST_INTERVAL, ORDER_DELAY, FIXED_START, CHECKED_MONTH = 400.0, 2.0, 0.7, 6.5, 9.0


# ---------------------------------------------------------------------------------- the naive simulation


@dataclass
class History:
    """What has happened to one patient so far, and what is due at a fixed month."""

    now: float = 0.0
    on: bool = True
    stop: float = math.inf
    dead: bool = False
    died_of_infection: bool = False
    ig_start: float = math.inf
    start_due: float = math.inf
    test_due: float = math.inf
    infections: list[tuple[float, str, bool]] = field(default_factory=list)  # month, grade, fatal
    tests: list[float] = field(default_factory=list)


def low_test(rng: random.Random) -> Callable[[float], bool]:
    g0 = KINETICS.igg_median * math.exp(rng.gauss(0, KINETICS.igg_log_sd))
    m0 = 0.0
    if rng.random() < KINETICS.igg_type_probability:
        m0 = KINETICS.m_protein_median * math.exp(rng.gauss(0, KINETICS.m_protein_log_sd))
    sigma = math.sqrt(math.log(1 + KINETICS.assay_cv**2))
    f, k = KINETICS.falling_fraction, math.log(2) / KINETICS.half_life_months

    def is_low(t: float) -> bool:
        igg = g0 * ((1 - f) + f * math.exp(-k * t))
        noise = math.exp(sigma * rng.gauss(0, 1) - sigma**2 / 2)
        return igg * noise + m0 * math.exp(-KINETICS.m_protein_decay_rate * t) < THRESHOLD

    return is_low


def live(p: Parameters, strategy: str, rng: random.Random) -> History:
    z = rng.gammavariate(1 / p.frailty_variance, p.frailty_variance) if p.frailty_variance else 1.0
    is_low = low_test(rng)
    h = History()
    h.start_due = {"primary": 0.0, "delayed": FIXED_START}.get(strategy, math.inf)
    h.test_due = 0.0 if strategy == "preemptive" else math.inf
    while not h.dead:
        rates = hazards(p, h, z)
        onset = h.ig_start + p.onset_lag_months
        fixed = min(h.start_due, h.test_due, onset if onset > h.now else math.inf)
        chance = h.now + rng.expovariate(sum(rates.values()))
        if min(fixed, chance) >= p.horizon_months:
            h.now = p.horizon_months
            return h
        h.now = min(fixed, chance)
        if fixed <= chance:
            meet_fixed_month(p, h, is_low)
        else:
            suffer(p, h, rng.choices(list(rates), list(rates.values()))[0], strategy, rng)
    return h


def is_window_open(p: Parameters, h: History) -> bool:
    return h.on or p.washout_months == math.inf


def hazards(p: Parameters, h: History, z: float) -> dict[str, float]:
    covered = h.now >= h.ig_start + p.onset_lag_months and is_window_open(p, h)
    factor = z if h.on else z * p.off_multiplier
    return {
        "lo": p.rate_grade_1_2 * factor * (p.hr_grade_1_2 if covered else 1),
        "hi": p.rate_grade_3plus * factor * (p.hr_grade_3plus if covered else 1),
        "stop": p.stop_rate if h.on else 0.0,
        "death": p.death_rate_on if h.on else p.death_rate_off,
    }


def meet_fixed_month(p: Parameters, h: History, is_low: Callable[[float], bool]) -> None:
    if h.now == h.start_due:
        h.start_due = math.inf
        if is_window_open(p, h):
            h.ig_start = h.now
    elif h.now == h.test_due:
        h.test_due = math.inf
        if h.on:
            h.tests.append(h.now)
            if is_low(h.now):
                h.start_due = h.now + ORDER_DELAY
            else:
                h.test_due = TEST_INTERVAL * len(h.tests)


def suffer(p: Parameters, h: History, what: str, strategy: str, rng: random.Random) -> None:
    if what == "stop":
        h.on, h.stop = False, h.now
    elif what == "death":
        h.dead = True
    elif what == "lo":
        h.infections.append((h.now, what, False))
    else:
        h.died_of_infection = h.dead = rng.random() < p.case_fatality
        h.infections.append((h.now, what, h.dead))
        if h.dead:
            return
        if h.on and rng.random() < p.stop_probability:
            h.on, h.stop = False, h.now
        if strategy == "secondary" and h.ig_start == math.inf and is_window_open(p, h):
            h.ig_start = h.now


def flow(begin: float, end: float, rate: float) -> float:
    """Discounted months from begin to end."""
    if end <= begin:
        return 0.0
    force = math.log(1 + rate) / 12
    return (math.exp(-force * begin) - math.exp(-force * end)) / force


def account(p: Parameters, h: History) -> dict[str, float]:
    def v_cost(t: float) -> float:
        return (1 + p.discount_rate_cost) ** (-t / 12)

    def v_effect(t: float) -> float:
        return (1 + p.discount_rate_effect) ** (-t / 12)

    stop = min(h.stop, h.now)
    ig_end = stop if p.washout_months == 0 else h.now
    infusions = []
    while h.ig_start + len(infusions) * p.infusion_interval_months < ig_end:
        infusions.append(h.ig_start + len(infusions) * p.infusion_interval_months)
    los = [t for t, grade, _ in h.infections if grade == "lo"]
    his = [t for t, grade, _ in h.infections if grade == "hi"]
    cost = p.cost_drug_per_month * flow(0, stop, p.discount_rate_cost)
    cost += p.cost_ig_per_month * flow(h.ig_start, ig_end, p.discount_rate_cost)
    cost += sum(v_cost(t) * p.cost_grade_1_2 for t in los) + sum(v_cost(t) * p.cost_grade_3plus for t in his)
    cost += sum(v_cost(t) * p.cost_infusion for t in infusions) + sum(v_cost(t) * p.cost_test for t in h.tests)
    cost += p.cost_end_of_life * v_cost(h.now) if h.dead else 0.0
    qaly = p.utility_on * flow(0, stop, p.discount_rate_effect) / 12
    qaly += p.utility_off * flow(stop, h.now, p.discount_rate_effect) / 12
    qaly -= sum(v_effect(t) * p.qaly_loss_grade_1_2 for t in los)
    qaly -= sum(
        v_effect(t) * p.qaly_loss_grade_3plus for t, grade, fatal in h.infections if grade == "hi" and not fatal
    )
    qaly -= sum(v_effect(t) * p.qaly_loss_infusion for t in infusions)
    return {
        "cost discounted": cost,
        "QALY discounted": qaly,
        "life years": h.now / 12,
        "months on treatment": stop,
        "infections of grade 1-2": len(los),
        "infections of grade >= 3": len(his),
        "infection deaths": h.died_of_infection,
        "other deaths": h.dead and not h.died_of_infection,
        "infusions": len(infusions),
        "infusions discounted": sum(v_cost(t) for t in infusions),
        "ever on Ig": bool(infusions),
        "tests": len(h.tests),
        "any infection by the checked month": any(t <= CHECKED_MONTH for t in los + his),
        "serious infection by the checked month": any(t <= CHECKED_MONTH for t in his),
    }


@functools.cache
def simulated(p: Parameters, strategy: str) -> dict[str, tuple[float, float]]:
    """Mean and standard error by outcome."""
    rng = random.Random(f"{strategy} {p.washout_months} {p.onset_lag_months}")
    accounts = [account(p, live(p, strategy, rng)) for _ in range(N_PATIENTS)]
    columns = {name: [float(a[name]) for a in accounts] for name in accounts[0]}
    return {name: (fmean(x), stdev(x) / math.sqrt(N_PATIENTS)) for name, x in columns.items()}


# ---------------------------------------------------------------------------------- comparison


def exact(p: Parameters, strategy: str) -> dict[str, float]:
    months = [CHECKED_MONTH]
    calls: dict[str, Callable[[], Outcomes]] = {
        "none": lambda: none(p, incidence_months=months),
        "primary": lambda: primary(p, incidence_months=months),
        "delayed": lambda: delayed(p, FIXED_START, incidence_months=months),
        "secondary": lambda: secondary(p, incidence_months=months),
        "preemptive": lambda: preemptive(
            p,
            KINETICS,
            test_interval_months=TEST_INTERVAL,
            threshold=THRESHOLD,
            order_delay_months=ORDER_DELAY,
            incidence_months=months,
        ),
    }
    found = calls[strategy]()
    plain = found.undiscounted
    return {
        "cost discounted": found.costs_discounted.total,
        "QALY discounted": found.qalys_discounted,
        "life years": found.life_years,
        "months on treatment": plain.months_on_treatment,
        "infections of grade 1-2": plain.infections_grade_1_2,
        "infections of grade >= 3": plain.infections_grade_3plus,
        "infection deaths": plain.infection_deaths,
        "other deaths": plain.other_deaths,
        "infusions": plain.infusions,
        "infusions discounted": found.at_cost_rate.infusions,
        "ever on Ig": found.probability_ever_on_ig,
        "tests": plain.tests,
        "any infection by the checked month": found.incidence_any_grade[0],
        "serious infection by the checked month": found.incidence_grade_3plus[0],
    }


def disagreements(truth: dict[str, float], sample: dict[str, tuple[float, float]]) -> dict[str, str]:
    return {
        name: f"exact {truth[name]:.6g}, simulated {mean:.6g} ± {error:.2g}"
        for name, (mean, error) in sample.items()
        if abs(truth[name] - mean) > BOUND * error + 1e-9
    }


CASES = [
    *((WITH_TREATMENT, strategy) for strategy in ("none", "secondary")),
    *((replace(WITH_TREATMENT, onset_lag_months=1.7), strategy) for strategy in ("primary", "delayed", "preemptive")),
    *((ENDLESS, strategy) for strategy in ("none", "secondary")),
    *((replace(ENDLESS, onset_lag_months=1.7), strategy) for strategy in ("primary", "delayed", "preemptive")),
]


@pytest.mark.parametrize(("patient", "strategy"), CASES, ids=[f"{s}, washout {p.washout_months}" for p, s in CASES])
def test_every_outcome_agrees_with_the_naive_simulation(patient, strategy):
    assert disagreements(exact(patient, strategy), simulated(patient, strategy)) == {}


def test_no_frailty_agrees_with_the_naive_simulation():
    patient = replace(ENDLESS, frailty_variance=0, case_fatality=0.2)
    assert disagreements(exact(patient, "secondary"), simulated(patient, "secondary")) == {}


@pytest.mark.parametrize(
    ("name", "strategy", "betrayed"),
    [
        ("rate_grade_1_2", "none", "infections of grade 1-2"),
        ("rate_grade_3plus", "none", "infections of grade >= 3"),
        ("case_fatality", "none", "infection deaths"),
        ("stop_rate", "none", "months on treatment"),
        ("death_rate_off", "none", "other deaths"),
        ("off_multiplier", "none", "infections of grade 1-2"),
        ("hr_grade_1_2", "secondary", "infections of grade 1-2"),
        ("hr_grade_3plus", "secondary", "infections of grade >= 3"),
        ("infusion_interval_months", "secondary", "infusions"),
        ("utility_on", "secondary", "QALY discounted"),
        ("cost_infusion", "secondary", "cost discounted"),
    ],
)
def test_a_parameter_fifteen_percent_wrong_is_noticed(name, strategy, betrayed):
    wrong = replace(ENDLESS, **{name: 1.15 * getattr(ENDLESS, name)})
    assert betrayed in disagreements(exact(wrong, strategy), simulated(ENDLESS, strategy))


def test_a_wrong_structure_is_noticed():
    no_frailty = exact(replace(ENDLESS, frailty_variance=0), "secondary")
    assert "any infection by the checked month" in disagreements(no_frailty, simulated(ENDLESS, "secondary"))
    no_lag = exact(WITH_TREATMENT, "primary")
    lagging = simulated(replace(WITH_TREATMENT, onset_lag_months=1.7), "primary")
    assert "serious infection by the checked month" in disagreements(no_lag, lagging)
