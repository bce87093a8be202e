"""The worked numbers of docs/methods.md as rows: the setting, both ways to the number, how it is printed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from sim.model.discounting import appointments, flow, monthly_rate
from sim.model.hazards import subject_ratio
from sim.model.immunoglobulin import ratio_at_dose
from sim.sensitivity import price_threshold
from sim.trial.power import schoenfeld_power
from sim.voi import population_factor
from tests.documents.worked import (
    MONTH,
    THETA,
    accepted_per_candidate,
    best_draws,
    best_draws_by_trying,
    died,
    died_by_root,
    evpi_by_density,
    evpi_of_draws,
    evsi_by_conjugacy,
    evsi_of_draws,
    frailty_of_the_infected,
    frailty_of_the_infected_by_density,
    igg,
    igg_by_its_differential_equation,
    lower_limit_by_its_inequality,
    lower_limit_of_a_ratio,
    net_benefit_of_a_trial,
    on_treatment,
    on_treatment_by_quadrature,
    one_stratum,
    patients_to_come,
    patients_worth,
    patients_worth_by_quadrature,
    power_by_normals,
    reads_low,
    reads_low_by_density,
    share_infected,
    share_infected_by_quadrature,
    spread_without_noise,
    two_strata,
    two_strata_by_quadrature,
)


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
        "death, $t_D$",
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
        "$G_0 = 500$, $\\phi_1 = 0.4$, $\\phi_2 = 0.8$, $t_1 = 2.76$, half-life 21 days",
        lambda: igg(6.0),
        lambda: igg_by_its_differential_equation(6.0),
        "{:.1f} mg/dL",
    ),
    Worked("reads under 400", "true IgG 420, cv 0.1", reads_low, reads_low_by_density, "{:.4f}", 1e-4),
    Worked(
        "ratio at a higher dose",
        "$h = 0.38$, $\\chi = 1.5$, $\\nu = 1$",
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
        "appointments, $F_\\delta(0, 28 \\text{ days}, 13)$",
        "$d = 3.5$ %",
        lambda: float(appointments(monthly_rate(0.035), np.zeros(1), 28 / MONTH, np.array([13.0]))[0]),
        lambda: sum(1.035 ** (-28 * j / 365.25) for j in range(13)),
        "{:.4f}",
    ),
    Worked(
        "months on treatment, matrix exponential",
        "stop 0.088, death 0.012, grade ≥ 3 0.06, $f_c = 0.1$, $p_c = 0.05$, $\\theta = 0.6$, $H = 120$",
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
        "$\\Sigma_c = 0.36 \\, \\Sigma$",
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
        "population, $\\mathrm{Pop}(0, 10)$",
        "4,000 a year, $d = 3$ %",
        lambda: population_factor(4000, 10, 0.03),
        lambda: patients_to_come(0),
        "{:,.0f}",
    ),
    Worked(
        "ENBS, $n = 100$ per arm",
        "EVSI 300, 150 recruited a year, followed 1 year, $x_0 = 2 \\cdot 10^6$, $x_1 = 8000$",
        net_benefit_of_a_trial,
        lambda: 300 * patients_to_come(200 / 150 + 1) - 2e6 - 200 * 8000,
        "{:,.0f}",
    ),
    Worked(
        "threshold price, $x^{*}$",
        "$\\lambda = 100{,}000$, 0.05 QALYs, other costs −2,000, 500 g",
        lambda: float(price_threshold(-2000, 500, 0.05, 100_000)),
        lambda: float(brentq(lambda price: 100_000 * 0.05 + 2000 - 500 * price, 0, 100)),
        "{:.2f}",
    ),
    Worked(
        "first infection by 5 months",
        "$A' = 0.157$, $\\theta = 0.6$, $\\xi = 0.104$",
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
        "$h = 0.52$, $n_{\\mathrm{ev}} = 80$, $w = 0.5$, $\\alpha = 0.05$",
        lambda: schoenfeld_power(math.log(0.52), 80, 0.5, 0.05),
        power_by_normals,
        "{:.4f}",
    ),
)
