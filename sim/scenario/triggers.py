"""Start rules that could never fire: a strategy that cannot give immunoglobulin is not what anybody means.

Only what the numbers of a scenario rule out for certain is found: a rate of 0, a group of nobody, a test never taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan
from typing import NamedTuple

from sim.scenario.fields import Table
from sim.scenario.quantity import shown
from sim.scenario.schema import (
    AfterInfections,
    AllOf,
    AllOfThese,
    AntiCd38,
    AnyOf,
    AnyOfThese,
    DespiteProphylaxis,
    IgaLow,
    IggBelow,
    IggLow,
    IgmLow,
    Infectious,
    Strategy,
)
from sim.scenario.sections import Parts

Path = tuple[str, ...]


class Dead(NamedTuple):
    """A condition that can never hold: where it stands, what was found, why."""

    path: Path
    found: str
    why: str


def unmet_triggers(parts: Parts) -> Iterator[Dead]:
    """Yield what keeps start rules from firing, one for each strategy that cannot, and tests that are not taken."""
    for name, strategy in parts.strategies.sound.items():
        path = ("strategies", name, "start")
        unasked = list(_never_asked(path, strategy))
        yield from unasked
        if not unasked and (cause := dead(path, strategy.start, strategy, parts)):
            yield cause


def idle_conditions(parts: Parts) -> Iterator[Dead]:
    """Yield conditions that never hold inside rules that can fire without them."""
    for name, strategy in parts.strategies.sound.items():
        path = ("strategies", name, "start")
        if dead(path, strategy.start, strategy, parts) is None:
            for place, leaf in leaves(strategy.start, path):
                if cause := dead(place, leaf, strategy, parts):
                    yield cause


def leaves(rule: Table, path: Path) -> Iterator[tuple[Path, Table]]:
    """Yield the conditions of a start rule that are not themselves joined ones, each with its path."""
    if isinstance(rule, AllOf | AllOfThese | AnyOf | AnyOfThese):
        for place, inner in enumerate(rule.conditions, start=1):
            yield from leaves(inner, (*path, "conditions", str(place)))
    else:
        yield path, rule


def _never_asked(path: Path, strategy: Strategy) -> Iterator[Dead]:
    missing = []
    for place, leaf in leaves(strategy.start, path):
        if isinstance(leaf, IggBelow):
            missing.append("the rule igg_below")
        elif isinstance(leaf, IggLow | IgaLow | IgmLow):
            missing.append(f"the condition {leaf.kind}")
        elif isinstance(leaf, DespiteProphylaxis) and not strategy.antimicrobials:
            yield Dead(place, "antimicrobials = []", "can never hold: the strategy lists no antimicrobial")
    if missing and strategy.igg_tests is None:
        yield Dead((*path[:-1], "igg_tests"), "", f"is missing; {missing[0]} needs scheduled IgG tests")


def dead(path: Path, rule: Table, strategy: Strategy, parts: Parts) -> Dead | None:
    """Return what keeps a rule or condition from ever firing; None when it may fire.

    Args:
        path: Where it stands.
        rule: A start rule or a condition.
        strategy: The strategy it belongs to.
        parts: The scenario.
    """
    match rule:
        case AllOf() | AllOfThese() | AnyOf() | AnyOfThese():
            inner = (
                dead((*path, "conditions", str(place)), condition, strategy, parts)
                for place, condition in enumerate(rule.conditions, start=1)
            )
            if isinstance(rule, AllOf | AllOfThese):
                return next(filter(None, inner), None)
            why = "can never fire: none of its conditions can hold"
            return Dead(path, "any_of", why) if all(inner) else None
        case AfterInfections() | Infectious() if _counted(parts, rule.minimum_grade) == 0:
            found = f'minimum_grade = "{rule.minimum_grade}" and no such infections'
            return Dead(path, found, "can never fire: every rate of the infections it counts is 0")
        case DespiteProphylaxis() if _counted(parts, rule.minimum_grade, strategy.antimicrobials) == 0:
            found = f"antimicrobials = {shown(strategy.antimicrobials)}"
            return Dead(path, found, "can never fire: where they are taken, no infection has a rate that they lower")
        case AntiCd38() if parts.patients and parts.patients.anti_cd38_proportion.value == 0:
            return Dead(path, "patients.anti_cd38_proportion = 0", "can never fire: nobody had such an antibody")
        case IggBelow() | IggLow() | IgaLow() | IgmLow() if rule.threshold_mg_dl.value == 0:
            return Dead((*path, "threshold_mg_dl"), "0", "can never fire: no level is under 0")
    return None


def _counted(parts: Parts, minimum_grade: str, covered_by: Sequence[str] | None = None) -> float:
    """Sum the rates of the infections that count; not 0 where parts that could not be read leave it open."""
    patients = parts.patients
    whole = parts.agents.complete and parts.causes.complete and parts.antimicrobials.complete
    if patients is None or not whole or not parts.targets_in_use:
        return nan
    grades = ("grade_1_2", "grade_3plus") if minimum_grade == "1_2" else ("grade_3plus",)
    kinds = {(name, grade) for name in parts.causes.sound for grade in grades}
    total = 0.0
    for name, grade in kinds if covered_by is None else kinds & _covered(parts, covered_by):
        cause = parts.causes.sound[name]
        if _share(parts, cause.only_in):
            for target in parts.targets_in_use:
                rate = cause.rate_per_month.get(target)
                total += getattr(rate, grade).value if rate else nan
    return total


def _covered(parts: Parts, antimicrobials: Sequence[str]) -> set[tuple[str, str]]:
    """Causes and grades whose rate one of the antimicrobials lowers in some patient, without ending them."""
    listed = [parts.antimicrobials.sound[name] for name in antimicrobials if name in parts.antimicrobials.sound]
    taken = [each for each in listed if each.adherence.value and _share(parts, each.given_to)]
    return {
        (cause, grade)
        for each in taken
        for cause, ratios in each.hr.items()
        for grade in ("grade_1_2", "grade_3plus")
        if 0 < getattr(ratios, grade).value < 1
    }


def _share(parts: Parts, group: str) -> float:
    """Share of patients with a serostatus, 1 for everybody; not 0 for a name that leads nowhere."""
    known = parts.patients.serostatus if parts.patients else {}
    return known[group].value if group in known else 1.0
