"""What was seen, with the information that follow-up left in it.

A curve read at some months is taken apart: of those without an event so far, the share that has one by the next
month read. Each share is binomial, out of as many patients as give the share the variance it has under the
numbers at risk, where they were published, or the stated pattern of follow-up. With complete follow-up that number
is n (1 - F), and the product is the multinomial likelihood of the increments, exactly. Censoring takes from it: the
large-sample variance of a log survival increment is the integral of the hazard over n (1 - F(s)) G(s), where G is
the share still watched, against n (1 - F(s)) without censoring. The numbers are computed once, at the published
curve, so that they do not move with what is fitted.

Events over person-time are negative binomial: n patients of gamma frailty, watched equally long, have in all a
negative binomial number of infections of size n / v. Proportions are binomial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln, xlog1py, xlogy

from sim.calibrate.forward import Forward, Target, Values
from sim.scenario import Calibration, IncidenceTarget, ProportionTarget, RateTarget
from sim.scenario.calibration import FollowUp

Floats = NDArray[np.float64]

SMALLEST = 1e-300
HIGHEST_HAZARD = 1e6
NODES = 40


def watched(follow_up: FollowUp, month: Floats) -> Floats:
    """Share of patients whose follow-up reaches each month, had nothing happened to them."""
    median = follow_up.median_months or np.inf
    match follow_up.pattern:
        case "administrative":
            return np.where(month <= median, 1.0, 0.0)
        case "uniform":
            return np.clip(1 - month / (2 * median), 0, 1)
        case "exponential":
            return np.exp2(-month / median)
    return np.ones_like(month)


def informing(target: IncidenceTarget, patients: int, follow_up: FollowUp, exit_rate: float) -> Floats:
    """Patients that each conditional share of a curve is worth, shape (n_months,).

    Args:
        target: The curve.
        patients: Who was studied.
        follow_up: For how long.
        exit_rate: Leaving treatment, per month; it censors where exits do not compete.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    start, free, worth = 0.0, 1.0, []
    still = share_watched(target, patients, exit_rate) if target.at_risk is not None else None
    for month, observed in zip(target.months, target.observed, strict=True):
        share = max((observed - (1 - free)) / free, 1e-9)
        hazard = -np.log1p(-share) / (month - start)
        since = (month - start) * (nodes + 1) / 2
        if still is not None:
            seen = still(start + since)
        else:
            seen = watched(follow_up, start + since)
            if target.exits == "censored":
                seen = seen * np.exp(-exit_rate * (start + since))
        at_risk = np.exp(-hazard * since)
        weight = weights / 2
        complete = (weight / at_risk).sum()
        with np.errstate(divide="ignore"):
            censored = (weight / (at_risk * seen)).sum()
        worth.append(patients * free * complete / censored)
        start, free = month, 1 - observed
    return np.array(worth)


def share_watched(target: IncidenceTarget, patients: int, exit_rate: float) -> Callable[[Floats], Floats]:
    """Share of patients not censored by each month, from the numbers at risk.

    Those at risk are neither infected, nor censored, nor, where exits compete, gone. Where exits are censored the
    share is n(t) / (n (1 - F(t))). Where they compete, who is neither infected nor gone is followed from reading to
    reading at the hazard that gives the published increment beside the exit rate. Between readings censoring is
    at a constant rate.

    Args:
        target: A curve with numbers at risk.
        patients: At the beginning.
        exit_rate: Leaving treatment, per month.
    """
    assert target.at_risk is not None
    marks, logs = [0.0], [0.0]
    start, before, present = 0.0, 0.0, 1.0
    for month, seen, left in zip(target.months, target.observed, target.at_risk, strict=True):
        present = (
            _present(present, seen - before, month - start, exit_rate) if target.exits == "compete" else 1 - seen
        )
        marks.append(month)
        logs.append(min(logs[-1], float(np.log(left / (patients * present)))))
        start, before = month, seen
    return lambda month: np.exp(np.interp(month, marks, logs))


def _present(present: float, increment: float, months: float, exit_rate: float) -> float:
    """Share neither infected nor gone after some months in which `increment` of all were infected."""

    def surplus(hazard: float) -> float:
        total = hazard + exit_rate
        return present * hazard / total * -np.expm1(-total * months) - increment if total > 0 else -increment

    highest = 1.0
    while surplus(highest) < 0 and highest < HIGHEST_HAZARD:
        highest *= 2
    if surplus(highest) < 0:  # more were infected than the exit rate leaves: it is the rate that is too high
        return max(present - increment, SMALLEST)
    hazard = float(brentq(surplus, 0.0, highest)) if increment > 0 else 0.0
    return present * float(np.exp(-(hazard + exit_rate) * months))


@dataclass(frozen=True, eq=False)
class Evidence:
    """One target, ready to be compared.

    Attributes:
        name: In the calibration.
        target: As in the scenario.
        worth: Patients that each observation is worth; events of a rate.
        patients: Patients of the cohort.
    """

    name: str
    target: Target
    worth: Floats
    patients: int

    @property
    def observed(self) -> Floats:
        """What was seen."""
        match self.target:
            case IncidenceTarget():
                return np.array(self.target.observed)
            case RateTarget():
                return np.array([self.target.events / self.target.patient_months])
        return np.array([self.target.observed])

    def expected(self, forward: Forward, values: Values) -> Floats:
        """What should be seen, shape (n, n_observations)."""
        match self.target:
            case IncidenceTarget():
                return forward.incidence(self.target, values)
            case RateTarget():
                return forward.rate(self.target, values)[:, None]
        return forward.on_treatment(self.target, values)[:, None]

    def log_likelihood(self, expected: Floats, variance: Floats, observed: Floats | None = None) -> Floats:
        """Of what was seen, or of something else, at each parameter set; up to a constant.

        Args:
            expected: From `expected`, (n, n_observations).
            variance: Of the frailty, (n,).
            observed: Shape (n_observations,) or (n, n_observations).
        """
        seen = self.observed if observed is None else observed
        if isinstance(self.target, RateTarget):
            events = seen[..., 0] * self.target.patient_months
            return _negative_binomial(events, self._mean(expected), self._size(variance))
        each = _binomial(_shares(seen), _shares(expected), self.worth)
        return np.asarray(each.sum(axis=-1), dtype=np.float64)

    def replicate(self, expected: Floats, variance: Floats, rng: np.random.Generator) -> Floats:
        """What a study like it would see, at each parameter set: shape of `expected`."""
        if isinstance(self.target, RateTarget):
            size, mean = self._size(variance), self._mean(expected)
            return (rng.negative_binomial(size, size / (size + mean)) / self.target.patient_months)[:, None]
        share = _shares(expected)
        whole = np.maximum(np.round(self.worth), 1).astype(np.int64)
        drawn = rng.binomial(whole, np.clip(share, 0, 1)) / whole
        return np.asarray(1 - np.cumprod(1 - drawn, axis=-1), dtype=np.float64)

    def interval(self) -> tuple[Floats, Floats]:
        """95 % intervals of what was seen, by its sampling error alone."""
        seen, low, high = self.observed, [], []
        for place, value in enumerate(seen):
            if isinstance(self.target, RateTarget):
                events, time = self.target.events, self.target.patient_months
                low.append(stats.chi2.ppf(0.025, 2 * events) / 2 / time if events else 0.0)
                high.append(stats.chi2.ppf(0.975, 2 * events + 2) / 2 / time)
                continue
            n = _one_number(seen[: place + 1], self.worth[: place + 1])
            low.append(stats.beta.ppf(0.025, value * n + 0.5, (1 - value) * n + 0.5))
            high.append(stats.beta.ppf(0.975, value * n + 0.5, (1 - value) * n + 0.5))
        return np.array(low), np.array(high)

    def _mean(self, expected: Floats) -> Floats:
        months = self.target.patient_months if isinstance(self.target, RateTarget) else 1.0
        return expected[:, 0] * months

    def _size(self, variance: Floats) -> Floats:
        return self.patients / np.maximum(variance, 1e-6)


def evidence_of(forward: Forward, calibration: Calibration) -> tuple[Evidence, ...]:
    """Every target of a calibration with what it is worth."""
    found = []
    for name, target in calibration.targets.items():
        cohort = calibration.cohorts[target.cohort]
        match target:
            case IncidenceTarget():
                totals = forward.totals(target.cohort, {"patients.frailty_variance": np.zeros(1)})
                leaving = float(totals["rate of leaving treatment without infection"][0])
                worth = informing(target, cohort.patients, cohort.follow_up, leaving)
            case RateTarget():
                worth = np.array([float(target.events)])
            case ProportionTarget():
                worth = np.array([target.worth_patients])
        found.append(Evidence(name, target, worth, cohort.patients))
    return tuple(found)


def _shares(curve: Floats) -> Floats:
    """Conditional shares of a curve: of those without an event so far, who has one by the next month."""
    before = np.concatenate([np.zeros((*curve.shape[:-1], 1)), curve[..., :-1]], axis=-1)
    return np.asarray((curve - before) / np.maximum(1 - before, SMALLEST), dtype=np.float64)


def _binomial(seen: Floats, share: Floats, worth: Floats) -> Floats:
    p = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(worth * (xlogy(seen, p) + xlog1py(1 - seen, -p)), dtype=np.float64)


def _negative_binomial(events: Floats, mean: Floats, size: Floats) -> Floats:
    return np.asarray(
        gammaln(events + size) - gammaln(size) - size * np.log1p(mean / size) + xlogy(events, mean / (size + mean)),
        dtype=np.float64,
    )


def _one_number(seen: Floats, worth: Floats) -> float:
    """Patients that the last value of a curve is worth: 1 - F is a product of independent shares."""
    share = _shares(seen)
    relative = (share / ((1 - share) * worth)).sum()
    last = float(seen[-1])
    return last / ((1 - last) * float(relative)) if relative > 0 else float(worth[-1])
