"""What the parts of a scenario must mean together, and what a careful reader would ask about.

`contradictions` are errors: the scenario can be read but cannot be meant. They are looked for in whatever parts of
a file are sound, so that one faulty table does not hide them. `warnings` are questions, never errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sim.scenario.quantity import Quantity, shown
from sim.scenario.schema import (
    AfterInfections,
    Analysis,
    IggBelow,
    Infections,
    Never,
    Normal,
    Patients,
    Scenario,
    Strategy,
    quantities,
)

Contradiction = tuple[tuple[str, ...], str, str]


class Parts(NamedTuple):
    """The sound parts of a scenario file; None or absent where a part could not be read."""

    analysis: Analysis | None
    patients: Patients | None
    infections: Infections | None
    strategies: Mapping[str, Strategy]
    strategy_names: Sequence[str]


def contradictions(parts: Parts) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed."""
    yield from _strategy_selection(parts)
    yield from _labels(parts.strategies)
    yield from _tests_for_threshold(parts.strategies)
    if parts.infections is not None:
        yield from _triggers_that_never_fire(parts.strategies, parts.infections)
    if parts.patients is not None:
        yield from _truncation(parts.patients)


def _strategy_selection(parts: Parts) -> Iterator[Contradiction]:
    chosen = parts.analysis.strategies if parts.analysis else None
    known = ", ".join(parts.strategy_names)
    for name in chosen or ():
        if name not in parts.strategy_names:
            yield ("analysis", "strategies"), shown(name), f"must name a strategy of this scenario: {known}"
    if chosen is not None and len(chosen) < 2:
        yield ("analysis", "strategies"), shown(chosen), "needs at least two strategies to compare"
    elif chosen is None and len(parts.strategy_names) == 1:
        yield ("strategies",), known, "needs at least two strategies to compare"


def _labels(strategies: Mapping[str, Strategy]) -> Iterator[Contradiction]:
    first: dict[str, str] = {}
    for name, strategy in strategies.items():
        if strategy.label in first:
            allowed = f"must differ from the label of {first[strategy.label]}"
            yield ("strategies", name, "label"), shown(strategy.label), allowed
        first.setdefault(strategy.label, name)


def _tests_for_threshold(strategies: Mapping[str, Strategy]) -> Iterator[Contradiction]:
    for name, strategy in strategies.items():
        if isinstance(strategy.start, IggBelow) and strategy.igg_tests is None:
            yield ("strategies", name, "igg_tests"), "", "is missing; the rule igg_below needs scheduled IgG tests"


def _triggers_that_never_fire(strategies: Mapping[str, Strategy], infections: Infections) -> Iterator[Contradiction]:
    severe = sum(cause.rate_per_month.grade_3plus.value for cause in infections.causes.values())
    mild = sum(cause.rate_per_month.grade_1_2.value for cause in infections.causes.values())
    for name, strategy in strategies.items():
        if isinstance(strategy.start, AfterInfections):
            counted = severe if strategy.start.minimum_grade == "3plus" else severe + mild
            if counted == 0:
                yield (
                    ("strategies", name, "start"),
                    f'minimum_grade = "{strategy.start.minimum_grade}" and no such infections',
                    "can never fire: every rate of the infections it counts is 0",
                )


def _truncation(patients: Patients) -> Iterator[Contradiction]:
    for name in ("weight_kg", "igg_polyclonal_mg_dl", "m_protein_mg_dl"):
        spread = getattr(patients, name)
        if isinstance(spread, Normal):
            if spread.min >= spread.max:
                yield ("patients", name, "min"), f"{spread.min:g}", f"must be below max, {spread.max:g}"
            elif not spread.min <= spread.mean.value <= spread.max:
                allowed = f"must lie between min and max, {spread.min:g} and {spread.max:g}"
                yield ("patients", name, "mean"), f"{spread.mean.value:g}", allowed


def warnings(scenario: Scenario) -> tuple[str, ...]:
    """List what a careful reader would ask about in a valid scenario.

    Args:
        scenario: A validated scenario.

    Returns:
        One sentence each, beginning with the dotted path it is about.
    """
    return (
        *_protection(scenario),
        *_comparison(scenario),
        *_infection_severity(scenario),
        *_lopsided(scenario),
        *_free_drug(scenario),
    )


def _protection(scenario: Scenario) -> Iterator[str]:
    ig = scenario.immunoglobulin
    gap = ig.interval_days.value - ig.protection_days.value
    if gap > 0:
        yield (
            f"immunoglobulin.protection_days: {gap:g} days of each {ig.interval_days.value:g}-day interval are "
            "without protection"
        )


def _comparison(scenario: Scenario) -> Iterator[str]:
    if all(isinstance(scenario.strategies[name].start, Never) for name in scenario.strategy_names):
        yield "analysis.strategies: no strategy compared ever gives immunoglobulin"
    for name in scenario.strategies:
        if name not in scenario.strategy_names:
            yield f"strategies.{name}: defined, but not among the strategies compared (analysis.strategies)"


def _infection_severity(scenario: Scenario) -> Iterator[str]:
    lowest = min(scenario.utilities.on_treatment.value, scenario.utilities.off_treatment.value)
    for name, cause in scenario.infections.causes.items():
        for grade in ("grade_1_2", "grade_3plus"):
            decrement = getattr(cause.utility_decrement, grade).value
            if decrement > lowest:
                yield (
                    f"infections.causes.{name}.utility_decrement.{grade}: {decrement:g} exceeds the utility it is "
                    f"taken from ({lowest:g}), a state worse than death"
                )
            if getattr(cause.hospital_days, grade).value > getattr(cause.duration_days, grade).value:
                yield (
                    f"infections.causes.{name}.hospital_days.{grade}: longer than the infection costs utility "
                    "(duration_days)"
                )
        for field in ("cost", "hospital_days", "utility_decrement"):
            pair = getattr(cause, field)
            if pair.grade_1_2.value > pair.grade_3plus.value:
                yield f"infections.causes.{name}.{field}: grade 1-2 exceeds grade 3 or more"


def _lopsided(scenario: Scenario) -> Iterator[str]:
    """Intervals that the distribution named cannot have: the draws will not reproduce them."""
    for path, quantity, _ in quantities(scenario):
        if quantity.ci is None:
            continue
        centre = _centre(quantity, quantity.ci)
        if abs(quantity.value - centre) > 0.25 * (quantity.ci[1] - quantity.ci[0]):
            yield (
                f"{path}: the {quantity.dist} distribution puts its centre near {centre:.3g}, the value is "
                f"{quantity.value:g}; the interval will not be reproduced"
            )


def _centre(quantity: Quantity, interval: tuple[float, float]) -> float:
    low, high = interval
    return float((low * high) ** 0.5) if quantity.dist == "lognormal" else (low + high) / 2


def _free_drug(scenario: Scenario) -> Iterator[str]:
    if scenario.treatment.include_drug_cost and scenario.treatment.drug_cost_per_month.value == 0:
        yield "treatment.drug_cost_per_month: is 0 although include_drug_cost = true"
