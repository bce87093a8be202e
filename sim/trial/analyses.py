"""What a study estimates, and the estimates of one study.

An estimand is a number that an analysis aims at: a curve of somebody at a month, or a ratio of two groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.model.parts import Floats
from sim.scenario import Trial
from sim.scenario.trials import BY_EXPOSURE, CURVES
from sim.scenario.trials_meaning import groups_of
from sim.trial import estimators, spells
from sim.trial.estimators import Estimate
from sim.trial.spells import Spells
from sim.trial.watch import Watched

WITHOUT, WITH = "none", "immunoglobulin"
"""Groups of a cohort, told by what they received."""
ADJUSTED = ("adjusted_cox", "frailty_adjusted_cox")
MOST_EARLIER = 3
"""Earlier severe infections count as 0, 1, 2, and 3 or more."""


@dataclass(frozen=True)
class Estimand:
    """What one number of an analysis is of.

    Attributes:
        analysis: Its name.
        group: Arm, "all", or "immunoglobulin".
        comparator: What a ratio is over; empty for a curve.
        month: Of a curve; nan for a ratio.
    """

    analysis: str
    group: str
    comparator: str = ""
    month: float = np.nan

    @property
    def is_ratio(self) -> bool:
        """Whether estimates are logarithms of ratios."""
        return self.analysis not in CURVES


def asked_in(trial: Trial, *, effect: bool) -> Trial:
    """The trial as it is analysed: without an effect of immunoglobulin only its ratios are of interest."""
    if effect:
        return trial
    return trial.model_copy(update={"analyses": tuple(each for each in trial.analyses if each not in CURVES)})


def estimands(trial: Trial) -> tuple[Estimand, ...]:
    """Everything that a study estimates, analysis by analysis."""
    found = []
    control = WITHOUT if trial.kind == "cohort" else next(iter(trial.arms))
    for analysis in trial.analyses:
        is_curve = analysis in CURVES
        for group in groups_of(trial, is_curve=is_curve):
            if is_curve:
                found += [Estimand(analysis, group, month=month) for month in trial.months]
            else:
                found.append(Estimand(analysis, group, control))
    return tuple(found)


def estimates(trial: Trial, seen: Watched) -> list[Estimate]:
    """Estimates of one study, in the order of `estimands`."""
    found: list[Estimate] = []
    for analysis in trial.analyses:
        for group in groups_of(trial, is_curve=analysis in CURVES):
            if analysis in CURVES:
                chosen = None if group == "all" else seen.arm == list(trial.arms).index(group)
                read = estimators.kaplan_meier if analysis == "kaplan_meier" else estimators.aalen_johansen
                found += read(seen.seen(chosen), trial.months, trial.significance)
            elif analysis in ADJUSTED:
                found.append(_adjusted(trial, analysis, seen))
            elif analysis in RATES:
                found.append(estimators.rate_ratio(grouped(trial, analysis, group, seen), trial.significance))
            else:
                own = grouped(trial, analysis, group, seen)
                found.append(estimators.cox(own, trial.significance, robust=is_repeated(trial)))
    return found


def is_repeated(trial: Trial) -> bool:
    """Whether one patient can have several events."""
    return trial.outcome == "infections"


RATES = ("rate_ratio", "naive_rate_ratio", "on_off_rate_ratio")
_GROUPED: dict[str, Callable[[Watched], Spells]] = {
    "naive_cox": spells.ever,
    "naive_rate_ratio": spells.ever,
    "time_dependent_cox": spells.current,
    "on_off_rate_ratio": spells.current,
}


def grouped(trial: Trial, analysis: str, group: str, seen: Watched) -> Spells:
    """Time at risk as an analysis parts it."""
    if analysis == "landmark_cox":
        assert trial.landmark_months is not None
        return spells.landmark(seen, trial.landmark_months)
    if analysis in BY_EXPOSURE:
        return _GROUPED[analysis](seen)
    return spells.by_arm(seen, list(trial.arms).index(group), 0)


def disagreement(trial: Trial, seen: Watched) -> float:
    """Largest difference of log hazard ratios and standard errors from lifelines'; nan where no model was fitted."""
    worst = np.nan
    for each in estimands(trial):
        if not each.is_ratio or each.analysis in (*RATES, *ADJUSTED):
            continue
        own = grouped(trial, each.analysis, each.group, seen)
        mine = estimators.cox(own, trial.significance, robust=False)
        if np.isfinite(mine.value):
            value, error = estimators.by_lifelines(own)
            worst = np.fmax(worst, max(abs(value - mine.value), abs(error - mine.standard_error)))
    return float(worst)


def _adjusted(trial: Trial, analysis: str, seen: Watched) -> Estimate:
    course = spells.course_of(seen)
    if analysis == "frailty_adjusted_cox":
        columns: dict[str, Floats] = {"log_frailty": np.log(seen.frailty)[course.patient]}
    else:
        columns = {f"earlier_{n}": (course.earlier >= n).astype(np.float64) for n in range(1, MOST_EARLIER + 1)}
    return estimators.cox_with_covariates(course, columns, trial.significance, robust=is_repeated(trial))
