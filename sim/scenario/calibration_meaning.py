"""Whether what is fitted, and to what, holds together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from sim.scenario.calibration import NUISANCE, Calibration, IncidenceTarget, StudiedCohort
from sim.scenario.quantity import Quantity, shown, suggestion
from sim.scenario.references import Contradiction, matching
from sim.scenario.schema import Scenario

SHARES_TOLERANCE = 1e-9
NOT_ALONE = ("empirical", "dirichlet")


def calibration_contradictions(
    scenario: Scenario, calibration: Calibration, known: Mapping[str, Quantity]
) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed.

    Args:
        scenario: The scenario.
        calibration: Its calibration.
        known: Every quantity of the scenario by its path.
    """
    yield from _free(calibration, known)
    for name, cohort in calibration.cohorts.items():
        yield from _cohort(("calibration", "cohorts", name), cohort, scenario)
    for name, target in calibration.targets.items():
        path = ("calibration", "targets", name)
        if target.cohort not in calibration.cohorts:
            allowed = f"must name a cohort of this calibration: {', '.join(calibration.cohorts)}"
            yield (*path, "cohort"), shown(target.cohort), allowed
        if isinstance(target, IncidenceTarget):
            yield from _curve(path, target)
            if target.at_risk is not None and target.cohort in calibration.cohorts:
                yield from _at_risk((*path, "at_risk"), target.at_risk, target, calibration.cohorts[target.cohort])
    if not any(target.fitted for target in calibration.targets.values()):
        yield ("calibration", "targets"), "", "needs at least one target that is fitted"


def _free(calibration: Calibration, known: Mapping[str, Quantity]) -> Iterator[Contradiction]:
    for place, glob in enumerate(calibration.free, start=1):
        path = ("calibration", "free", str(place))
        found = matching(glob, known)
        if not found:
            yield path, shown(glob), f"matches no quantity of this scenario{suggestion(glob, list(known))}"
        for member in found:
            if known[member].dist in NOT_ALONE:
                allowed = f"{member} is {known[member].dist}: only a quantity with a prior of its own can be fitted"
                yield path, shown(glob), allowed
        if glob.startswith(NUISANCE):
            yield path, shown(glob), "must be a quantity of the model; an uncertain uptake is fitted in any case"


def _cohort(path: tuple[str, ...], cohort: StudiedCohort, scenario: Scenario) -> Iterator[Contradiction]:
    for name in cohort.agents:
        if name not in scenario.agents:
            allowed = f"must name an agent: {', '.join(scenario.agents)}{suggestion(name, list(scenario.agents))}"
            yield (*path, "agents", name), shown(name), allowed
    total = sum(cohort.agents.values())
    if abs(total - 1) > SHARES_TOLERANCE:
        yield (*path, "agents"), f"{total:.10g} in all", "must add up to 1"
    for place, name in enumerate(cohort.antimicrobials, start=1):
        if name not in scenario.antimicrobials:
            allowed = f"must name an antimicrobial: {', '.join(scenario.antimicrobials) or 'none is defined'}"
            yield (*path, "antimicrobials", str(place)), shown(name), allowed
    if cohort.ig_uptake.dist in NOT_ALONE:
        yield (*path, "ig_uptake"), cohort.ig_uptake.dist, "must be fixed or have a prior of its own"
    follow_up = cohort.follow_up
    if (follow_up.pattern == "complete") != (follow_up.median_months is None):
        needed = "must be left out where follow-up is complete" if follow_up.pattern == "complete" else "is missing"
        found = "" if follow_up.median_months is None else shown(follow_up.median_months)
        yield (*path, "follow_up", "median_months"), found, needed


def _curve(path: tuple[str, ...], target: IncidenceTarget) -> Iterator[Contradiction]:
    if len(target.months) != len(target.observed):
        allowed = f"must have as many values as months, {len(target.months)}"
        yield (*path, "observed"), shown(target.observed), allowed
    if any(later < earlier for earlier, later in pairwise(target.observed)):
        yield (*path, "observed"), shown(target.observed), "must not fall from left to right"


def _at_risk(
    path: tuple[str, ...], at_risk: tuple[int, ...], target: IncidenceTarget, cohort: StudiedCohort
) -> Iterator[Contradiction]:
    if len(at_risk) != len(target.months):
        yield path, shown(at_risk), f"must have as many values as months, {len(target.months)}"
        return
    if any(later > earlier for earlier, later in pairwise(at_risk)):
        yield path, shown(at_risk), "must not rise from left to right"
    for month, left, seen in zip(target.months, at_risk, target.observed, strict=False):
        most = cohort.patients * (1 - seen)
        if left > most + 0.5:
            allowed = (
                f"must be at most {most:.0f} at {month:g} months: {cohort.patients} patients less those with an event"
            )
            yield path, str(left), allowed
