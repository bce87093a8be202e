"""The closed-form oracle of the preemptive strategy: Ig at the first IgG test measured under a threshold.

When a patient's measured IgG first falls under the threshold does not depend on infections, frailty or exits,
only on whether tests are still done. So the strategy is a mixture of fixed-month starts, weighted with the
distribution of the first low test, which `first_low_test` integrates over baseline IgG and M-protein.
Nothing of the simulator is imported but its errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad_vec
from scipy.special import ndtr

from sim.errors import Problem, SimulationError
from sim.verify.closed_form import ON, build_chain, never, prepare, require_markov_course, scheduled
from sim.verify.closed_form_chain import Array, mass_at_visits, visit_times
from sim.verify.closed_form_terms import Allowed, Outcomes, Parameters, refuse, require_allowed

_LAST_Z = 8.5  # the normal tail beyond is 1e-17
_TOLERANCE = 1e-11
_NEGLIGIBLE = 1e-15


@dataclass(frozen=True, kw_only=True)
class IgGKinetics:
    """How IgG falls and what the assay shows of it. Concentrations share one unit, mg/dL.

    Polyclonal IgG is G0 ((1 - f) + f 2^(-t / half-life)); the assay multiplies it with a lognormal error of mean 1,
    independent at each test, and adds the monoclonal M0 exp(-k t) of patients with IgG-type myeloma.

    Attributes:
        igg_median: Median of the lognormal G0, > 0.
        igg_log_sd: Standard deviation of log G0, >= 0.
        falling_fraction: f, between 0 and 1.
        half_life_months: Of the falling part, > 0.
        assay_cv: Coefficient of variation of the assay: 0, or at least 0.01
            (under that the integration is slow and 0 is as good).
        igg_type_probability: Probability of IgG-type myeloma.
        m_protein_median: Median of the lognormal M0 in those, > 0.
        m_protein_log_sd: Standard deviation of log M0, >= 0.
        m_protein_decay_rate: k, per month.
    """

    igg_median: float
    igg_log_sd: float
    falling_fraction: float
    half_life_months: float
    assay_cv: float
    igg_type_probability: float = 0.0
    m_protein_median: float = 1.0
    m_protein_log_sd: float = 0.0
    m_protein_decay_rate: float = 0.0

    def __post_init__(self) -> None:
        positive = dict.fromkeys(("igg_median", "half_life_months", "m_protein_median"), Allowed.POSITIVE)
        probability = dict.fromkeys(("falling_fraction", "igg_type_probability"), Allowed.PROBABILITY)
        require_allowed(self, {**positive, **probability, "assay_cv": Allowed.ZERO_OR_RESOLVABLE})

    @property
    def assay_log_sd(self) -> float:
        """Standard deviation of the log of the assay's error."""
        return math.sqrt(math.log1p(self.assay_cv**2))


def preemptive(
    parameters: Parameters,
    kinetics: IgGKinetics,
    *,
    test_interval_months: float,
    threshold: float,
    order_delay_months: float = 0.0,
    incidence_months: Sequence[float] = (),
    n_nodes: int | None = None,
) -> Outcomes:
    """Return the exact expectations with Ig from the first low IgG test plus an ordering delay.

    Tests fall at 0, one interval, two, ... while on treatment, before the horizon, until the first low one. Ig
    starts if the window (treatment, or life if the washout is infinite) is still open after the delay.

    Args:
        parameters: The patient.
        kinetics: The fall of IgG and its measurement.
        test_interval_months: Months between tests, > 0.
        threshold: A measurement below it is low; unit of `kinetics`, > 0.
        order_delay_months: Months from the low test to the first infusion, >= 0.
        incidence_months: Months, in [0, horizon], at which cumulative incidences are wanted.
        n_nodes: Frailty nodes; by default as many as twelve digits need.

    Returns:
        Expected outcomes, with the number of tests.

    Raises:
        InputError: An argument cannot be used.
    """
    require_markov_course(parameters)
    checks = (
        ("test_interval_months", test_interval_months, Allowed.POSITIVE),
        ("order_delay_months", order_delay_months, Allowed.NOT_NEGATIVE),
    )
    refuse(Problem(name, str(x), allowed.value) for name, x, allowed in checks if not allowed.admits(x))
    setting = prepare(parameters, incidence_months, n_nodes)
    months = visit_times(0.0, test_interval_months, parameters.horizon_months)
    first_low = first_low_test(kinetics, months, threshold)

    still_high = 1 - np.concatenate([[0.0], np.cumsum(first_low)])
    result = never(setting)
    result = result.mixed(still_high[-1] - 1, result)
    for month, probability in zip(months, first_low, strict=True):
        if probability > _NEGLIGIBLE:
            course = scheduled(setting, month, month + order_delay_months, only_on_treatment=True)
            result = result.mixed(float(probability), course)
    bare = build_chain(parameters, is_protected=False)
    on_treatment = mass_at_visits(bare, setting.frailty, setting.forces, setting.start(), months, ON)
    return setting.report(result.with_counts("tests", still_high[:-1] @ on_treatment))


def first_low_test(kinetics: IgGKinetics, months: Sequence[float], threshold: float) -> Array:
    """Return the probability that each test is the first low one, were all of them done.

    Args:
        kinetics: The fall of IgG and its measurement.
        months: Months of the tests, increasing.
        threshold: A measurement below it is low, > 0.

    Returns:
        (tests,); what is missing to 1 is the probability that none is low.

    Raises:
        InputError: The threshold is not positive.
        SimulationError: The integration over M-protein did not converge.
    """
    if not Allowed.POSITIVE.admits(threshold):
        refuse([Problem("threshold", str(threshold), Allowed.POSITIVE.value)])
    at = np.asarray(months, dtype=np.float64)
    share = kinetics.igg_type_probability
    high = (1 - share) * _all_high(kinetics, at, threshold, 0.0)
    if share > 0:
        high = high + share * _all_high_with_m_protein(kinetics, at, threshold)
    return -np.diff(high, prepend=1.0)


def _all_high_with_m_protein(kinetics: IgGKinetics, months: Array, threshold: float) -> Array:
    """Return, for each test, P(none low up to and including it) in IgG-type myeloma."""
    median, log_sd = kinetics.m_protein_median, kinetics.m_protein_log_sd
    if log_sd == 0:
        return _all_high(kinetics, months, threshold, median)

    def weighted(z: float) -> Array:
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return density * _all_high(kinetics, months, threshold, median * math.exp(log_sd * z))

    # Without any other chance the integrand is a step for each test: the integration must know where.
    steps: list[float] = []
    if kinetics.assay_cv == 0 and kinetics.igg_log_sd == 0:
        lacking = threshold - kinetics.igg_median * _decline(kinetics, months)
        scale = median * np.exp(-kinetics.m_protein_decay_rate * months)
        at_step = np.log(lacking[lacking > 0] / scale[lacking > 0]) / log_sd
        steps = sorted({float(z) for z in at_step if abs(z) < _LAST_Z})
    high, error = quad_vec(weighted, -_LAST_Z, _LAST_Z, epsabs=_TOLERANCE, epsrel=0, norm="max", points=steps)[:2]
    if not error < 100 * _TOLERANCE:
        message = f"integration over M-protein did not converge: error {error:.1e}"
        raise SimulationError(message)
    return np.asarray(high, dtype=np.float64)


def _all_high(kinetics: IgGKinetics, months: Array, threshold: float, m_protein: float) -> Array:
    """Return, for each test, P(none low up to and including it), given M0 (0: none)."""
    room = threshold - m_protein * np.exp(-kinetics.m_protein_decay_rate * months)
    masked = room <= 0  # M-protein alone reaches the threshold
    log_excess = np.log(kinetics.igg_median * _decline(kinetics, months) / np.where(masked, 1.0, room))
    if kinetics.assay_cv == 0:
        # Without error the measurement only falls: high now means high at every test before.
        return np.where(masked, 1.0, _exceeds(log_excess, kinetics.igg_log_sd))
    log_sd = kinetics.assay_log_sd
    z, w = _normal_grid(kinetics.igg_log_sd / log_sd, months.size)
    margins = log_excess + (kinetics.igg_log_sd * z)[:, None] - log_sd**2 / 2
    each_high = np.where(masked, 1.0, _exceeds(margins, log_sd))
    return np.asarray(w @ np.cumprod(each_high, axis=1), dtype=np.float64)


def _decline(kinetics: IgGKinetics, months: Array) -> Array:
    falling = kinetics.falling_fraction
    return (1 - falling) + falling * np.exp2(-months / kinetics.half_life_months)


def _exceeds(margins: Array, log_sd: float) -> Array:
    """Return P(margin + log_sd * standard normal >= 0)."""
    if log_sd == 0:
        return np.where(margins >= 0, 1.0, 0.0)
    return np.asarray(ndtr(margins / log_sd), dtype=np.float64)


def _normal_grid(steepness: float, n_tests: int) -> tuple[Array, Array]:
    """Return nodes and weights of a trapezoidal rule for a standard normal variable.

    The integrand, a normal density times `n_tests` normal distribution functions of slope `steepness`, is entire,
    so the error falls like exp(-2 pi^2 / (h^2 (1 + n steepness^2))) with the step h (Trefethen & Weideman 2014,
    SIAM Review 56:385, theorem 5.1, shifting the contour); the step keeps it under 1e-16.
    """
    if steepness == 0:
        return np.zeros(1), np.ones(1)
    step = 0.7 / math.sqrt(1 + n_tests * steepness**2)
    count = math.ceil(_LAST_Z / step)
    z = np.arange(-count, count + 1, dtype=np.float64) * step
    w = np.asarray(np.exp(-z * z / 2), dtype=np.float64)
    return z, w / w.sum(dtype=np.float64)
