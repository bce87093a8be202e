"""Whether what a scenario says of its uncertainty, of published data and of trials holds together.

Looked at once the rest is sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import pi, sin

from sim.scenario.calibration_meaning import calibration_contradictions
from sim.scenario.conditions import parse_condition
from sim.scenario.correlations import is_positive_definite
from sim.scenario.quantity import Quantity, shown, suggestion
from sim.scenario.references import Contradiction, matching
from sim.scenario.schema import RankCorrelation, Scenario, quantities
from sim.scenario.trials_meaning import trial_contradictions


def uncertain_contradictions(scenario: Scenario) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed."""
    known = {path: quantity for path, quantity, _ in quantities(scenario)}
    yield from _shares(scenario, known)
    yield from _correlations(scenario.psa.correlations, known)
    yield from _groups(scenario, known)
    yield from _designs(scenario)
    if scenario.calibration:
        yield from calibration_contradictions(scenario, scenario.calibration, known)
    for name, trial in scenario.trials.items():
        yield from trial_contradictions(scenario, name, trial)
    for name, subgroup in scenario.subgroups.items():
        condition = parse_condition(subgroup.patients, scenario)
        if isinstance(condition, str):
            yield ("subgroups", name, "patients"), shown(subgroup.patients), condition


def _groups(scenario: Scenario, known: Mapping[str, Quantity]) -> Iterator[Contradiction]:
    for name, globs in scenario.psa.groups.items():
        for position, glob in enumerate(globs, start=1):
            if not matching(glob, known):
                path = ("psa", "groups", name, str(position))
                yield path, shown(glob), f"matches no quantity of this scenario{suggestion(glob, list(known))}"


def _designs(scenario: Scenario) -> Iterator[Contradiction]:
    for name, design in (scenario.voi.designs if scenario.voi else {}).items():
        for arm in ("control", "treatment"):
            strategy = getattr(design, arm)
            if strategy not in scenario.strategies:
                allowed = f"must name a strategy of this scenario: {', '.join(scenario.strategies)}"
                yield ("voi", "designs", name, arm), shown(strategy), allowed
        if design.control == design.treatment:
            yield ("voi", "designs", name, "treatment"), shown(design.treatment), "must differ from control"


def _shares(scenario: Scenario, known: Mapping[str, Quantity]) -> Iterator[Contradiction]:
    """Shares that add up to 1 are drawn together or not at all."""
    shares = scenario.patients.agents
    for path, quantity in known.items():
        if quantity.dist == "dirichlet" and not path.startswith("patients.agents."):
            yield (*path.split("."), "dist"), "dirichlet", "is for shares that add up to 1: patients.agents"
    drawn = {name: share for name, share in shares.items() if share.dist != "fixed"}
    counts = {share.count for share in drawn.values()}
    for name, share in shares.items():
        place = ("patients", "agents", name)
        if share.dist not in ("fixed", "dirichlet"):
            yield (*place, "dist"), share.dist, "must be fixed or dirichlet: the shares are drawn together"
        elif drawn and share.dist == "fixed" and share.value > 0:
            yield (*place, "dist"), share.dist, "must be dirichlet as the other shares are, unless it is 0"
        elif share.dist == "dirichlet" and len(counts) > 1:
            yield (*place, "count"), shown(share.count), "must be the same for all shares"


def _correlations(
    correlations: tuple[RankCorrelation, ...], known: Mapping[str, Quantity]
) -> Iterator[Contradiction]:
    pairs = [frozenset(correlation.between) for correlation in correlations]
    sound = True
    for place, correlation in enumerate(correlations):
        path = ("psa", "correlations", str(place + 1), "between")
        for member in correlation.between:
            if member not in known:
                sound = False
                yield path, shown(member), f"is no quantity of this scenario{suggestion(member, list(known))}"
            elif known[member].dist in ("dirichlet", "empirical"):
                sound = False
                kind = known[member].dist
                yield path, shown(member), f"is {kind}: only quantities drawn one by one can be correlated"
        if pairs[place] in pairs[:place]:
            sound = False
            yield path, shown(correlation.between), f"is the pair of correlations.{pairs.index(pairs[place]) + 1}"
    if sound and correlations and not is_positive_definite(normal_correlation(correlations)[1]):
        found = ", ".join(f"{correlation.spearman:g}" for correlation in correlations)
        yield ("psa", "correlations"), found, "cannot all hold at once: their matrix must be positive definite"


def normal_correlation(correlations: tuple[RankCorrelation, ...]) -> tuple[tuple[str, ...], list[list[float]]]:
    """Correlation of the normal scores that gives the rank correlations: r = 2 sin(pi rho / 6) (Pearson 1907).

    Args:
        correlations: Of the scenario.

    Returns:
        The paths in order of first mention, and the matrix.
    """
    paths = tuple(dict.fromkeys(path for correlation in correlations for path in correlation.between))
    value = {frozenset(c.between): 2 * sin(pi * c.spearman / 6) for c in correlations}
    matrix = [[1.0 if a == b else value.get(frozenset((a, b)), 0.0) for b in paths] for a in paths]
    return paths, matrix
