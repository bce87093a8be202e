"""Inputs and outputs that look right and are not: what published models have carried without anyone noticing.

A drawn parameter the model never reads, one that it reads but that moves nothing, two strategies with identical
results, cost items that do not add up to the total. Each is looked for in every probabilistic analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.parameters import DrawTable, unread, with_values
from sim.psa.job import play_draws
from sim.psa.result import PsaResult
from sim.scenario import Scenario
from sim.streams import AddressedLuck

Floats = NDArray[np.float64]

FIRST_PATIENTS = 200
PROBED_PATIENTS = 1_000
PROBED_AT = (0.05, 0.95)
"""Quantiles of its distribution between which a parameter must move something."""
ROUNDING = 1e-9


class Kind(StrEnum):
    """What was found."""

    UNREAD = "drawn but never read"
    UNUSED = "belongs to what no patient has and no strategy uses"
    FLAT = "read but moves nothing"
    IDENTICAL = "identical strategies"
    NOT_ADDING_UP = "cost items do not add up"


@dataclass(frozen=True)
class Finding:
    """One suspicion.

    Attributes:
        kind: What was found.
        where: The parameter, the two strategies or the strategy.
        explanation: What it means and what was tried, as a sentence.
    """

    kind: Kind
    where: str
    explanation: str


def findings(result: PsaResult) -> tuple[Finding, ...]:
    """Everything suspicious about one probabilistic analysis, parameters first."""
    never = set(unread(result.scenario))
    read = [path for path in result.draws.paths if path not in never]
    return (
        *(_unread(path) for path in result.draws.paths if path in never),
        *_flat(result.scenario, result.draws, read, result.seed),
        *identical_strategies(result),
        *costs_that_do_not_add_up(result),
    )


def _unread(path: str) -> Finding:
    text = "it is drawn, but the compiled model is the same whatever its value: nothing in this scenario uses it"
    return Finding(Kind.UNREAD, path, text)


def _flat(scenario: Scenario, draws: DrawTable, paths: list[str], seed: int) -> list[Finding]:
    """Parameters whose ends give the same outcomes.

    A few patients show most parameters to move something; only those that do not are tried at both ends on many.
    """
    reasons = {path: reason for path in paths if (reason := _why_unused(scenario, path))}
    found = [Finding(Kind.UNUSED, path, reason) for path, reason in reasons.items()]
    left = [path for path in paths if path not in reasons]
    for patients, ends in ((FIRST_PATIENTS, PROBED_AT[1:]), (PROBED_PATIENTS, PROBED_AT)):
        base = _outcomes(scenario, patients, seed) if left else np.empty(0)
        left = [path for path in left if not _moves(scenario, draws, path, seed, patients, ends, base)]
    low, high = PROBED_AT
    text = (
        f"between its {low:.0%} and {high:.0%} quantiles no outcome of {PROBED_PATIENTS:,} patients changes: it "
        "matters too rarely to be seen, or something else in the scenario leaves it without effect"
    )
    return found + [Finding(Kind.FLAT, path, text) for path in left]


def _moves(
    scenario: Scenario, draws: DrawTable, path: str, seed: int, patients: int, ends: tuple[float, ...], base: Floats
) -> bool:
    """Whether any outcome at these quantiles of a parameter's draws differs from those of the scenario."""
    values = np.quantile(draws.matrix[:, draws.paths.index(path)], ends)
    others = (with_values(scenario, _with_partners(scenario, path, float(value))) for value in values)
    return any((_outcomes(other, patients, seed) != base).any() for other in others)


def _outcomes(scenario: Scenario, patients: int, seed: int) -> Floats:
    return np.asarray(play_draws([scenario], [AddressedLuck(seed)], patients)["mean"])


def _why_unused(scenario: Scenario, path: str) -> str | None:
    return next(
        (reason for prefix, reason in _unused(scenario).items() if f".{path}.".find(f".{prefix}.") >= 0), None
    )


def _unused(scenario: Scenario) -> dict[str, str]:
    """Part of a path to the reason why what lies there cannot matter."""
    shares, strategies = scenario.patients.agents, [scenario.strategies[name] for name in scenario.strategy_names]
    taken = {name for name in scenario.agents if name in shares and shares[name].value > 0}
    targets = {scenario.agents[name].target for name in taken}
    regimens = {strategy.regimen for strategy in strategies}
    antimicrobials = {name for strategy in strategies for name in strategy.antimicrobials}
    reasons = {f"agents.{name}": f"no patient has {name}" for name in scenario.agents if name not in taken}
    reasons |= {name: f"no patient's agent is directed at {name}" for name in scenario.targets if name not in targets}
    for kind, names, used in (
        ("regimens", scenario.regimens, regimens),
        ("antimicrobials", scenario.antimicrobials, antimicrobials),
    ):
        reasons |= {f"{kind}.{name}": f"no strategy compared gives {name}" for name in names if name not in used}
    if not any(strategy.tocilizumab for strategy in strategies):
        reasons["tocilizumab"] = "no strategy compared gives tocilizumab"
    return reasons


def _with_partners(scenario: Scenario, path: str, value: float) -> dict[str, float]:
    """A value and what must move with it: the other shares keep their proportions and add up to 1 with it."""
    shares = {f"patients.agents.{name}": share.value for name, share in scenario.patients.agents.items()}
    if path not in shares:
        return {path: value}
    others = {name: share for name, share in shares.items() if name != path}
    rest = sum(others.values())
    return {path: value} | {name: share * (1 - value) / rest for name, share in others.items() if rest > 0}


def identical_strategies(result: PsaResult) -> list[Finding]:
    """Pairs of strategies with the same cost and QALYs in every draw."""
    cost, qaly = result.table.cost, result.table.qaly
    found = []
    for a, b in combinations(range(len(result.strategies)), 2):
        if (cost[:, a] == cost[:, b]).all() and (qaly[:, a] == qaly[:, b]).all():
            pair = f"{result.strategies[a]} and {result.strategies[b]}"
            text = "every draw gives both the same cost and the same QALYs: they differ in name alone"
            found.append(Finding(Kind.IDENTICAL, pair, text))
    return found


def costs_that_do_not_add_up(result: PsaResult) -> list[Finding]:
    """Strategies whose cost items differ from their total cost by more than rounding."""
    items = [name for name in result.components if name.startswith("cost:")]
    total = result.component("cost")
    gap = np.abs(sum((result.component(name) for name in items), start=np.zeros_like(total)) - total)
    wrong = gap > ROUNDING * (1 + np.abs(total))
    found = []
    for s in np.flatnonzero(wrong.any(axis=0)):
        draw = int(np.argmax(gap[:, s]))
        text = f"they miss the total by {gap[draw, s]:,.2f} in draw {draw + 1}"
        found.append(Finding(Kind.NOT_ADDING_UP, result.strategies[s], text))
    return found
