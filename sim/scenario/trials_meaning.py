"""Whether what a scenario's trials ask can be answered by such studies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.scenario.quantity import shown, suggestion
from sim.scenario.references import Contradiction
from sim.scenario.schema import AtStart, Never, Scenario
from sim.scenario.trials import BY_ARM, BY_EXPOSURE, CURVES, PublishedEstimate, Trial

SHARES_TOLERANCE = 1e-9
Path = tuple[str, ...]


def trial_contradictions(scenario: Scenario, name: str, trial: Trial) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed.

    Args:
        scenario: The scenario.
        name: Of the trial.
        trial: The trial.
    """
    path = ("trials", name)
    yield from _arms(path, trial, scenario)
    yield from _length(path, trial, scenario)
    yield from _outcome(path, trial, scenario)
    yield from _analyses(path, trial)
    yield from _shares((*path, "agents"), trial.agents, scenario.agents, "an agent")
    for place, estimate in enumerate(trial.published, start=1):
        yield from _published((*path, "published", str(place)), estimate, trial)


def _shares(
    path: Path, shares: Mapping[str, float], known: Mapping[str, object], what: str
) -> Iterator[Contradiction]:
    for name in shares:
        if name not in known:
            allowed = f"must name {what} of this scenario: {', '.join(known)}{suggestion(name, list(known))}"
            yield (*path, name), shown(name), allowed
    if shares and abs(sum(shares.values()) - 1) > SHARES_TOLERANCE:
        yield path, f"{sum(shares.values()):.10g} in all", "must add up to 1"


def _arms(path: Path, trial: Trial, scenario: Scenario) -> Iterator[Contradiction]:
    path = (*path, "arms")
    yield from _shares(path, trial.arms, scenario.strategies, "a strategy")
    found = ", ".join(trial.arms)
    rules = [scenario.strategies[arm].start for arm in trial.arms if arm in scenario.strategies]
    if trial.kind == "randomised":
        if len(trial.arms) < 2:
            yield path, found, "needs two arms or more to randomise between"
        return
    if len(rules) < len(trial.arms) or not set(trial.analyses) & set(BY_EXPOSURE):
        return
    if all(isinstance(rule, Never) for rule in rules):
        yield path, found, "needs a strategy that gives immunoglobulin: nobody is ever exposed"
    elif all(isinstance(rule, AtStart) for rule in rules):
        yield path, found, "needs a strategy that withholds or delays immunoglobulin: nobody is without it"


def _length(path: Path, trial: Trial, scenario: Scenario) -> Iterator[Contradiction]:
    months, horizon = trial.months_in_all, scenario.analysis.horizon_months.value
    if months == 0:
        yield (*path, "follow_up_months"), "0", "must be above 0 where accrual_months is 0: nobody would be watched"
    elif months > horizon:
        found = f"{trial.accrual_months:g} + {trial.follow_up_months:g} = {months:g}"
        yield (
            (*path, "follow_up_months"),
            found,
            f"must end by analysis.horizon_months, {horizon:g}, with the accrual",
        )
    for field, latest in (("months", max(trial.months, default=0.0)), ("landmark_months", trial.landmark_months)):
        if latest is not None and months and latest >= months:
            allowed = f"must be before the longest follow-up, {months:g} months (accrual_months + follow_up_months)"
            yield (*path, field), f"{latest:g}", allowed


def _outcome(path: Path, trial: Trial, scenario: Scenario) -> Iterator[Contradiction]:
    if trial.counts_infections and trial.infections is None:
        yield (*path, "infections"), "", "is missing; the outcome counts infections: any or 3plus"
    if not trial.counts_infections:
        for field in ("infections", "cause"):
            if getattr(trial, field) is not None:
                yield (
                    (*path, field),
                    shown(getattr(trial, field)),
                    f"must be left out: the outcome is {trial.outcome}",
                )
        if trial.observed != "alive":
            yield (*path, "observed"), trial.observed, 'must be "alive" where the outcome is a death'
    causes = scenario.infections.causes
    if trial.cause is not None and trial.cause not in causes:
        allowed = f"must name a cause of infection: {', '.join(causes)}{suggestion(trial.cause, list(causes))}"
        yield (*path, "cause"), shown(trial.cause), allowed


def _analyses(path: Path, trial: Trial) -> Iterator[Contradiction]:
    own = (*CURVES, *(BY_ARM if trial.kind == "randomised" else BY_EXPOSURE))
    for place, analysis in enumerate(trial.analyses, start=1):
        at = (*path, "analyses", str(place))
        if analysis not in own:
            yield at, analysis, f"must be one that a {trial.kind} study can have: {', '.join(own)}"
        elif analysis in CURVES and trial.outcome == "infections":
            yield at, analysis, 'reads a first event: the outcome must not be "infections"'
    curves = [analysis for analysis in trial.analyses if analysis in CURVES]
    if curves and not trial.months:
        yield (*path, "months"), "", f"is missing; {curves[0]} is read at some months"
    if trial.months and not curves:
        yield (
            (*path, "months"),
            shown(trial.months),
            f"must be left out: no analysis reads a curve ({', '.join(CURVES)})",
        )
    if ("landmark_cox" in trial.analyses) != (trial.landmark_months is not None):
        missing = trial.landmark_months is None
        allowed = (
            "is missing; landmark_cox needs it" if missing else "must be left out: landmark_cox is not asked for"
        )
        yield (*path, "landmark_months"), "" if missing else f"{trial.landmark_months:g}", allowed


def _published(path: Path, estimate: PublishedEstimate, trial: Trial) -> Iterator[Contradiction]:
    if estimate.analysis not in trial.analyses:
        yield (*path, "analysis"), estimate.analysis, f"must be one of the trial's: {', '.join(trial.analyses)}"
    is_curve = estimate.analysis in CURVES
    if is_curve and estimate.month not in trial.months:
        found = "" if estimate.month is None else f"{estimate.month:g}"
        yield (*path, "month"), found, f"must be one of the trial's months: {shown(trial.months)}"
    if not is_curve and estimate.month is not None:
        yield (*path, "month"), f"{estimate.month:g}", "must be left out: a ratio is of no month"
    arms = groups_of(trial, is_curve=is_curve)
    if estimate.arm is None and len(arms) > 1:
        yield (*path, "arm"), "", f"is missing; must be one of {', '.join(arms)}"
    elif estimate.arm is not None and (trial.kind == "cohort" or estimate.arm not in arms):
        allowed = (
            "must be left out: a cohort has no arms"
            if trial.kind == "cohort"
            else f"must be one of {', '.join(arms)}"
        )
        yield (*path, "arm"), shown(estimate.arm), allowed
    if is_curve and not 0 <= estimate.value <= 1:
        yield (*path, "value"), f"{estimate.value:g}", "must be from 0 to 1: a cumulative incidence"
    if not is_curve and estimate.value == 0:
        yield (*path, "value"), "0", "must be above 0: a ratio"
    if (estimate.low is None) != (estimate.high is None):
        yield (*path, "low" if estimate.low is None else "high"), "", "is missing; an interval has two ends"
    low, high = estimate.low, estimate.high
    if low is not None and high is not None and not low <= estimate.value <= high:
        yield (*path, "low"), f"{low:g} to {high:g}", f"must be an interval around the value, {estimate.value:g}"


def groups_of(trial: Trial, *, is_curve: bool) -> tuple[str, ...]:
    """Whom a curve is of, or who is compared with the control or with those without immunoglobulin."""
    if trial.kind == "cohort":
        return ("all",) if is_curve else ("immunoglobulin",)
    return tuple(trial.arms) if is_curve else tuple(trial.arms)[1:]
