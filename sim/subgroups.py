"""Who belongs to a subgroup: conditions on a patient's state at the first dose, met or not."""

from __future__ import annotations

import operator
from collections.abc import Mapping

import numpy as np

from sim.model.parts import Booleans
from sim.model.structure import Baseline
from sim.scenario import Condition, Scenario, parse_condition

_COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def conditions(scenario: Scenario) -> dict[str, Condition]:
    """The conditions of a scenario's `[subgroups]` by name."""
    read = {name: parse_condition(subgroup.patients, scenario) for name, subgroup in scenario.subgroups.items()}
    return {name: condition for name, condition in read.items() if isinstance(condition, Condition)}


def members(scenario: Scenario, who: Baseline, chosen: Mapping[str, Condition]) -> dict[str, Booleans]:
    """Who meets each condition.

    Args:
        scenario: What the conditions' names refer to.
        who: Patients at the first dose.
        chosen: Conditions by name.

    Returns:
        Name to members, each of shape (n_patients,).
    """
    return {name: _meets(scenario, who, condition) for name, condition in chosen.items()}


def _meets(scenario: Scenario, who: Baseline, condition: Condition) -> Booleans:
    name, value = condition.attribute, condition.value
    if name == "agent":
        return np.asarray(who.agent == list(scenario.agents).index(str(value)))
    if name == "target":
        return np.asarray(who.target == list(scenario.targets).index(str(value)))
    serostatus = list(scenario.patients.serostatus)
    if name in serostatus:
        return np.asarray(who.positive[serostatus.index(name)] == value)
    if condition.sign == "=":
        return np.asarray(getattr(who, name) == value)
    compared: Booleans = _COMPARED[condition.sign](getattr(who, name), float(value))
    return compared
