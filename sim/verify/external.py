"""External validation: the model beside published outcomes that it was not fitted to.

The items are data, `published.toml`: what was published, with its interval, and how the model gives the same number.
The model's interval is over draws of the uncertain parameters, over the share of patients on immunoglobulin where a
study does not say it, and over the luck of as many patients as are played. What already informed an input is shown
and marked, for it is no evidence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.errors import Problem, UsageError
from sim.model.parts import Floats
from sim.parameters import at_draw, draw_parameters
from sim.scenario import Scenario, load, shipped_scenarios
from sim.streams import AddressedLuck
from sim.verify.measures import MEASURES, Question, course

WITHOUT_IG = "none"
PATIENTS, DRAWS = 500, 100
FEWEST_PATIENTS, FEWEST_DRAWS = 200, 20


class Verdict(StrEnum):
    """How model and study compare.

    AGREES: each point lies in the other's interval, as far as there is one.
    OVERLAPS: the intervals overlap, but a point lies outside the other's.
    MISSES: the intervals do not meet.
    """

    AGREES = "agrees"
    OVERLAPS = "overlaps"
    MISSES = "misses"


@dataclass(frozen=True)
class Item:
    """One published outcome and how the model gives the same number.

    Attributes:
        id: Short name.
        study: Who, where, when.
        outcome: What was published, in words.
        value: The published number.
        scenario: Shipped scenario that is played.
        measure: Name of one of `sim.verify.measures.MEASURES`.
        uptake: Share of patients on immunoglobulin: a number, or lowest and highest.
        used: What of the model the study already informs; empty if nothing.
        discussion: What a miss means.
        low: Lower end of the published 95 % interval.
        high: Upper end.
        n: Patients or events of which the value is a share; gives a Wilson interval.
        ig: Strategy of those on immunoglobulin.
        months: Follow-up.
        grade: Lowest grade of infection that counts.
        reading: What becomes of those who leave the bispecific.
    """

    id: str
    study: str
    outcome: str
    value: float
    scenario: str
    measure: str
    uptake: float | tuple[float, float]
    used: str
    discussion: str
    low: float | None = None
    high: float | None = None
    n: int | None = None
    ig: str = "primary"
    months: float = np.inf
    grade: str = "any"
    reading: str = "on_treatment"

    @property
    def interval(self) -> tuple[float, float] | None:
        """The published 95 % interval, or Wilson's of a share; None where neither is known."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if self.n is None:
            return None
        ends = binomtest(round(self.value * self.n), self.n).proportion_ci(method="wilson")
        return float(ends.low), float(ends.high)

    def uptakes(self, n_draws: int) -> Floats:
        """Share on immunoglobulin in each draw: evenly over its range, from low to high."""
        low, high = self.uptake if isinstance(self.uptake, tuple) else (self.uptake, self.uptake)
        return low + (high - low) * (np.arange(n_draws) + 0.5) / n_draws


@dataclass(frozen=True)
class Comparison:
    """One item and what the model gives.

    Attributes:
        item: What was published.
        draws: The model's number in every parameter draw.
        model: Their mean.
        low: Lower end of their 95 % interval.
        high: Upper end.
        verdict: How the two compare.
    """

    item: Item
    draws: Floats
    model: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        known = self.draws[np.isfinite(self.draws)]
        low, high = np.percentile(known, [2.5, 97.5])
        model = float(known.mean())
        for name, value in (("model", model), ("low", float(low)), ("high", float(high))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "verdict", verdict(model, (low, high), self.item.value, self.item.interval))


def verdict(
    model: float,
    model_interval: tuple[float, float],
    published: float,
    published_interval: tuple[float, float] | None,
) -> Verdict:
    """How a model's number and a published one compare; see `Verdict`."""
    low, high = model_interval
    inside = low <= published <= high
    if published_interval is None:
        return Verdict.AGREES if inside else Verdict.MISSES
    if inside and published_interval[0] <= model <= published_interval[1]:
        return Verdict.AGREES
    meets = published_interval[0] <= high and low <= published_interval[1]
    return Verdict.OVERLAPS if meets else Verdict.MISSES


def published_items() -> tuple[Item, ...]:
    """The items shipped with igsim."""
    text = files("sim.verify").joinpath("published.toml").read_text(encoding="utf-8")
    return tuple(
        Item(**{**item, "uptake": tuple(item["uptake"]) if isinstance(item["uptake"], list) else item["uptake"]})
        for item in tomllib.loads(text)["item"]
    )


@dataclass(frozen=True)
class LeftOut:
    """A published outcome that the model cannot be set beside.

    Attributes:
        outcome: What was published, in words.
        study: Who, where, when.
        why: What is missing for a comparison.
    """

    outcome: str
    study: str
    why: str


def left_out() -> tuple[LeftOut, ...]:
    """Published outcomes that are known and not compared."""
    text = files("sim.verify").joinpath("published.toml").read_text(encoding="utf-8")
    return tuple(LeftOut(**each) for each in tomllib.loads(text)["left_out"])


def compare(
    items: Iterable[Item] | None = None,
    *,
    patients: int = PATIENTS,
    draws: int = DRAWS,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Comparison, ...]:
    """Set the model beside published outcomes.

    Args:
        items: What was published; None for all that is shipped.
        patients: Patients of each draw.
        draws: Parameter draws.
        seed: Root of the luck; None takes each scenario's.
        progress: Called with draws done and draws in all.

    Returns:
        One comparison an item, in their order.

    Raises:
        UsageError: Too few patients or draws for an interval, or no such seed.
    """
    problems = [
        Problem(name, f"{found:,}", f"must be {least:,} or more")
        for name, found, least in (
            ("patients", patients, FEWEST_PATIENTS),
            ("draws", draws, FEWEST_DRAWS),
            ("seed", 0 if seed is None else seed, 0),
        )
        if found < least
    ]
    if problems:
        raise UsageError("this validation cannot be started", problems)
    asked = published_items() if items is None else tuple(items)
    by_scenario: dict[str, list[Item]] = {}
    for item in asked:
        by_scenario.setdefault(item.scenario, []).append(item)
    found: dict[str, Floats] = {}
    for number, (name, own) in enumerate(by_scenario.items()):

        def tick(done: int, _: int, before: int = number * draws) -> None:
            if progress:
                progress(before + done, len(by_scenario) * draws)

        strategies = [WITHOUT_IG, *dict.fromkeys(item.ig for item in own)]
        scenario = load(shipped_scenarios()[name], overrides={"analysis.strategies": strategies})
        root = scenario.analysis.seed if seed is None else seed
        found |= _play(scenario, own, patients, draws, root, tick)
    return tuple(Comparison(item, found[item.id]) for item in asked)


def _play(
    scenario: Scenario,
    items: list[Item],
    n_patients: int,
    n_draws: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> Mapping[str, Floats]:
    """Values of every item in every draw of one scenario."""
    table, names = draw_parameters(scenario, n_draws, seed), scenario.strategy_names
    patient = np.arange(n_patients)
    values = {item.id: np.empty(n_draws) for item in items}
    uptake = {item.id: item.uptakes(n_draws) for item in items}
    for draw in range(n_draws):
        # Each draw meets patients of its own, so that their luck is part of the interval.
        luck = AddressedLuck(seed)
        log = numpy_engine.event_log(compile_model(at_draw(scenario, table, draw)), luck, patient + draw * n_patients)
        log = log.renumbered(-draw * n_patients)
        mark = luck.stream("validation:immunoglobulin")(patient + draw * n_patients, 0)
        for item in items:
            treated = mark < uptake[item.id][draw]
            followed = np.where(treated, names.index(item.ig), names.index(WITHOUT_IG))
            asked = Question(item.months, item.grade, item.reading)
            values[item.id][draw] = MEASURES[item.measure](course(log, followed), asked)
        progress(draw + 1, n_draws)
    return values


def frame(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Tidy table, one row an item.

    Columns: id, study, outcome, published, published_low, published_high, model, model_low, model_high, verdict,
    used, discussion.
    """
    rows = []
    for each in comparisons:
        low, high = each.item.interval or (np.nan, np.nan)
        rows.append(
            {
                "id": each.item.id,
                "study": each.item.study,
                "outcome": each.item.outcome,
                "published": each.item.value,
                "published_low": low,
                "published_high": high,
                "model": each.model,
                "model_low": each.low,
                "model_high": each.high,
                "verdict": each.verdict.value,
                "used": each.item.used,
                "discussion": each.item.discussion,
            }
        )
    return pd.DataFrame(rows)
