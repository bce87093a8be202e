"""A dose that follows the patient, as a small Markov chain: exact expectations that share no code with the engines.

Immunoglobulin starts at month 0. A severe infection raises the dose of the infusions after it, quiet months lower it
or end the course, and the dose sets the hazard of the next infection. Time runs in units of which the interval
between infusions, the months of protection and both quiet periods are whole multiples. Whether a patient has been
quiet for so long at an infusion then depends only on how many whole units have passed without infection, and within
a unit nothing changes: infections come as a Poisson process, and who leaves treatment or dies of one meets no more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

MOST_STEPS = 12
"""Where the misread rule has no maximum, infections beyond so many raise the dose no further."""


@dataclass(frozen=True)
class DoseRule:
    """What the chain needs; times in units unless named otherwise.

    Attributes:
        unit_months: Months of a unit.
        horizon: Units.
        interval: From one infusion to the next.
        protection: For which one protects.
        rate: Severe infections per month without immunoglobulin.
        fatality: Share of them that is fatal.
        exit_rate: Per month, of the end of treatment or of death without infection; nothing happens afterwards.
        ratio: Hazard ratio at the standard dose.
        exponent: The ratio at dose factor f is ratio ** (f ** exponent).
        step_up: Factor on the dose at each severe infection.
        maximum: Of the factor, before it is lowered.
        down_after: Without infection, from which on the dose is lowered.
        down: Factor on the dose then.
        stop_after: Without infection, after which the next infusion is the end.
        discount: Continuous, per month.
        misread: A wrong reading of the rule, for negative controls; empty for the right one.
    """

    unit_months: float
    horizon: int
    interval: int
    protection: int
    rate: float
    fatality: float
    exit_rate: float
    ratio: float
    exponent: float
    step_up: float = 1.0
    maximum: float = 1.0
    down_after: float = math.inf
    down: float = 1.0
    stop_after: float = math.inf
    discount: float = 0.0
    misread: str = ""

    @property
    def most_steps(self) -> int:
        """Steps after which the dose rises no further."""
        if self.step_up == 1:
            return 1
        if self.misread == "no maximum":
            return MOST_STEPS
        return math.ceil(math.log(self.maximum) / math.log(self.step_up) - 1e-9)


@dataclass(frozen=True)
class Place:
    """Where a patient is.

    Attributes:
        steps: Severe infections since the first infusion, at most those that count.
        quiet: Whole units since the last one, or since the first infusion.
        factor: Dose factor of the last infusion.
        covered: Units for which it still protects.
        running: Whether the course has not ended.
    """

    steps: int = 0
    quiet: int = 0
    factor: float = 1.0
    covered: int = 0
    running: bool = True


def expectations(rule: DoseRule) -> dict[str, float]:
    """Exact means per patient: infusions, their dose factors (also discounted), infections, deaths, months on Ig."""
    total: dict[str, float] = defaultdict(float)
    places = {Place(): 1.0}
    for unit in range(rule.horizon):
        if unit % rule.interval == 0:
            places = _infuse(rule, places, unit * rule.unit_months, total)
        places = _live(rule, places, unit, total)
    return dict(total)


def _factor(rule: DoseRule, place: Place) -> float:
    raised = rule.step_up**place.steps
    if rule.misread != "no maximum":
        raised = min(raised, rule.maximum)
    return raised * (rule.down if place.quiet >= rule.down_after else 1.0)


def _infuse(rule: DoseRule, places: dict[Place, float], month: float, total: dict[str, float]) -> dict[Place, float]:
    """Everybody whose course runs has an infusion, or stops."""
    after: dict[Place, float] = defaultdict(float)
    for place, p in places.items():
        if not place.running:
            after[place] += p
        elif place.quiet >= rule.stop_after:
            after[Place(place.steps, place.quiet, place.factor, place.covered, running=False)] += p
        else:
            factor = _factor(rule, place)
            total["infusions"] += p
            total["doses"] += p * factor
            total["doses_discounted"] += p * factor * math.exp(-rule.discount * month)
            after[Place(place.steps, place.quiet, factor, rule.protection)] += p
    return after


def _live(rule: DoseRule, places: dict[Place, float], unit: int, total: dict[str, float]) -> dict[Place, float]:
    """A unit of time: infections at the hazard of the last dose, deaths, exits."""
    after: dict[Place, float] = defaultdict(float)
    length = rule.unit_months
    for place, p in places.items():
        factor = _factor(rule, place) if rule.misread == "at once" else place.factor
        hazard = rule.rate * (rule.ratio ** (factor**rule.exponent) if place.covered else 1.0)
        leaving = rule.exit_rate + hazard * rule.fatality
        months = p * (-math.expm1(-leaving * length) / leaving if leaving else length)
        total["severe"] += hazard * months
        total["infection_deaths"] += hazard * rule.fatality * months
        if place.running:
            total["ig_months"] += months
        met = hazard * (1 - rule.fatality) * length
        stays = p * math.exp(-leaving * length)
        covered, most = max(place.covered - 1, 0), rule.most_steps
        more, chance = 0, math.exp(-met)
        rest = 1.0
        while place.running and place.steps + more < most:
            quiet = place.quiet + 1 if more == 0 or rule.misread == "quiet from the start" else 0
            after[Place(place.steps + more, quiet, place.factor, covered)] += stays * chance
            rest -= chance
            more += 1
            chance *= met / more
        # Who has all the steps, or no course, needs only to be told quiet from not quiet.
        if place.running and place.steps == most:
            after[Place(most, place.quiet + 1, place.factor, covered)] += stays * math.exp(-met)
            rest -= math.exp(-met)
        quiet = 0 if rule.misread != "quiet from the start" else place.quiet + 1
        after[Place(most, quiet, place.factor, covered, place.running)] += stays * rest
    return after
