"""What a scenario says beside its patients: studies to be played, and data that it can be fitted to."""

from __future__ import annotations

import pandas as pd
from scipy.special import ndtr

from sim.calibrate.prior import prior_of
from sim.errors import UsageError
from sim.scenario import Scenario
from sim.scenario.calibration import CalibrationTarget, IncidenceTarget, RateTarget
from sim.scenario.trials import Trial

_LIMITS = (0.025, 0.5, 0.975)


def trials(scenario: Scenario) -> pd.DataFrame:
    """Trial, kind, arms, patients, how they are watched, what counts and how it is read; for `igsim trial`."""
    return pd.DataFrame(
        [
            (
                name,
                trial.label,
                trial.kind,
                ", ".join(f"{arm} {share:.0%}" for arm, share in trial.arms.items()),
                " or ".join(f"{size:,}" for size in trial.patients),
                _watched(trial),
                _counted(trial),
                ", ".join(trial.analyses).replace("_", " "),
                len(trial.published),
            )
            for name, trial in scenario.trials.items()
        ],
        columns=["trial", "of", "kind", "arms", "patients", "watched", "outcome", "analyses", "published_estimates"],
    )


def priors(scenario: Scenario) -> pd.DataFrame:
    """Quantity, unit, and the 95 % limits and median of its prior; what `igsim calibrate` may move.

    No rows where it can move nothing: the command says why.
    """
    columns = ["quantity", "unit", "prior_low", "prior_median", "prior_high"]
    try:
        prior = prior_of(scenario, scenario.calibration) if scenario.calibration else None
    except UsageError:
        prior = None
    if prior is None:
        return pd.DataFrame(columns=columns)
    chances = ndtr(prior.scores)
    places = [int(abs(chances - limit).argmin()) for limit in _LIMITS]
    return pd.DataFrame(
        [(path, prior.units[row], *prior.table[row, places]) for row, path in enumerate(prior.paths)],
        columns=columns,
    )


def targets(scenario: Scenario) -> pd.DataFrame:
    """Target, the cohort that was studied, what was seen in it, whether it is fitted, and the source."""
    calibration = scenario.calibration
    columns = ["target", "cohort", "patients", "seen", "fitted", "source"]
    if calibration is None:
        return pd.DataFrame(columns=columns)
    return pd.DataFrame(
        [
            (
                name,
                target.cohort,
                calibration.cohorts[target.cohort].patients,
                _seen(target),
                "fitted" if target.fitted else "compared only",
                target.source,
            )
            for name, target in calibration.targets.items()
        ],
        columns=columns,
    )


def _watched(trial: Trial) -> str:
    until = "the bispecific's end" if trial.observed == "on_treatment" else "death"
    lost = f", lost at {trial.loss_per_month:g} a month" if trial.loss_per_month else ""
    return f"enrolled over {trial.accrual_months:g} months and {trial.follow_up_months:g} more, to {until}{lost}"


def _counted(trial: Trial) -> str:
    words = trial.outcome.replace("_", " ")
    if trial.infections:
        words += {"any": " of any grade", "3plus": " of grade 3 or more"}[trial.infections]
    return words + (f", {trial.cause} only" if trial.cause else "")


def _seen(target: CalibrationTarget) -> str:
    """What a target says, in words."""
    if isinstance(target, IncidenceTarget):
        at = ", ".join(f"{p:.1%} by {m:g}" for p, m in zip(target.observed, target.months, strict=True))
        what = {"any": "a first infection", "3plus": "a first infection of grade 3 or more"}[target.infections]
        return f"{what}: {at} months, exits {'compete' if target.exits == 'compete' else 'are censored'}"
    if isinstance(target, RateTarget):
        grade = "" if target.infections == "any" else " of grade 3 or more"
        return f"{target.events:,} infections{grade} in {target.patient_months:,.0f} patient-months"
    return f"{target.observed:.1%} alive and on the bispecific at {target.month:g} months"
