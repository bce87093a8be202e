"""From quantities of a scenario to numbers in the model's units, and from names to indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sim.model import parts as m
from sim.scenario import Scenario
from sim.scenario.fields import ByGrade
from sim.scenario.quantity import Quantity


def months(days: Quantity) -> float:
    """Days in months."""
    return days.value / m.DAYS_PER_MONTH


def qalys(decrement: Quantity, days: Quantity) -> float:
    """QALYs lost by a utility decrement over some days."""
    return decrement.value * days.value / m.DAYS_PER_YEAR


def grades(pair: ByGrade[Quantity]) -> tuple[float, float]:
    """Grade 1-2, then grade >= 3."""
    return pair.grade_1_2.value, pair.grade_3plus.value


def table(pairs: Iterable[ByGrade[Quantity]]) -> m.Floats:
    """Grades of several entries, [entry, grade]."""
    return np.array([grades(pair) for pair in pairs])


def index_of(name: str, table: Mapping[str, object]) -> int:
    """Place of a name in the order of the file."""
    return list(table).index(name)


def serostatus_index(scenario: Scenario, name: str) -> int:
    """Index of a serostatus; -1 where everybody is meant."""
    return list(scenario.patients.serostatus).index(name) if name not in ("", "all") else -1
