"""Entries of a scenario: finding them all, changing one, playing the same patients, and seeing which outputs moved.

Patients and luck are the same before and after, so whatever differs, in any digit, differs because of the entry.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.model import accrual
from sim.model.parts import Booleans, Floats
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.scenario import Quantity, Scenario, from_tables, quantities
from sim.streams import AddressedLuck

EVERYTHING = Path(__file__).parent / "everything.toml"

Tables = dict[str, Any]
PathKeys = tuple[str, ...]
Change = Callable[[Tables, PathKeys], None]
Moved = dict[str, dict[str, Booleans]]
"""Strategy to component to the patients in whom it moved; only components that moved in somebody."""


def everything() -> Scenario:
    """The scenario in which every entry matters."""
    return from_tables(tomllib.loads(EVERYTHING.read_text(encoding="utf-8")))


def without_feedback(scenario: Scenario) -> Scenario:
    """The same without anything by which one infection could change the chance of another.

    Nobody dies of an infection or stops for one, no start rule and no dose answers to infections, and a hazard ratio
    does not depend on the rates.
    """
    tables = scenario.resolved()
    for cause in tables["infections"]["causes"].values():
        cause["case_fatality"]["grade_3plus"] = 0
        cause["stop_probability"]["grade_3plus"] = 0
    tables["immunoglobulin"]["effect"] = "subject"
    del tables["immunoglobulin"]["dose_adjustment"]
    # The risk of tocilizumab and of antimicrobials stays: neither looks at infections.
    tables["analysis"]["strategies"] = ["none", "primary", "primary_scig", "preemptive"]
    return from_tables(tables)


# ---------------------------------------------------------------------- finding and changing entries


def entry_paths(scenario: Scenario) -> list[str]:
    """Every entry: quantities, and whatever else stands in a table or list of tables; positions count from 1."""
    known = {path for path, _, _ in quantities(scenario)}
    found = [".".join(keys) for keys in _leaves((), scenario.resolved(), known)]
    missing = known - set(found)
    assert not missing, f"quantities that the resolved tables do not hold: {missing}"
    return found


def _leaves(keys: PathKeys, node: object, known: set[str]) -> Iterator[PathKeys]:
    if isinstance(node, Mapping) and ".".join(keys) not in known:
        for key, child in node.items():
            yield from _leaves((*keys, key), child, known)
    elif isinstance(node, list) and any(isinstance(child, Mapping) for child in node):
        for position, child in enumerate(node, start=1):
            yield from _leaves((*keys, str(position)), child, known)
    else:
        yield keys


def parent_of(tables: Tables, keys: PathKeys) -> tuple[Any, Any]:
    """The table or list that holds an entry, and the key or index under which it does."""
    node: Any = tables
    for key in keys[:-1]:
        node = node[int(key) - 1] if isinstance(node, list) else node[key]
    return node, int(keys[-1]) - 1 if isinstance(node, list) else keys[-1]


def put(value: object) -> Change:
    """Write this value."""

    def change(tables: Tables, keys: PathKeys) -> None:
        node, key = parent_of(tables, keys)
        old = node[key]
        node[key] = {"value": value, "unit": old["unit"]} if isinstance(old, dict) else value

    return change


def times(number: float) -> Change:
    """Multiply the number."""

    def change(tables: Tables, keys: PathKeys) -> None:
        node, key = parent_of(tables, keys)
        old = node[key]
        put((old["value"] if isinstance(old, dict) else old) * number)(tables, keys)

    return change


def usual(tables: Tables, keys: PathKeys) -> None:
    """The change of an entry that asks for none in particular: a third more, or less where 1 is the limit."""
    node, key = parent_of(tables, keys)
    old = node[key]
    number = old["value"] if isinstance(old, dict) else old
    assert not isinstance(number, str | list), f"{'.'.join(keys)}: say in the declaration how to change {old!r}"
    if isinstance(number, bool):
        put(not number)(tables, keys)
    elif isinstance(number, int):
        put(number + 1)(tables, keys)
    elif number == 0:
        put(500.0)(tables, keys)
    elif isinstance(old, dict) and old["unit"] in ("probability", "proportion", "utility", "correlation"):
        put(number * 0.7)(tables, keys)
    else:
        put(number * 1.3)(tables, keys)


def changed(scenario: Scenario, path: str, change: Change) -> Scenario:
    """The scenario with one entry changed."""
    tables = copy.deepcopy(scenario.resolved())
    change(tables, tuple(path.split(".")))
    return from_tables(tables)


# ---------------------------------------------------------------------- playing, and seeing what moved


@dataclass(frozen=True)
class Played:
    """A scenario, and every component of every patient under every strategy."""

    scenario: Scenario
    model: ClinicalModel
    who: Baseline
    values: dict[str, Floats]


def played(scenario: Scenario) -> Played:
    """Play the patients of a scenario on its seed, one by one."""
    model, luck = compile_model(scenario.without_programme()), AddressedLuck(scenario.analysis.seed)
    patient = np.arange(scenario.analysis.patients)
    who = draw_baseline(model, luck, patient)
    # Asked for through the module, so that a test can put a broken one in its place.
    values = accrual.accrue(model, who, numpy_engine.simulate(model, luck, patient))
    return Played(scenario, model, who, values)


def moved(before: Played, after: Played) -> Moved:
    """What differs, among the strategies and patients that both have."""
    n = min(before.who.patient.size, after.who.patient.size)
    places = {strategy.name: index for index, strategy in enumerate(after.model.strategies)}
    found: Moved = {}
    for index, strategy in enumerate(before.model.strategies):
        if strategy.name not in places:
            continue
        differs = {
            name: _differs(values[index, :n], after.values[name][places[strategy.name], :n])
            for name, values in before.values.items()
            if name in after.values
        }
        found[strategy.name] = {name: mask for name, mask in differs.items() if mask.any()}
    return found


def _differs(before: Floats, after: Floats) -> NDArray[np.bool_]:
    return np.asarray(before != after)


def without_uncertainty(scenario: Scenario) -> Scenario:
    """The same values, with another spread and another source at every quantity."""
    tables = copy.deepcopy(scenario.resolved())
    for path, quantity, _ in quantities(scenario):
        node, key = parent_of(tables, tuple(path.split(".")))
        node[key] = _restated(quantity)
    return from_tables(tables)


def _restated(quantity: Quantity) -> Tables:
    return {"value": quantity.value, "unit": quantity.unit, "source": "assumption: restated"}
