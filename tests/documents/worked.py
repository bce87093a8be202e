"""The worked numbers of docs/methods.md, each twice: by igsim, and from its equation with plain numerical tools.

The second way uses quadrature, root finding, sums and densities of SciPy and nothing of igsim, so that an equation on
the page, the code that it describes and the printed number cannot part unnoticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import ndtri

from sim.calibrate.curve import first_event
from sim.calibrate.likelihood import informing
from sim.cea import PsaTable, evpi, fieller
from sim.model.discounting import appointments, flow, monthly_rate
from sim.model.exits import death_time_at_rates
from sim.model.hazards import subject_ratio
from sim.model.igg import Kinetics, concentration, with_error
from sim.model.immunoglobulin import ratio_at_dose
from sim.model.infections import is_accepted
from sim.model.marginal import Strata, subject_ratios
from sim.population import frailty
from sim.psa.precision import Spread, without_noise
from sim.scenario import IncidenceTarget
from sim.scenario.calibration import FollowUp
from sim.sensitivity import price_threshold
from sim.trial.power import schoenfeld_power
from sim.verify.closed_form import none
from sim.verify.closed_form_terms import Parameters
from sim.voi import TrialPlan, enbs, population_factor
from sim.voi.evsi import Evsi, evsi
from sim.voi.trials import TwoArmContinuous

GRID = (np.arange(200_000) + 0.5) / 200_000
"""Midpoints of equal shares of probability: means over them are exact to six digits."""
THETA = 0.6
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Worked:
    """One row of the table.

    Attributes:
        equation: What is computed.
        at: The setting, in words.
        by_igsim: The number, from the function that the page names.
        by_equation: The same from the equation alone.
        form: How it is printed.
        tolerance: Largest relative difference of the two.
    """

    equation: str
    at: str
    by_igsim: Callable[[], float]
    by_equation: Callable[[], float]
    form: str
    tolerance: float = 1e-6

    @cached_property
    def exact(self) -> float:
        """The number by its equation."""
        return self.by_equation()

    def row(self) -> str:
        """The row as it must stand on the page."""
        return f"| {self.equation} | {self.at} | {self.form.format(self.exact)} |"


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
    who = Kinetics(np.array([0.6]), np.array([0.92]), np.array([2.76]), np.zeros(1))
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


WORKED = (
    Worked(
        "accepted per candidate, $\\sum_j \\pi_j$",
        "$h = 1.7$, three layers",
        accepted_per_candidate,
        lambda: sum(min(max(1.7 - j, 0), 1) for j in range(3)),
        "{:.1f}",
        1e-5,
    ),
    Worked(
        "death, $T_D$",
        "$E_D = 0.5$, rates 0.012 and 0.042, $\\tau = 12$",
        lambda: died(0.5),
        lambda: died_by_root(0.5),
        "{:.2f} months",
    ),
    Worked(
        "frailty of those with one infection",
        "$\\theta = 0.6$, $A = 0.471$",
        frailty_of_the_infected,
        frailty_of_the_infected_by_density,
        "{:.3f}",
        1e-4,
    ),
    Worked(
        "patient's ratio, one stratum",
        "$R = 0.38$, $A = 0.5$, $\\theta = 0.6$",
        lambda: float(subject_ratio(np.array(0.38), np.array(0.5), THETA)),
        one_stratum,
        "{:.4f}",
    ),
    Worked(
        "patient's ratio, two strata",
        "rates 0.02 and 0.10, halves, $s = 0.1$, $L = 12$, $R = 0.5$, $\\theta = 0.6$",
        two_strata,
        two_strata_by_quadrature,
        "{:.4f}",
    ),
    Worked(
        "IgG, $G(6)$",
        "$G_0 = 500$, $\\phi = 0.4$, $\\rho = 0.8$, $t_r = 2.76$, half-life 21 days",
        lambda: igg(6.0),
        lambda: igg_by_its_differential_equation(6.0),
        "{:.1f} mg/dL",
    ),
    Worked("reads under 400", "true IgG 420, cv 0.1", reads_low, reads_low_by_density, "{:.4f}", 1e-4),
    Worked(
        "ratio at a higher dose",
        "$h = 0.38$, $f = 1.5$, $a = 1$",
        lambda: float(ratio_at_dose(np.array(0.38), np.array(1.5), 1.0)),
        lambda: math.exp(1.5 * math.log(0.38)),
        "{:.4f}",
    ),
    Worked(
        "flow, $F_\\delta(0, 12)$",
        "$d = 3.5$ %",
        lambda: float(flow(monthly_rate(0.035), 0.0, np.array(12.0))),
        lambda: float(quad(lambda t: 1.035 ** (-t / 12), 0, 12)[0]),
        "{:.4f} months",
    ),
    Worked(
        "appointments, $A_\\delta(0, 28 \\text{ days}, 13)$",
        "$d = 3.5$ %",
        lambda: float(appointments(monthly_rate(0.035), np.zeros(1), 28 / MONTH, np.array([13.0]))[0]),
        lambda: sum(1.035 ** (-28 * j / 365.25) for j in range(13)),
        "{:.4f}",
    ),
    Worked(
        "months on treatment, matrix exponential",
        "stop 0.088, death 0.012, grade ≥ 3 0.06, $f = 0.1$, $p = 0.05$, $\\theta = 0.6$, $H = 120$",
        on_treatment,
        on_treatment_by_quadrature,
        "{:.4f}",
    ),
    Worked(
        "lower limit of an ICER (Fieller)",
        "900 ± 200 over 0.02 ± 0.003, covariance 0.1",
        lower_limit_of_a_ratio,
        lower_limit_by_its_inequality,
        "{:,.0f}",
    ),
    Worked(
        "draws of 2,000,000 histories",
        "$\\sigma_a^2 = 4 \\cdot 10^6$, $\\sigma_b^2 = 10^{10}$",
        best_draws,
        best_draws_by_trying,
        "{:d}",
    ),
    Worked(
        "spread kept where 36 % of the variance is noise",
        "$V = 0.36 \\, \\Sigma$",
        spread_without_noise,
        lambda: math.sqrt(1 - 0.36),
        "{:.3f}",
    ),
    Worked("EVPI", "increment normal, mean 500, sd 1000", evpi_of_draws, evpi_by_density, "{:.1f}", 1e-4),
    Worked(
        "EVSI, $n = 100$ per arm",
        "the same, the arms' means independent; outcome sd 5000",
        evsi_of_draws,
        evsi_by_conjugacy,
        "{:.1f}",
        # Four standard errors (1.3 % over seeds, at 5,000 draws); an outcome sd 20 % too small moves it by 13 %.
        0.053,
    ),
    Worked(
        "population, $P(0, 10)$",
        "4,000 a year, $d = 3$ %",
        lambda: population_factor(4000, 10, 0.03),
        lambda: patients_to_come(0),
        "{:,.0f}",
    ),
    Worked(
        "ENBS, $n = 100$ per arm",
        "EVSI 300, 150 recruited a year, followed 1 year, $c_0 = 2 \\cdot 10^6$, $c_1 = 8000$",
        net_benefit_of_a_trial,
        lambda: 300 * patients_to_come(200 / 150 + 1) - 2e6 - 200 * 8000,
        "{:,.0f}",
    ),
    Worked(
        "threshold price, $\\pi^*$",
        "$\\lambda = 100{,}000$, 0.05 QALYs, other costs −2,000, 500 g",
        lambda: float(price_threshold(-2000, 500, 0.05, 100_000)),
        lambda: float(brentq(lambda price: 100_000 * 0.05 + 2000 - 500 * price, 0, 100)),
        "{:.2f}",
    ),
    Worked(
        "first infection by 5 months",
        "$h = 0.157$, $\\theta = 0.6$, $m = 0.104$",
        lambda: share_infected(5),
        lambda: share_infected_by_quadrature(5),
        "{:.4f}",
    ),
    Worked(
        "first infection by 10 months",
        "the same",
        lambda: share_infected(10),
        lambda: share_infected_by_quadrature(10),
        "{:.4f}",
    ),
    Worked(
        "patients that the first share is worth, $n_1$",
        "101 patients, exponential follow-up of median 6.1 months, 38.6 % at 5",
        lambda: patients_worth(0),
        lambda: patients_worth_by_quadrature(0),
        "{:.1f}",
    ),
    Worked(
        "and the second, $n_2$",
        "47.9 % at 10",
        lambda: patients_worth(1),
        lambda: patients_worth_by_quadrature(1),
        "{:.1f}",
    ),
    Worked(
        "power (Schoenfeld)",
        "$h = 0.52$, $D = 80$, $q = 0.5$, $\\alpha = 0.05$",
        lambda: schoenfeld_power(math.log(0.52), 80, 0.5, 0.05),
        power_by_normals,
        "{:.4f}",
    ),
)
