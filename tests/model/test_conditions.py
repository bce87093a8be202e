"""Start conditions: truth tables of every leaf, and every and / or tree against Python's own any and all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.conditions import (
    Facts,
    asks_infections,
    asks_tests,
    breakthrough_leaves,
    holds,
    infection_leaves,
    leaves,
)
from sim.model.parts import ALWAYS, GRADE_1_2, GRADE_3PLUS, NEVER, Booleans, Condition

UNKNOWN = np.inf


@dataclass(frozen=True)
class Known:
    """What is known of one patient: readings, exposure, and month of the infection that opens each leaf's window."""

    time: float
    igg: float
    iga: float
    igm: float
    anti_cd38: bool
    opened: dict[int, float]
    broken: dict[int, bool]


def facts_of(condition: Condition, people: list[Known]) -> Facts:
    """Facts of several patients; leaves of a kind are numbered from left to right."""

    def column(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in people], dtype=np.float64)

    counted = [np.array([p.opened[k] for p in people]) for k in range(len(infection_leaves(condition)))]
    broken = [np.array([p.broken[k] for p in people]) for k in range(len(breakthrough_leaves(condition)))]
    exposed: Booleans = np.array([p.anti_cd38 for p in people], dtype=np.bool_)
    return Facts(column("time"), column("igg"), column("iga"), column("igm"), tuple(counted), tuple(broken), exposed)


def by_python(condition: Condition, known: Known) -> bool:
    """The same question in plain Python, leaf by leaf."""
    seen = {"infections": 0, "despite_prophylaxis": 0}

    def ask(part: Condition) -> bool:
        if part.kind in ("any_of", "all_of"):
            answers = [ask(inner) for inner in part.parts]
            return any(answers) if part.kind == "any_of" else all(answers)
        if part.kind in seen:
            number = seen[part.kind]
            seen[part.kind] += 1
            if part.kind == "infections":
                return known.time - known.opened[number] <= part.within
            return known.broken[number]
        return {
            "always": True,
            "anti_cd38": known.anti_cd38,
            "igg_below": known.igg < part.threshold_mg_dl,
            "iga_below": known.iga < part.threshold_mg_dl,
            "igm_below": known.igm < part.threshold_mg_dl,
        }[part.kind]

    return ask(condition)


THRESHOLDS = st.sampled_from([50.0, 200.0, 400.0])
LEAF = st.one_of(
    st.just(ALWAYS),
    st.just(Condition("anti_cd38")),
    st.builds(Condition, st.sampled_from(["igg_below", "iga_below", "igm_below"]), THRESHOLDS),
    st.builds(
        Condition,
        st.just("infections"),
        minimum_grade=st.sampled_from([GRADE_1_2, GRADE_3PLUS]),
        count=st.integers(1, 3),
        within=st.floats(0.5, 12.0),
    ),
    st.builds(Condition, st.just("despite_prophylaxis")),
)
TREE = st.recursive(
    LEAF,
    lambda inner: st.builds(
        Condition, st.sampled_from(["any_of", "all_of"]), parts=st.lists(inner, max_size=4).map(tuple)
    ),
    max_leaves=8,
)
READING = st.one_of(st.just(UNKNOWN), st.sampled_from([50.0, 400.0]), st.floats(1.0, 900.0))
MONTH = st.one_of(st.just(-np.inf), st.floats(0.0, 30.0))
KNOWN = st.builds(
    Known,
    time=st.floats(0.0, 60.0),
    igg=READING,
    iga=READING,
    igm=READING,
    anti_cd38=st.booleans(),
    opened=st.fixed_dictionaries(dict.fromkeys(range(12), MONTH)),
    broken=st.fixed_dictionaries(dict.fromkeys(range(12), st.booleans())),
)


@given(tree=TREE, people=st.lists(KNOWN, min_size=1, max_size=4))
@settings(max_examples=150)
def test_a_tree_holds_where_any_and_all_say_so(tree: Condition, people: list[Known]) -> None:
    found = holds(tree, facts_of(tree, people))
    assert found.dtype == np.bool_
    assert found.tolist() == [by_python(tree, known) for known in people]


def one(**changes: object) -> Known:
    """A patient of whom nothing is known but what is stated."""
    nothing = {"time": 10.0, "igg": UNKNOWN, "iga": UNKNOWN, "igm": UNKNOWN, "anti_cd38": False}
    return Known(
        **{**nothing, "opened": dict.fromkeys(range(9), -np.inf), "broken": dict.fromkeys(range(9), False)} | changes
    )  # type: ignore[arg-type]


def asked(condition: Condition, known: Known) -> bool:
    return bool(holds(condition, facts_of(condition, [known]))[0])


@pytest.mark.parametrize("isotype", ["igg", "iga", "igm"])
def test_a_reading_is_low_strictly_under_its_threshold_and_never_before_the_first_test(isotype: str) -> None:
    low = Condition(f"{isotype}_below", threshold_mg_dl=400.0)  # type: ignore[arg-type]
    readings = (399.999, 400.0, 400.001, UNKNOWN)
    assert [asked(low, one(**{isotype: reading})) for reading in readings] == [True, False, False, False]
    assert not any(asked(low, one(**{other: 1.0})) for other in {"igg", "iga", "igm"} - {isotype})


def test_infections_count_to_the_very_end_of_their_window() -> None:
    """Month 10, window 6: opened in month 4 or later."""
    recurrent = Condition("infections", count=2, within=6.0)
    opened = (-np.inf, 3.999, 4.0, 10.0)
    assert [asked(recurrent, one(opened={0: month})) for month in opened] == [False, False, True, True]


def test_exposure_and_breakthrough_are_what_they_say() -> None:
    assert [asked(Condition("anti_cd38"), one(anti_cd38=value)) for value in (True, False)] == [True, False]
    waiting = Condition("despite_prophylaxis")
    assert [asked(waiting, one(broken={0: value})) for value in (True, False)] == [True, False]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_and_and_or_have_their_truth_tables(first: bool, second: bool) -> None:
    parts = (Condition("anti_cd38"), Condition("igg_below", threshold_mg_dl=400.0))
    known = one(anti_cd38=first, igg=300.0 if second else 500.0)
    assert asked(Condition("all_of", parts=parts), known) is (first and second)
    assert asked(Condition("any_of", parts=parts), known) is (first or second)


def test_nothing_joined_by_or_never_holds_and_joined_by_and_always_does() -> None:
    assert not asked(NEVER, one())
    assert asked(Condition("all_of"), one())
    assert asked(ALWAYS, one())


def test_leaves_of_one_kind_keep_their_own_facts() -> None:
    """Two counts and two breakthroughs: each leaf is answered by the facts of its own place."""
    short, long = Condition("infections", within=1.0), Condition("infections", within=8.0)
    waiting = Condition("despite_prophylaxis")
    tree = Condition(
        "any_of", parts=(Condition("all_of", parts=(short, waiting)), Condition("all_of", parts=(long, waiting)))
    )
    assert not asked(tree, one(opened={0: 4.0, 1: 4.0}, broken={0: True, 1: False}))
    assert asked(tree, one(opened={0: 4.0, 1: 4.0}, broken={0: False, 1: True}))
    assert asked(tree, one(opened={0: 9.5, 1: -np.inf}, broken={0: True, 1: False}))


def test_a_rule_knows_what_can_make_it_hold() -> None:
    low, recurrent = Condition("igm_below", threshold_mg_dl=20.0), Condition("infections", within=6.0)
    both = Condition("all_of", parts=(low, Condition("any_of", parts=(recurrent, Condition("anti_cd38")))))
    assert [leaf.kind for leaf in leaves(both)] == ["igm_below", "infections", "anti_cd38"]
    assert asks_tests(both)
    assert asks_infections(both)
    assert asks_infections(Condition("despite_prophylaxis"))
    assert not asks_tests(recurrent)
    assert not asks_infections(low)
    assert not asks_tests(ALWAYS)
    assert not asks_infections(NEVER)
