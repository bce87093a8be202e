"""Changing any one entry of a scenario moves the outputs that it should, and no others.

Each entry of `everything.toml` is changed by itself, and the same patients are played on the same luck: whatever
differs, in any digit, in any patient, is held against the declaration in `declared.py`. An entry that moves nothing
is found out by its name.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import BaseModel

import sim
from sim.build import compile_model
from sim.engines import arm
from sim.errors import InputError
from sim.model import accrual
from sim.model.parts import Floats
from sim.scenario import Fixed, Lognormal, Normal, Quantity, Scenario
from tests.walkthrough.declared import DECLARED
from tests.walkthrough.entries import (
    Played,
    changed,
    entry_paths,
    everything,
    moved,
    played,
    without_feedback,
    without_uncertainty,
)
from tests.walkthrough.expectation import Expectation, complaints, declaration
from tests.walkthrough.feedback_free import WITHOUT_FEEDBACK
from tests.walkthrough.outputs import GROUPS

EVERYTHING = everything()
PATHS = entry_paths(EVERYTHING)
FREE = without_feedback(EVERYTHING)


def _declared(path: str) -> Expectation:
    return DECLARED[declaration(DECLARED, path)[0]]


def _is_declared(path: str, declared: Mapping[str, Expectation]) -> bool:
    try:
        declaration(declared, path)
    except AssertionError:
        return False
    return True


# An undeclared entry is walked too, and fails by its name.
WALKED = [path for path in PATHS if not _is_declared(path, DECLARED) or _declared(path).scopes]
SILENT = [path for path in PATHS if path not in WALKED and not _declared(path).refused]
REFUSED = [path for path in PATHS if path not in WALKED and _declared(path).refused]


@functools.cache
def _baseline(is_free: bool = False) -> Played:
    return played(FREE if is_free else EVERYTHING)


def faults(path: str, before: Played, declared: Mapping[str, Expectation] = DECLARED) -> list[str]:
    """Everything that is wrong with what one entry moves."""
    pattern, names = declaration(declared, path)
    after = played(changed(before.scenario, path, declared[pattern].to))
    return complaints(before, after, moved(before, after), declared[pattern], GROUPS, names)


@pytest.mark.parametrize("path", WALKED)
def test_an_entry_moves_what_it_should_and_nothing_else(path: str) -> None:
    assert faults(path, _baseline()) == []


@pytest.mark.parametrize("path", [path for path in entry_paths(FREE) if _is_declared(path, WITHOUT_FEEDBACK)])
def test_without_feedback_an_entry_moves_its_own_infections_and_no_others(path: str) -> None:
    assert faults(path, _baseline(is_free=True), WITHOUT_FEEDBACK) == []


def test_entries_that_describe_move_nothing() -> None:
    scenario = EVERYTHING
    for path in SILENT:
        scenario = changed(scenario, path, _declared(path).to)
        assert scenario.resolved() != EVERYTHING.resolved()
    after = played(scenario)
    # One by one only if something moved, to say which entry it was.
    guilty = {path: faults(path, _baseline()) for path in SILENT} if any(moved(_baseline(), after).values()) else {}
    assert guilty == {}


@pytest.mark.parametrize("path", REFUSED)
def test_entries_of_one_possible_value_are_refused_with_another(path: str) -> None:
    with pytest.raises(InputError) as caught:
        changed(EVERYTHING, path, _declared(path).to)
    assert [problem.place for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    "path",
    [
        "immunoglobulin.marginal_follow_up_months",
        "immunoglobulin.marginal_antimicrobials",
        "patients.frailty_variance",
        "patients.serostatus.cmv",
        "antimicrobials.antiviral.adherence",
        "agents.teclistamab.stop_rate_per_month",
        "targets.BCMA.hazard_periods.2.multiplier",
        "treatment.reduced_frequency.infection_multiplier",
        "infections.causes.bacterial.rate_per_month.BCMA.grade_3plus",
    ],
)
def test_with_a_marginal_effect_whatever_makes_a_cohort_unlike_moves_the_ratio_of_its_patients(path: str) -> None:
    marginal = changed(EVERYTHING, "immunoglobulin.effect", _declared("immunoglobulin.effect").to)
    assert (_ratios(marginal) != _ratios(changed(marginal, path, _declared(path).to))).any()
    assert np.array_equal(_ratios(EVERYTHING), _ratios(changed(EVERYTHING, path, _declared(path).to)))


def _ratios(scenario: Scenario) -> Floats:
    """Hazard ratios of patients, [cause, grade]."""
    return compile_model(scenario.without_programme()).infections.hazard_ratio


def test_the_spread_and_the_source_of_a_number_move_nothing() -> None:
    base = sim.load(Path(__file__).parents[2] / "scenarios/base-case.toml", overrides={"analysis.patients": 200})
    restated = without_uncertainty(base)
    assert restated.infections.causes["bacterial"].cost.grade_3plus.dist == "fixed"
    assert not any(moved(played(base), played(restated)).values())


def test_willingness_to_pay_moves_net_benefit_alone() -> None:
    alone = EVERYTHING.without_programme()
    runs = [sim.run(changed(alone, "analysis.wtp_per_qaly", change)) for change in (_as_it_is, _with_another)]
    before, after = (run.table() for run in runs)
    assert set(after.columns) - set(before.columns) == {"inmb_70000", "inmb_70000_mcse"}
    assert after[before.columns].equals(before)
    assert not np.allclose(after["inmb_70000"][1:], after["inmb_50000"][1:])


def _as_it_is(tables: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Change nothing."""


def _with_another(tables: dict[str, Any], keys: tuple[str, ...]) -> None:
    tables["analysis"]["wtp_per_qaly"] = [50000, 70000, 100000]


# ---------------------------------------------------------------------- nothing is left out


def test_every_declaration_is_of_an_entry_and_says_why_if_nothing_moves() -> None:
    used = {declaration(DECLARED, path)[0] for path in PATHS}
    assert set(DECLARED) - used == set()
    free = {declaration(WITHOUT_FEEDBACK, p)[0] for p in entry_paths(FREE) if _is_declared(p, WITHOUT_FEEDBACK)}
    assert set(WITHOUT_FEEDBACK) - free == set()
    assert [pattern for pattern, each in DECLARED.items() if not each.scopes and not each.note] == []


def test_the_walk_has_every_entry_that_the_format_has() -> None:
    filled: dict[type[BaseModel], set[str]] = {}
    for node in _nodes(EVERYTHING):
        said = {name for name in type(node).model_fields if getattr(node, name) not in (None, (), {}, "")}
        filled.setdefault(_kind(type(node)), set()).update(said)
    missing = {
        f"{table.__name__}.{name}"
        for table in _tables(Scenario)
        for name in table.model_fields
        if name not in filled.get(_kind(table), set())
    }
    assert missing == set()


def _kind(table: type[BaseModel]) -> type[BaseModel]:
    """A distribution of weights is one of concentrations; any other table is itself."""
    kinds: tuple[type[BaseModel], ...] = (Fixed, Normal, Lognormal)
    return next((kind for kind in kinds if issubclass(table, kind)), table)


def _nodes(node: object) -> list[BaseModel]:
    if isinstance(node, BaseModel):
        below = (getattr(node, name) for name in type(node).model_fields)
        return [] if isinstance(node, Quantity) else [node, *itertools.chain.from_iterable(map(_nodes, below))]
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, tuple) else ()
    return list(itertools.chain.from_iterable(map(_nodes, children)))


def _tables(table: type[BaseModel], found: set[type[BaseModel]] | None = None) -> set[type[BaseModel]]:
    """Every table that the format knows, each alternative of a rule or distribution included."""
    found = set() if found is None else found
    found.add(table)
    asked = [field.annotation for field in table.model_fields.values()]
    while asked:
        annotation = asked.pop()
        asked += get_args(annotation)
        is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Quantity
        if is_table and annotation not in found:
            _tables(annotation, found)
    return found


# ---------------------------------------------------------------------- the walk finds out what is wrong


def test_an_entry_that_nobody_declared_fails_by_its_name() -> None:
    rest = {pattern: each for pattern, each in DECLARED.items() if pattern != "igg.test_cost"}
    with pytest.raises(AssertionError, match=r"igg\.test_cost is declared nowhere"):
        declaration(rest, "igg.test_cost")


Break = Callable[[Any], Any]


def _ignoring_the_price(model: Any) -> Any:
    return dataclasses.replace(
        model, regimens=tuple(dataclasses.replace(r, price_per_gram=90.0) for r in model.regimens)
    )


def _accruing(alter: Break) -> Callable[..., dict[str, Floats]]:
    sound = accrual.accrue

    def accrue(model: Any, *rest: Any) -> dict[str, Floats]:
        return sound(alter(model), *rest)

    return accrue


def _leaking(model: Any, *rest: Any) -> dict[str, Floats]:
    values = _SOUND(model, *rest)
    return values | {"qaly": values["qaly"] - 1e-9 * model.regimens[0].price_per_gram}


def _charging_everybody(model: Any, *rest: Any) -> dict[str, Floats]:
    values = _SOUND(model, *rest)
    return values | {"cost:tocilizumab": np.full_like(values["cost"], model.tocilizumab.cost)}


_SOUND = accrual.accrue


@pytest.mark.parametrize(
    ("broken", "path", "told"),
    [
        (_accruing(_ignoring_the_price), "immunoglobulin.price_per_gram", "cost:immunoglobulin did not move"),
        (_leaking, "immunoglobulin.price_per_gram", "qaly moved under"),
        (_charging_everybody, "tocilizumab.cost", "cost:tocilizumab moved under none"),
    ],
    ids=["a price is ignored", "a price costs health", "everybody pays"],
)
def test_a_broken_accrual_is_found_out(monkeypatch: pytest.MonkeyPatch, broken: Any, path: str, told: str) -> None:
    monkeypatch.setattr(accrual, "accrue", broken)
    assert any(told in fault for fault in faults(path, played(EVERYTHING)))


def test_an_engine_that_forgets_the_onset_lag_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = arm.is_protected
    monkeypatch.setattr(arm, "is_protected", lambda t, start, last, lag, until: sound(t, start, last, 0.0, until))
    told = faults("regimens.scig.onset_lag_days", played(EVERYTHING))
    assert told == [
        "infections_any did not move under any of primary_scig",
        "nothing that should move did under primary_scig",
    ]


def test_an_effect_in_the_wrong_patients_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def accrue(model: Any, who: Any, histories: Any) -> dict[str, Floats]:
        return _SOUND(model, dataclasses.replace(who, anti_cd38=np.ones_like(who.anti_cd38)), histories)

    monkeypatch.setattr(accrual, "accrue", accrue)
    told = faults("laboratory.phenotyping_cost", played(EVERYTHING))
    assert any("in others than exposed to an anti-CD38 antibody" in fault for fault in told)
