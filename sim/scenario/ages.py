"""Whether ages and life table fit together; looked at once the rest is sound."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.people import Normal
from sim.scenario.references import Contradiction
from sim.scenario.schema import Scenario


def age_contradictions(scenario: Scenario) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed."""
    table, patients = scenario.treatment.life_table, scenario.patients
    if table is None:
        return
    for name in ("age_years", "male_proportion"):
        if getattr(patients, name) is None:
            yield ("patients", name), "", "is missing; treatment.life_table needs it"
    ages = patients.age_years
    if ages is not None:
        normal = isinstance(ages, Normal)
        youngest = ages.min if isinstance(ages, Normal) else ages.value.value
        if youngest < table.first_age:
            allowed = f"must be {table.first_age} or more, the first age of treatment.life_table"
            yield ("patients", "age_years", "min" if normal else "value"), f"{youngest:g}", allowed
