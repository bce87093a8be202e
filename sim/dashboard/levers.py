"""The numbers that a what-if moves: which a scenario has, between what ends, and what moving one changes.

A lever is one number of the scenario, or a factor on several. It only says what to put where; whether the result can
be meant is for the scenario's own rules to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sim.errors import Problem, UsageError
from sim.scenario import Quantity, Scenario, quantities

STEPS = 250
"""A slider has about so many positions."""


@dataclass(frozen=True)
class Lever:
    """One slider.

    Attributes:
        key: Its name in an address: the path it moves, or a word.
        group: Under which heading it stands.
        label: What it is, in words.
        unit: Of the number; empty for a ratio.
        base: Where it stands in the scenario.
        low: Lower end of the slider.
        high: Upper end; a number typed in may lie outside both.
        step: Between positions.
        paths: Path in the scenario to the number there at the base.
        is_factor: Whether the number multiplies those at the paths, rather than taking their place.
        spread: What the scenario says of its uncertainty; empty for nothing.
    """

    key: str
    group: str
    label: str
    unit: str
    base: float
    low: float
    high: float
    step: float
    paths: Mapping[str, float]
    is_factor: bool = False
    spread: str = ""

    def overrides(self, value: float) -> dict[str, float]:
        """What to set in the scenario; nothing at the base."""
        if value == self.base:
            return {}
        return {path: base * value if self.is_factor else value for path, base in self.paths.items()}


def levers(scenario: Scenario) -> tuple[Lever, ...]:
    """The levers of a scenario, in the order in which they are shown."""
    every = {path: quantity for path, quantity, _ in quantities(scenario)}
    return tuple(_levers(scenario, every))


def _levers(scenario: Scenario, every: Mapping[str, Quantity]) -> Iterator[Lever]:
    for path, group, label, most in (
        ("immunoglobulin.price_per_gram", "Immunoglobulin", "Price", 2.5),
        ("immunoglobulin.administration_cost", "Immunoglobulin", "Cost of an infusion", 2.5),
        ("immunoglobulin.dose_g_per_kg", "Immunoglobulin", "Dose", 2.0),
        ("immunoglobulin.hr.grade_3plus", "Effect", "Hazard ratio, grade ≥ 3", 0.0),
        ("immunoglobulin.hr.grade_1_2", "Effect", "Hazard ratio, grade 1–2", 0.0),
    ):
        yield _number(path, group, label, every[path], most)
    for grade, label in (("grade_3plus", "Rates, grade ≥ 3"), ("grade_1_2", "Rates, grade 1–2")):
        moved = {
            path: quantity.value
            for path, quantity in every.items()
            if path.startswith("infections.causes.") and ".rate_per_month." in path and path.endswith(grade)
        }
        label = f"{label}, all causes"
        yield Lever(f"infections.{grade}", "Infections", label, "× base", 1.0, 0.05, 2.5, 0.01, moved, is_factor=True)
    for path, quantity in every.items():
        strategy = path.split(".")[1] if path.startswith("strategies.") else ""
        if strategy in scenario.strategy_names and path.endswith(".threshold_mg_dl") and _asks_igg(scenario, path):
            label = f"IgG threshold, {scenario.strategies[strategy].label}"
            yield _number(path, "Start rule", label, quantity, 2.5)


def _asks_igg(scenario: Scenario, path: str) -> bool:
    """Whether a threshold is one of IgG rather than of IgA or IgM."""
    node: object = scenario
    for key in path.split(".")[:-1]:
        if isinstance(node, Mapping):
            node = node[key]
        elif isinstance(node, tuple):
            node = node[int(key) - 1]
        else:
            node = getattr(node, key)
    return "igg_below" in (getattr(node, "rule", ""), getattr(node, "kind", ""))


def _number(path: str, group: str, label: str, quantity: Quantity, most: float) -> Lever:
    """A lever on one number: from about 0 to `most` times its base, or to 1.5; its base is one of its positions."""
    base = quantity.value
    high = most * base if most else max(1.5, base)
    high = _rounded_up(max(high, *(quantity.range or (0.0,)), *(quantity.ci or (0.0,)), 1e-6))
    step = step_of(high)
    low = float(f"{base % step:.6g}")
    if quantity.unit in ("g/kg", "mg/dL") and low == 0:
        low = step
    unit = "" if quantity.unit == "hazard ratio" else quantity.unit
    return Lever(path, group, label, unit, base, low, high, step, {path: base}, spread=_spread(quantity))


def _spread(quantity: Quantity) -> str:
    pair, words = (quantity.ci, "95 % interval") if quantity.ci else (quantity.range, "range")
    return f"{words} {pair[0]:,g} to {pair[1]:,g}" if pair else ""


def step_of(high: float) -> float:
    """A round step that makes about `STEPS` of the way."""
    raw = high / STEPS
    power = 10.0 ** math.floor(math.log10(raw))
    return next(float(f"{digit * power:.6g}") for digit in (1, 2, 2.5, 5, 10) if digit * power >= raw * (1 - 1e-9))


def _rounded_up(value: float) -> float:
    """The next number of two digits."""
    power = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / power - 1e-9) * power:.6g}")


def overrides(levers: tuple[Lever, ...], positions: Mapping[str, float]) -> dict[str, float]:
    """What all levers that were moved set in the scenario.

    Args:
        levers: Those of the scenario.
        positions: Lever's key to where it stands.

    Raises:
        UsageError: A position is no number, or there is no such lever.
    """
    known = {lever.key: lever for lever in levers}
    problems = [
        Problem(key, "", f"no such lever; there are {', '.join(known)}") for key in positions if key not in known
    ]
    problems += [
        Problem(known[key].label, str(value), "must be a number")
        for key, value in positions.items()
        if key in known and not math.isfinite(value)
    ]
    if problems:
        raise UsageError("this what-if cannot be played", problems)
    moved: dict[str, float] = {}
    for key, value in positions.items():
        moved |= known[key].overrides(value)
    return moved
