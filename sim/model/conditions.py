"""Start rules: conditions on measured immunoglobulins, infections and history, joined by and / or.

A condition is asked at the start of treatment, at every test and after every survived infection. Both engines ask
`holds` with the facts of that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sim.model.parts import Booleans, Condition, Floats

MEASURED = {"igg_below": "igg", "iga_below": "iga", "igm_below": "igm"}


@dataclass(frozen=True)
class Facts:
    """What is known at a moment; arrays of one shape.

    Attributes:
        time: Month.
        igg: Latest measured IgG in mg/dL; inf before the first test.
        iga: Latest measured IgA.
        igm: Latest measured IgM.
        counted: For each infection leaf, in the order of `infection_leaves`, the month of the infection that is
            `count - 1` before the latest counted one (the latest itself for a count of 1); -inf if there is none.
        broken_through: For each despite_prophylaxis leaf, in the order of `breakthrough_leaves`, whether it happened.
        anti_cd38: Whether exposed to an anti-CD38 antibody.
    """

    time: Floats
    igg: Floats
    iga: Floats
    igm: Floats
    counted: tuple[Floats, ...]
    broken_through: tuple[Booleans, ...]
    anti_cd38: Booleans


def leaves(condition: Condition) -> Iterator[Condition]:
    """Leaves of a condition, from left to right."""
    if condition.kind in ("any_of", "all_of"):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def infection_leaves(condition: Condition) -> list[Condition]:
    """Leaves that count infections."""
    return [leaf for leaf in leaves(condition) if leaf.kind == "infections"]


def breakthrough_leaves(condition: Condition) -> list[Condition]:
    """Leaves that wait for an infection despite prophylaxis."""
    return [leaf for leaf in leaves(condition) if leaf.kind == "despite_prophylaxis"]


def asks_tests(condition: Condition) -> bool:
    """Whether a test can make the condition hold."""
    return any(leaf.kind in MEASURED for leaf in leaves(condition))


def asks_infections(condition: Condition) -> bool:
    """Whether an infection can make the condition hold."""
    return any(leaf.kind in ("infections", "despite_prophylaxis") for leaf in leaves(condition))


def holds(condition: Condition, facts: Facts) -> Booleans:
    """Whether the condition holds.

    Args:
        condition: Rule of one strategy.
        facts: What is known.

    Returns:
        True where it holds, shape of the facts.
    """
    counted, broken = iter(facts.counted), iter(facts.broken_through)

    def ask(part: Condition) -> Booleans:
        match part.kind:
            case "always":
                return np.ones_like(facts.time, dtype=np.bool_)
            case "any_of" | "all_of":
                # Every part is asked, so that the iterators of leaves stay in step.
                answers = [ask(inner) for inner in part.parts]
                if not answers:
                    return np.full_like(facts.time, part.kind == "all_of", dtype=np.bool_)
                join: Callable[..., Booleans] = (
                    np.logical_or.reduce if part.kind == "any_of" else np.logical_and.reduce
                )
                return join(answers)
            case "infections":
                earlier = next(counted)
                return np.isfinite(earlier) & (facts.time - earlier <= part.within)
            case "despite_prophylaxis":
                return next(broken)
            case "anti_cd38":
                return facts.anti_cd38
            case _:
                measured: Floats = getattr(facts, MEASURED[part.kind])
                return measured < part.threshold_mg_dl

    return ask(condition)
