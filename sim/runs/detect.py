"""Inputs and outputs that look right and are not: what published models have carried without anyone noticing.

An uncertain quantity that the model never reads, one that it reads but that moves nothing, two strategies with
identical results, cost items that do not add up to the total. Each is looked for in every probabilistic analysis and
every run; what needs every quantity to be tried only in runs that last longer than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from sim.build import compile_model
from sim.cohort import Cohort
from sim.engines import numpy_engine
from sim.model.accrual import accrue
from sim.model.parts import Floats, Integers
from sim.model.structure import ClinicalModel
from sim.parameters import with_values
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck, KeptLuck, Luck

FIRST_PATIENTS = 200
PROBED_PATIENTS = 1_000
PROBED_AT = (0.05, 0.95)
"""Quantiles of its distribution between which a quantity must move something."""
ROUNDING = 1e-9


class Kind(StrEnum):
    """What was found."""

    UNREAD = "uncertain but never read"
    UNUSED = "belongs to what no patient has and no strategy uses"
    FLAT = "read but moves nothing"
    IDENTICAL = "identical strategies"
    NOT_ADDING_UP = "cost items do not add up"
    KEPT = "kept from another scenario although its grounds have changed"
    UNIT = "values as of another unit"


@dataclass(frozen=True)
class Finding:
    """One suspicion.

    Attributes:
        kind: What was found.
        where: The quantity, the two strategies or the strategy.
        explanation: What it means and what was tried, as a sentence.
    """

    kind: Kind
    where: str
    explanation: str


Ends = Callable[[str], Sequence[float]]
"""Values of a quantity at `PROBED_AT`."""
Join = Callable[[ClinicalModel], ClinicalModel]
"""Puts the real patients of a cohort in place of drawn ones."""


def silent(
    scenario: Scenario,
    paths: Sequence[str],
    never: Iterable[str],
    ends: Ends,
    seed: int,
    join: Join = lambda model: model,
    *,
    probe: bool = True,
) -> tuple[Finding, ...]:
    """Quantities that no outcome depends on.

    A few patients under a few strategies show most quantities to move something; what they do not is tried at both
    ends on many, and what still moves nothing under all strategies.

    Args:
        scenario: What is played.
        paths: Uncertain quantities.
        never: Those that the compiled model does not read.
        ends: Where to try the others.
        seed: Root of the luck.
        join: What a run does with the compiled model before it plays it.
        probe: Whether to play each quantity that is read, which takes some seconds where hundreds are uncertain.
    """
    unread = set(never)
    text = "the compiled model is the same whatever its value: nothing in this scenario uses it"
    found = [Finding(Kind.UNREAD, path, text) for path in paths if path in unread]
    unused = _unused(scenario)
    reasons = {path: _why_unused(unused, path) for path in paths if path not in unread}
    found += [Finding(Kind.UNUSED, path, reason) for path, reason in reasons.items() if reason]
    left = [path for path, reason in reasons.items() if not reason and probe]
    few = slice(None, None, max(1, len(scenario.strategy_names) // 2))
    for patients, under, which in (
        (FIRST_PATIENTS, few, slice(1, None)),
        (PROBED_PATIENTS, few, slice(None)),
        (PROBED_PATIENTS, slice(None), slice(None)),
    ):
        sample = np.arange(patients)
        luck = KeptLuck(AddressedLuck(seed), sample)
        base = _outcomes(scenario, under, sample, luck, join) if left else np.empty(0)
        left = [
            path
            for path in left
            if not any(
                (_outcomes(other, under, sample, luck, join) != base).any()
                for other in (_with(scenario, path, float(value)) for value in ends(path)[which])
            )
        ]
    low, high = PROBED_AT
    text = (
        f"between its {low:.0%} and {high:.0%} quantiles no outcome of {PROBED_PATIENTS:,} patients changes: it "
        "matters too rarely to be seen, or something else in the scenario leaves it without effect"
    )
    return (*found, *(Finding(Kind.FLAT, path, text) for path in left))


def _outcomes(scenario: Scenario, under: slice, patient: Integers, luck: Luck, join: Join) -> Floats:
    """Mean of every outcome under some of the strategies."""
    model = join(compile_model(scenario))
    model = replace(model, strategies=model.strategies[under])
    who = draw_baseline(model, luck, patient)
    values = accrue(model, who, numpy_engine.simulate(model, luck, patient, who=who))
    return np.stack([value.mean(axis=-1) for value in values.values()])


def _why_unused(unused: Mapping[str, str], path: str) -> str | None:
    return next((reason for part, reason in unused.items() if f".{part}." in f".{path}."), None)


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


def _with(scenario: Scenario, path: str, value: float) -> Scenario:
    """A value and what must move with it: the other shares keep their proportions and add up to 1 with it."""
    shares = {f"patients.agents.{name}": share.value for name, share in scenario.patients.agents.items()}
    values = {path: value}
    if path in shares:
        others = {name: share for name, share in shares.items() if name != path}
        rest = sum(others.values())
        values |= {name: share * (1 - value) / rest for name, share in others.items() if rest > 0}
    return with_values(scenario, values)


def kept(scenario: Scenario) -> list[Finding]:
    """What the scenario keeps of another although it has changed what that rested on."""
    return [Finding(Kind.KEPT, *question.split(": ", 1)) for question in scenario.kept]


@dataclass(frozen=True)
class _Odd:
    """Values of an attribute, 0 apart, most of which are more likely in another unit."""

    low: float
    high: float
    unit: str
    meant: str


# No assay reads an IgG under 20 mg/dL; values of 0.2 to 20 are those of g/L. An M-protein that electrophoresis can
# measure at all has 50 mg/dL, one in g/L or g/dL seldom exceeds 50.
_ODD = {
    "igg_polyclonal_mg_dl": (
        _Odd(0, 20, "mg/dL", "if it is in g/L, 1 g/L is 100 mg/dL"),
        _Odd(2_500, np.inf, "mg/dL", "if it is in mg/L, 10 mg/L are 1 mg/dL; an M-protein does not belong in it"),
    ),
    "m_protein_mg_dl": (
        _Odd(0, 50, "mg/dL", "if it is in g/L, 1 g/L is 100 mg/dL; if in g/dL, 1 g/dL is 1,000 mg/dL"),
    ),
    "weight_kg": (_Odd(150, np.inf, "kg", "if it is in pounds, 1 lb is 0.454 kg"),),
}


def odd_units(cohort: Cohort) -> list[Finding]:
    """Columns of real patients that look like another unit than the one they are read in."""
    found = []
    for attribute, values in cohort.given.numbers.items():
        for odd in _ODD.get(attribute, ()):
            present = values[values > 0]
            if present.size and odd.low < np.median(present) < odd.high:
                side = f"under {odd.high:,g}" if odd.high < np.inf else f"over {odd.low:,g}"
                text = f"half of the values or more are {side} {odd.unit}: {odd.meant}"
                found.append(Finding(Kind.UNIT, f"column {cohort.columns[attribute]} ({attribute})", text))
    return found


def identical(strategies: Sequence[str], values: Floats, of: str) -> list[Finding]:
    """Pairs of strategies with the same results throughout.

    Args:
        strategies: Names.
        values: Whatever is to be the same, the last axis being the strategy.
        of: Where they are the same, in words.
    """
    text = f"{of} both the same cost and the same QALYs: they differ in name alone"
    return [
        Finding(Kind.IDENTICAL, f"{strategies[a]} and {strategies[b]}", text)
        for a, b in combinations(range(len(strategies)), 2)
        if (values[..., a] == values[..., b]).all()
    ]


def not_adding_up(strategies: Sequence[str], items: Floats, total: Floats, where: str = "") -> list[Finding]:
    """Strategies whose cost items differ from their total cost by more than rounding.

    Args:
        strategies: Names.
        items: Sum of the items, shape (n, n_strategies).
        total: The same of the total.
        where: What a row is, such as "draw"; empty where there is one.
    """
    gap = np.abs(items - total)
    wrong = gap > ROUNDING * (1 + np.abs(total))
    found = []
    for s in np.flatnonzero(wrong.any(axis=0)).tolist():
        row = int(np.argmax(gap[:, s]))
        place = f" in {where} {row + 1}" if where else ""
        found.append(Finding(Kind.NOT_ADDING_UP, strategies[s], f"they miss the total by {gap[row, s]:,.2f}{place}"))
    return found
