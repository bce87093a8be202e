"""The worked numbers of docs/methods.md, each computed twice: by igsim, and by plain numerical tools.

The second way has the equation alone, with quadrature, root finding, sums and densities of SciPy and nothing of
igsim, so that an equation on the page, the code that it describes and the printed number cannot part unnoticed.
`worked_rows` sets the two ways side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import ndtri

from sim.calibrate.curve import first_event
from sim.calibrate.likelihood import informing
from sim.cea import PsaTable, evpi, fieller
from sim.model.exits import death_time_at_rates
from sim.model.igg import Kinetics, concentration, with_error
from sim.model.infections import is_accepted
from sim.model.marginal import Strata, subject_ratios
from sim.population import frailty
from sim.psa.precision import Spread, without_noise
from sim.scenario import IncidenceTarget
from sim.scenario.calibration import FollowUp
from sim.verify.closed_form import none
from sim.verify.closed_form_terms import Parameters
from sim.voi import TrialPlan, enbs
from sim.voi.evsi import Evsi, evsi
from sim.voi.trials import TwoArmContinuous

GRID = (np.arange(200_000) + 0.5) / 200_000
"""Midpoints of equal shares of probability: means over them are exact to six digits."""
THETA = 0.6
MONTH = 365.25 / 12


def mean_over_frailty(function: Callable[[float], float]) -> float:
    """Mean of a function of a gamma variable of mean 1 and variance THETA, by quadrature."""
    law = stats.gamma(1 / THETA, scale=THETA)
    return float(quad(lambda z: function(z) * law.pdf(z), 0, np.inf, epsabs=1e-13)[0])


def frailty_of_the_infected() -> float:
    z = frailty(THETA, GRID)
    chance = z * 0.471 * np.exp(-z * 0.471)
    return float((z * chance).mean() / chance.mean())


def frailty_of_the_infected_by_density() -> float:
    def chance(z: float) -> float:
        return z * 0.471 * math.exp(-z * 0.471)

    return mean_over_frailty(lambda z: z * chance(z)) / mean_over_frailty(chance)


def one_stratum() -> float:
    def shown(h: float) -> float:
        return -math.log(mean_over_frailty(lambda z: math.exp(-z * h * 0.5)))

    return float(brentq(lambda h: shown(h) - 0.38 * shown(1.0), 0.1, 1.0, xtol=1e-12))


RATES, STOP, SHARES, MONTHS = (0.02, 0.10), 0.1, (0.5, 0.5), 12.0


def two_strata() -> float:
    rate = np.zeros((2, 1, 2))
    rate[:, 0, 1] = RATES
    cuts = np.linspace(0, MONTHS, 5)
    strata = Strata(np.array(SHARES), rate, np.full(2, STOP), cuts, np.ones((2, 4)), np.zeros(1), THETA)
    return float(subject_ratios(np.full((1, 2), 0.5), np.zeros(1, dtype=bool), strata)[0, 1])


def two_strata_by_quadrature() -> float:
    def hazard(t: float, h: float) -> float:
        at = [h * rate * t for rate in RATES]
        ill = sum(
            w * h * rate * (1 + THETA * a) ** (-1 / THETA - 1) for w, rate, a in zip(SHARES, RATES, at, strict=True)
        )
        return ill / sum(w * (1 + THETA * a) ** (-1 / THETA) for w, a in zip(SHARES, at, strict=True))

    def cumulative(h: float) -> float:
        return float(quad(hazard, 0, MONTHS, args=(h,))[0])

    return float(brentq(lambda h: cumulative(h) - 0.5 * cumulative(1.0), 0.1, 1.0, xtol=1e-12))


def igg(month: float) -> float:
    who = Kinetics(np.array([0.6]), np.array([0.92]), np.array([2.76]))
    return float(concentration(np.array([month]), np.array([500.0]), math.log(2) / (21 / MONTH), who)[0])


def igg_by_its_differential_equation(month: float) -> float:
    k, level = math.log(2) / (21 / MONTH), 500.0
    for start, end, share in ((0.0, 2.76, 0.6), (2.76, month, 0.92)):
        path = solve_ivp(lambda _, g, p=share: k * (500 * p - g), (start, end), [level], rtol=1e-11, atol=1e-9)
        level = float(path.y[0, -1])
    return level


def reads_low() -> float:
    return float((with_error(np.array(420.0), ndtri(GRID), math.sqrt(math.log1p(0.1**2))) < 400).mean())


def reads_low_by_density() -> float:
    sigma = math.sqrt(math.log(1 + 0.1**2))
    return float(stats.lognorm(sigma, scale=420 * math.exp(-(sigma**2) / 2)).cdf(400))


def on_treatment() -> float:
    patient = Parameters(
        horizon_months=120,
        stop_rate=0.088,
        death_rate_on=0.012,
        death_rate_off=0.042,
        rate_grade_3plus=0.06,
        frailty_variance=THETA,
        case_fatality=0.1,
        stop_probability=0.05,
    )
    return none(patient).undiscounted.months_on_treatment


def on_treatment_by_quadrature() -> float:
    ends = 0.06 * (0.1 + 0.9 * 0.05)
    return float(quad(lambda t: math.exp(-0.1 * t) * (1 + THETA * ends * t) ** (-1 / THETA), 0, 120)[0])


def lower_limit_of_a_ratio() -> float:
    return fieller(900, 0.02, variance_numerator=200**2, variance_denominator=0.003**2, covariance=0.1).low


def lower_limit_by_its_inequality() -> float:
    z = stats.norm.ppf(0.975)

    def excess(ratio: float) -> float:
        return (900 - ratio * 0.02) ** 2 - z**2 * (200**2 - 2 * ratio * 0.1 + (ratio * 0.003) ** 2)

    return float(brentq(excess, 1_000, 45_000, xtol=1e-9))


def best_draws() -> float:
    return Spread(4e6, 1e10, 0.0, 1000, 1000).best_split(2_000_000)[0]


def best_draws_by_trying() -> float:
    error = {draws: 4e6 / draws + 1e10 / (2_000_000 / draws) for draws in range(2, 1000)}
    return min(error, key=error.__getitem__)


def spread_without_noise() -> float:
    draws = np.random.default_rng(1).normal(size=(500, 2)) @ np.array([[2.0, 0.5], [0.0, 1.0]])
    total = np.cov(draws.T)
    corrected = without_noise(draws, 0.36 * total)
    return float(corrected[:, 0].std() / draws[:, 0].std())


def evpi_of_draws() -> float:
    gain = 500 + 1000 * ndtri(GRID)
    nothing = np.zeros_like(gain)
    table = PsaTable(
        ("none", "all"), np.arange(gain.size), np.column_stack([nothing, -gain]), np.zeros((gain.size, 2))
    )
    return float(evpi(table, [1.0]).value[0])


def evpi_by_density() -> float:
    return float(quad(lambda x: -x * stats.norm(500, 1000).pdf(x), -12_000, 0, points=[-500])[0])


TRIAL = TwoArmContinuous("control", "treatment", sd=5000)


def evsi_of_draws() -> float:
    # Scores shifted and turned to mean 0 and covariance 1, so that only the trial's data are luck.
    score = np.random.default_rng(2).normal(size=(5_000, 2))
    score = np.linalg.solve(np.linalg.cholesky(np.cov(score.T)), (score - score.mean(axis=0)).T).T
    arms = pd.DataFrame((0, 500) + 1000 / math.sqrt(2) * score, columns=["control", "treatment"])
    benefit = np.column_stack([np.zeros(len(arms)), arms["treatment"] - arms["control"]])
    return evsi(benefit, arms, TRIAL, [100])[0].value


def evsi_by_conjugacy() -> float:
    prior, noise = 1000**2 / 2, 5000**2 / 100
    learned = math.sqrt(2 * prior * prior / (prior + noise))
    unit = stats.norm(0, 1)
    return float(learned * unit.pdf(500 / learned) - 500 * unit.cdf(-500 / learned))


def patients_to_come(start: float) -> float:
    return float(quad(lambda t: 4000 * 1.03**-t, start, 10)[0])


def net_benefit_of_a_trial() -> float:
    value = Evsi(100, 300.0, 0.0, 0.0, 0.0, "", np.full(2, 300.0))
    plan = TrialPlan(2e6, 8000, 150, 1)
    return enbs([value], plan, patients_per_year=4000, years=10, discount_rate_per_year=0.03).sizes[0].value


BOTH = (0.386, 0.479)


def share_infected(month: float) -> float:
    one = np.ones(1)
    found = first_event((month,), (0.0,), 0.157 * one[:, None], THETA * one, 0.104 * one[None, :], one)
    return float(found[0, 0])


def share_infected_by_quadrature(month: float) -> float:
    density = quad(
        lambda t: 0.157 * math.exp(-0.104 * t) * mean_over_frailty(lambda z: z * math.exp(-z * 0.157 * t)), 0, month
    )
    return float(density[0])


def patients_worth(interval: int) -> float:
    target = IncidenceTarget(
        kind="incidence",
        cohort="c",
        infections="any",
        exits="compete",
        months=(5.0, 10.0),
        observed=BOTH,
        source="worked",
    )
    return float(informing(target, 101, FollowUp(pattern="exponential", median_months=6.1), 0.1)[interval])


def patients_worth_by_quadrature(interval: int) -> float:
    start, free = ((0.0, 1.0), (5.0, 1 - BOTH[0]))[interval]
    kappa = -math.log((1 - BOTH[interval]) / free) / 5
    complete = quad(lambda t: math.exp(kappa * t), start, start + 5)[0]
    censored = quad(lambda t: math.exp(kappa * t) * 2 ** (t / 6.1), start, start + 5)[0]
    return float(101 * free * complete / censored)


def accepted_per_candidate() -> float:
    layers = [is_accepted(GRID, np.array(1.7), np.array(layer)).mean() for layer in range(3)]
    return float(sum(layers))


def died(hazard: float) -> float:
    return float(death_time_at_rates(np.array([hazard]), np.array([12.0]), 0.012, 0.042)[0])


def died_by_root(hazard: float) -> float:
    def spent(month: float) -> float:
        return 0.012 * min(month, 12) + 0.042 * max(month - 12, 0) - hazard

    return float(brentq(spent, 0, 1000, xtol=1e-12))


def power_by_normals() -> float:
    score, limit = abs(math.log(0.52)) * math.sqrt(80 / 4), stats.norm.ppf(0.975)
    return float(stats.norm.sf(limit, loc=score) + stats.norm.cdf(-limit, loc=score))
