"""Estimates as published: Kaplan-Meier, Aalen-Johansen and Cox regression by lifelines, rate ratios by hand.

A study is analysed thousands of times, and lifelines takes 30 ms for a Cox model; with one yes-or-no covariate
and no ties the partial likelihood takes a few lines and a hundredth of the time, so these models are fitted
here. Every analysis also fits its first replication by lifelines and reports the difference (`by_lifelines`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from lifelines.exceptions import ConvergenceError
from scipy.special import ndtri

from sim.model.parts import Booleans, Floats
from sim.trial.follow import EVENT, Seen
from sim.trial.spells import Course, Spells, pieces

NEWTON_STEPS = 50
CONVERGED = 1e-10
LARGEST_LOG_RATIO = 15.0
"""Beyond it a ratio is taken for one without an estimate: all events are on one side."""
ROUNDING = 1e-9
"""A sum of frailties this near 0 is that of nobody."""


@dataclass(frozen=True)
class Estimate:
    """One estimate: a probability, or the logarithm of a ratio.

    Attributes:
        value: nan where the study allows none, as where all events are in one group.
        standard_error: Of the value, as published.
        low: Lower end of its confidence interval.
        high: Upper end.
    """

    value: float
    standard_error: float
    low: float
    high: float


NO_ESTIMATE = Estimate(np.nan, np.nan, np.nan, np.nan)


def cumulative_incidence(seen: Seen, months: Sequence[float]) -> Floats:
    """Aalen-Johansen estimate of the first event's cumulative incidence; Kaplan-Meier's where nothing competes.

    After the last patient watched the curve stays where it is.

    Args:
        seen: What a study saw.
        months: When.

    Returns:
        Probabilities, shape (n_months,).
    """
    if not np.any(seen.status == EVENT):
        return np.zeros(len(months))
    curve = _aalen_johansen(seen, variance=False).cumulative_density_.iloc[:, 0]
    place = np.searchsorted(curve.index.to_numpy(), np.asarray(months), side="right") - 1
    return np.asarray(curve.to_numpy()[place], dtype=np.float64)


def aalen_johansen(seen: Seen, months: Sequence[float], significance: float) -> list[Estimate]:
    """Cumulative incidence with competing events, and its interval on the log-log scale, at some months.

    Where censoring has left nobody under observation before a month there is no estimate; where nobody has had
    an event the estimate is 0 with no interval.
    """
    short = until(seen, max(months))
    if not np.any(short.status == EVENT):
        return [_nobody_yet(seen, month) for month in months]
    fitter = _aalen_johansen(short, variance=True, significance=significance)
    variance = fitter.variance_.to_numpy()
    return _read(seen, months, fitter.cumulative_density_.iloc[:, 0], fitter.confidence_interval_, variance)


def kaplan_meier(seen: Seen, months: Sequence[float], significance: float) -> list[Estimate]:
    """One less the survival curve, competing events censored, with its interval on the log-log scale."""
    short = until(seen, max(months))
    if not np.any(short.status == EVENT):
        return [_nobody_yet(seen, month) for month in months]
    fitter = KaplanMeierFitter(alpha=significance)
    fitter.fit(short.months, short.status == EVENT)
    curve = 1 - fitter.survival_function_.iloc[:, 0]
    table = fitter.event_table
    at_risk, events = table["at_risk"].to_numpy(float), table["observed"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0))
    variance = (1 - curve.to_numpy()) ** 2 * greenwood
    return _read(seen, months, curve, 1 - fitter.confidence_interval_survival_function_, variance)


def until(seen: Seen, month: float) -> Seen:
    """The same study closed at a month."""
    return Seen(np.minimum(seen.months, month), np.where(seen.months <= month, seen.status, 0))


def _aalen_johansen(seen: Seen, *, variance: bool, significance: float = 0.05) -> AalenJohansenFitter:
    # The seed is that of the jitter by which lifelines parts events of two kinds at one instant.
    fitter = AalenJohansenFitter(calculate_variance=variance, alpha=significance, seed=0)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.filterwarnings("ignore", message="(?s).*[Tt]ied event times.*")
        # Once nobody is left the variance is 0 / 0; before the first event its logarithm is that of 0.
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        fitter.fit(pd.Series(seen.months), pd.Series(seen.status), event_of_interest=EVENT)
    return fitter


def _nobody_yet(seen: Seen, month: float) -> Estimate:
    return Estimate(0.0, np.nan, np.nan, np.nan) if _is_watched(seen, month) else NO_ESTIMATE


def _is_watched(seen: Seen, month: float) -> bool:
    """Whether a curve reaches a month: somebody is watched until then, or the last one watched had an event."""
    last = int(np.argmax(seen.months))
    return bool(seen.months[last] >= month or seen.status[last] != 0)


def _read(
    seen: Seen, months: Sequence[float], curve: pd.Series, interval: pd.DataFrame, variance: Floats
) -> list[Estimate]:
    place = np.searchsorted(curve.index.to_numpy(), np.asarray(months), side="right") - 1
    ends = np.sort(interval.to_numpy(float), axis=1)
    return [
        Estimate(float(curve.iloc[at]), float(np.sqrt(variance[at])), float(ends[at, 0]), float(ends[at, 1]))
        if _is_watched(seen, month)
        else NO_ESTIMATE
        for month, at in zip(months, place, strict=True)
    ]


# ---------------------------------------------------------------------- ratios


def rate_ratio(spells: Spells, significance: float) -> Estimate:
    """Log ratio of events over person-time, exposed over not, with the Poisson interval that is usually published."""
    events = [int(np.sum(spells.event_exposed == side)) for side in (True, False)]
    time = [float((spells.stop - spells.start)[spells.exposed == side].sum()) for side in (True, False)]
    if min(events) == 0 or min(time) == 0:
        return NO_ESTIMATE
    value = float(np.log(events[0] / time[0]) - np.log(events[1] / time[1]))
    return _wald(value, float(np.sqrt(1 / events[0] + 1 / events[1])), significance)


def cox(spells: Spells, significance: float, *, robust: bool) -> Estimate:
    """Log hazard ratio of exposure; `robust` takes the standard error from residuals summed by patient.

    The robust error is for repeated events (Andersen and Gill, Ann Stat 1982;10:1100; Lin and Wei, J Am Stat
    Assoc 1989;84:1074).
    """
    risk = _Risk.of(spells)
    found = risk.log_hazard_ratio()
    if found is None:
        return NO_ESTIMATE
    value, information = found
    error = risk.robust_error(spells, value, information) if robust else information**-0.5
    return _wald(value, float(error), significance)


def log_hazard_ratio(spells: Spells, frailty: Floats | None = None) -> float:
    """The log hazard ratio alone; nan where there is none.

    Args:
        spells: Time at risk and events.
        frailty: Known multiplier of each patient's hazard, (n_patients,); None for 1.
    """
    found = _Risk.of(spells, frailty).log_hazard_ratio()
    return np.nan if found is None else found[0]


@dataclass(frozen=True, eq=False)
class _Risk:
    """Events in order of time, and who was at risk at each.

    Attributes:
        month: Of each event that happened while somebody of either group was at risk, (n_events,).
        exposed: Whether it befell an exposed patient.
        with_it: Exposed at risk, or the sum of their known hazards.
        without: Others at risk, likewise.
    """

    month: Floats
    exposed: Booleans
    with_it: Floats
    without: Floats

    @classmethod
    def of(cls, spells: Spells, frailty: Floats | None = None) -> _Risk:
        order = np.argsort(spells.event_month, kind="stable")
        month, exposed = spells.event_month[order], spells.event_exposed[order]
        weight = np.ones(spells.patient.size) if frailty is None else frailty[spells.patient]
        at_risk = [
            _sum_before(spells.start[own], weight[own], month) - _sum_before(spells.stop[own], weight[own], month)
            for own in (spells.exposed, ~spells.exposed)
        ]
        return cls(month, exposed, *(np.where(np.abs(each) < ROUNDING, 0.0, each) for each in at_risk))

    def log_hazard_ratio(self) -> tuple[float, float] | None:
        """Root of the score by Newton's method, and the information there; None where it has no finite root."""
        both = (self.with_it > 0) & (self.without > 0)
        told = self.exposed[both]
        if not told.any() or told.all():
            return None
        beta = 0.0
        for _ in range(NEWTON_STEPS):
            share = self._share(beta)
            information = float((share * (1 - share)).sum())
            step = float((self.exposed - share).sum()) / information
            beta += float(np.clip(step, -1, 1))
            if abs(beta) > LARGEST_LOG_RATIO:
                return None
            if abs(step) < CONVERGED:
                return beta, information
        return None

    def robust_error(self, spells: Spells, beta: float, information: float) -> float:
        """Square root of the sandwich: score residuals summed by patient, over the information."""
        share = self._share(beta)
        hazard = 1 / (self.with_it * np.exp(beta) + self.without)
        total = np.concatenate([[0.0], np.cumsum(hazard)])
        weighted = np.concatenate([[0.0], np.cumsum(share * hazard)])
        first, last = (np.searchsorted(self.month, ends, side="right") for ends in (spells.start, spells.stop))
        expected = spells.exposed * (total[last] - total[first]) - (weighted[last] - weighted[first])
        residual = np.zeros(spells.n_patients)
        np.add.at(residual, spells.patient, -np.exp(beta * spells.exposed) * expected)
        place = np.searchsorted(self.month, spells.event_month)
        np.add.at(residual, spells.event_patient, spells.event_exposed - share[place])
        return float(np.sqrt((residual**2).sum()) / information)

    def _share(self, beta: float) -> Floats:
        weight = self.with_it * np.exp(beta)
        return np.asarray(weight / (weight + self.without), dtype=np.float64)


def _sum_before(marks: Floats, weight: Floats, month: Floats) -> Floats:
    """Sum of the weights of marks strictly before each month."""
    order = np.argsort(marks, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    return np.asarray(total[np.searchsorted(marks[order], month, side="left")], dtype=np.float64)


def cox_with_covariates(course: Course, columns: dict[str, Floats], significance: float, *, robust: bool) -> Estimate:
    """Log hazard ratio of being on immunoglobulin, given other covariates, by lifelines.

    Covariates that do not vary among the events are left out: no coefficient of theirs can be found.

    Args:
        course: Patients in pieces of constant covariates.
        columns: Further covariates, one value a piece.
        significance: Of the interval.
        robust: Whether the standard error comes from residuals summed by patient; these are taken here, for
            those of lifelines leave out that a piece enters late.
    """
    on, event = course.on_ig > 0, course.event
    if not event[on].any() or not event[~on].any():
        return NO_ESTIMATE
    varying = {name: column for name, column in columns.items() if np.ptp(column[event]) > 0}
    covariates = pd.DataFrame({"on_ig": course.on_ig, **varying})
    frame = covariates.assign(start=course.start, stop=course.stop, event=event)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore")  # whatever it warns of, a fit without a finite error is none
        try:
            fitter = CoxPHFitter().fit(frame, "stop", "event", entry_col="start")
        except (ConvergenceError, ValueError, np.linalg.LinAlgError):
            return NO_ESTIMATE
    value, error = float(fitter.params_["on_ig"]), float(fitter.standard_errors_["on_ig"])
    if not np.isfinite(error) or abs(value) > LARGEST_LOG_RATIO:
        return NO_ESTIMATE
    if robust:
        error = _sandwich(course, covariates.to_numpy(), fitter.params_[covariates.columns].to_numpy())
    return _wald(value, error, significance)


def _sandwich(course: Course, covariates: Floats, beta: Floats) -> float:
    """Robust standard error of the first coefficient: score residuals of pieces, summed by patient."""
    month = course.stop[course.event]
    at_risk = (course.start < month[:, None]) & (month[:, None] <= course.stop)
    weight = np.exp(covariates @ beta)
    total = at_risk @ weight
    mean = (at_risk @ (weight[:, None] * covariates)) / total[:, None]
    second = at_risk @ (weight[:, None] * np.einsum("ri,rj->rij", covariates, covariates).reshape(weight.size, -1))
    spread = (second / total[:, None]).sum(axis=0).reshape(beta.size, beta.size) - mean.T @ mean
    residual = -weight[:, None] * (
        covariates * (at_risk.T @ (1 / total))[:, None] - at_risk.T @ (mean / total[:, None])
    )
    residual[course.event] += covariates[course.event] - mean
    by_patient = np.zeros((int(course.patient.max()) + 1, beta.size))
    np.add.at(by_patient, course.patient, residual)
    inverse = np.linalg.pinv(spread)
    return float(np.sqrt((inverse @ by_patient.T @ by_patient @ inverse)[0, 0]))


def by_lifelines(spells: Spells) -> tuple[float, float]:
    """Log hazard ratio of exposure and its plain standard error by lifelines: what `cox` is held against."""
    frame = pd.DataFrame(pieces(spells), columns=["patient", "start", "stop", "exposed", "event"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore")
        fitter = CoxPHFitter().fit(
            frame.drop(columns="patient").astype(float),
            "stop",
            "event",
            entry_col="start",
            # To the root: by default lifelines stops some 1e-4 short of it.
            fit_options={"precision": 1e-10, "r_precision": 1e-14},
        )
    return float(fitter.params_["exposed"]), float(fitter.standard_errors_["exposed"])


def _wald(value: float, error: float, significance: float) -> Estimate:
    half = float(ndtri(1 - significance / 2)) * error
    return Estimate(value, error, value - half, value + half)
