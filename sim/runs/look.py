"""How figures of a scenario look: its currency, strategies and inputs in the scenario's own words."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sim.figures import Look
from sim.figures.style import Input
from sim.scenario import Scenario, input_name, input_names, quantities, target_names, unit_beside


def scenario_look(scenario: Scenario, also: Iterable[str] = ()) -> Look:
    """Strategies compared with their labels; quantities, with unit and value, and targets of a fit in words.

    Args:
        scenario: A validated scenario.
        also: Paths that are no quantities, such as the number of chairs, which an analysis varied.
    """
    names, strategies = input_names(scenario), scenario.strategy_names
    found = {path: Input(names[path], unit_beside(unit), q.value) for path, q, unit in quantities(scenario)}
    found |= {path: Input(name, "", math.nan) for path, name in target_names(scenario).items()}
    for path in also:
        found.setdefault(path, Input(input_name(path, scenario), "", math.nan))
    labels = {name: scenario.strategies[name].label for name in strategies}
    return Look(scenario.analysis.currency, strategies, labels, found)
