"""What a declaration of an entry's effect is made of: outputs, the strategies and the patients they move in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from sim.model.parts import Booleans
from sim.scenario import Scenario, Strategy
from tests.walkthrough.entries import Change, Moved, Played, usual

Names = Mapping[str, str]
"""What the {names} of a pattern stand for in a path."""


@dataclass(frozen=True)
class Under:
    """Which strategies an entry moves, in words and as a function of scenario and names."""

    words: str
    picks: Callable[[Scenario, Names, str, Strategy], bool]


@dataclass(frozen=True)
class Among:
    """Which patients an entry moves, in words and as a mask; an entry that moves who somebody is moves both masks."""

    words: str
    mask: Callable[[Played, Names], Booleans]


EVERYWHERE = Under("all", lambda scenario, names, name, strategy: True)
EVERYBODY = Among("all", lambda played, names: np.ones(played.who.patient.size, dtype=np.bool_))


@dataclass(frozen=True)
class Scope:
    """What moves under some of the strategies.

    Attributes:
        must: Outputs of which each moves under at least one of the strategies, and one under each of them.
        may: Outputs that may move besides.
        under: The strategies.
    """

    must: tuple[str, ...]
    may: tuple[str, ...] = ()
    under: Under = EVERYWHERE


@dataclass(frozen=True)
class Expectation:
    """What changing an entry does.

    Attributes:
        scopes: Sets of strategies, disjoint; strategies in none of them must not move.
        among: Patients outside it must not move.
        to: How the entry is changed.
        note: Why nothing moves, or what is remarkable.
        refused: Whether the change is refused in place of being played.
    """

    scopes: tuple[Scope, ...] = ()
    among: Among = EVERYBODY
    to: Change = usual
    note: str = ""
    refused: bool = False


def names_in(pattern: str, path: str) -> Names | None:
    """What the {names} of a pattern stand for in a path; None where the path does not match.

    A {name} is one key, ** any number of keys.
    """
    parts = []
    for key in pattern.split("."):
        named = re.fullmatch(r"\{(\w+)\}", key)
        parts.append(rf"(?P<{named[1]}>[^.]+)" if named else ".+" if key == "**" else re.escape(key))
    found = re.fullmatch(r"\.".join(parts), path)
    return found.groupdict() if found else None


def declaration(declared: Mapping[str, Expectation], path: str) -> tuple[str, Names]:
    """The pattern that a path matches, the most literal of several, and what its names stand for."""
    found = [(pattern, names) for pattern in declared if (names := names_in(pattern, path)) is not None]
    assert found, f"{path} is declared nowhere: say in tests/walkthrough/declared.py which outputs it moves"
    found.sort(key=lambda each: len(each[1]))
    assert len(found) == 1 or len(found[0][1]) < len(found[1][1]), f"{path} is declared twice: {found}"
    return found[0]


def expanded(
    outputs: tuple[str, ...], groups: Mapping[str, tuple[str, ...]], names: Names, components: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every output asked for, groups opened and names filled in, with the components that it stands for."""
    for output in outputs:
        if output in groups:
            yield from expanded(groups[output], groups, names, components)
        else:
            wanted = output.format(**names)
            found = tuple(component for component in components if fnmatchcase(component, wanted))
            assert found, f"no component {wanted!r}; there are {', '.join(components)}"
            yield wanted, found


def complaints(
    before: Played,
    after: Played,
    found: Moved,
    expectation: Expectation,
    groups: Mapping[str, tuple[str, ...]],
    names: Names,
) -> list[str]:
    """What moved and should not have, and what should have moved and did not.

    Args:
        before: The scenario as it is.
        after: With one entry changed.
        found: What moved.
        expectation: What should have.
        groups: Names of sets of outputs.
        names: What the names of the pattern stand for.

    Returns:
        One sentence for each fault.
    """
    components, strategies = tuple(before.values), before.scenario.strategies
    left = set(found)
    wrong = []
    for scope in expectation.scopes:
        under = {name for name in found if scope.under.picks(before.scenario, names, name, strategies[name])}
        assert under <= left, f"strategies in two scopes: {under - left}"
        left -= under
        must = list(expanded(scope.must, groups, names, components))
        allowed = {c for _, each in (*must, *expanded(scope.may, groups, names, components)) for c in each}
        wrong += _strays(found, under, allowed)
        for output, each in must if under else ():
            if not any(found[name].keys() & set(each) for name in under):
                wrong.append(f"{output} did not move under any of {', '.join(sorted(under))}")
        asked = {c for _, each in must for c in each}
        wrong += [
            f"nothing that should move did under {name}" for name in sorted(under) if not found[name].keys() & asked
        ]
    wrong += _strays(found, left, set())
    n = min(before.who.patient.size, after.who.patient.size)
    inside = expectation.among.mask(before, names)[:n] | expectation.among.mask(after, names)[:n]
    for name, outputs in found.items():
        outside = [output for output, mask in outputs.items() if (mask & ~inside).any()]
        if outside:
            wrong.append(f"{', '.join(outside)} moved under {name} in others than {expectation.among.words}")
    return wrong


def _strays(found: Moved, under: set[str], allowed: set[str]) -> list[str]:
    strays = {name: [output for output in found[name] if output not in allowed] for name in sorted(under)}
    return [f"{', '.join(outputs)} moved under {name}" for name, outputs in strays.items() if outputs]
