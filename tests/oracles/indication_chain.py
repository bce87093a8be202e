"""Nested indications for immunoglobulin, as a chain from test to test: exact, and sharing no code with the engines.

The rule is that of `indication-based.toml` with windows that make it exact, written out below as plain logic: order

    if IgG is low and (a severe infection lies within `window` months, or there were two infections)
    or if an exposed patient (anti-CD38 antibody) has low IgA and IgM, and there were two infections
    or if a severe infection came that a drug in force should have prevented.

Tests come every month and are independent of each other, for true levels stay where they are. Between two tests what
is known of the levels stays, so patients move by a constant generator between counts of infections until one orders.
The window is a whole number of months, and whether it holds an infection is asked at tests alone: in a month that
begins with a low IgG and without order there is none in the window, and the next one orders at once. Treatment ends
at a constant rate, which therefore also governs the months from order to end.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

COUNTS = 3
"""None, one, two or more infections."""


@dataclass(frozen=True)
class Indications:
    """What the chain needs; rates per month.

    Attributes:
        mild: Rate of grade 1-2 infections that no drug prevents.
        severe: Rate of grade >= 3 infections that no drug prevents.
        preventable_severe: Rate of grade >= 3 infections of the cause that a drug lowers, without it.
        drug_ratio: Hazard ratio of the drug on these.
        adherent: Share of patients who take it.
        exposed: Share of patients exposed to an anti-CD38 antibody.
        igg_low: Probability that a test finds IgG under its threshold.
        iga_low: The same of IgA.
        igm_low: The same of IgM.
        window: Whole months within which a severe infection counts.
        stop: Rate of the end of treatment.
        delay: Months from order to first infusion.
        ig_ratio: Hazard ratio of immunoglobulin on severe infections.
        two_count: Whether two infections count like one severe one where IgG is low.
        misread: A wrong reading of the rule, for negative controls; empty for the right one.
    """

    mild: float
    severe: float
    preventable_severe: float
    drug_ratio: float
    adherent: float
    exposed: float
    igg_low: float
    iga_low: float
    igm_low: float
    window: int
    stop: float
    delay: float
    ig_ratio: float
    two_count: bool = True
    misread: str = ""


@dataclass(frozen=True)
class Person:
    """One stratum: whether exposed, and whether on the drug."""

    exposed: bool
    adherent: bool


@dataclass(frozen=True)
class Known:
    """What the latest test said."""

    igg: bool
    iga_and_igm: bool


State = tuple[int, int]
"""Infections so far, at most 2; whole months since the last severe one, `window` for longer or never."""


def holds(rule: Indications, who: Person, known: Known, infections: int, severe_in_window: bool) -> bool:
    """The rule but for its last line."""
    by_igg = (known.igg, severe_in_window or (rule.two_count and infections >= 2))
    by_class = (who.exposed, known.iga_and_igm, infections >= 2)
    if rule.misread == "or for and":
        return any(by_igg) or all(by_class)
    if rule.misread == "exposure not asked":
        by_class = by_class[1:]
    if rule.misread == "no second indication":
        return all(by_igg)
    return all(by_igg) or all(by_class)


def expectations(rule: Indications, months: int) -> dict[str, float]:
    """Exact means per patient over so many months, after which hardly anybody is on treatment."""
    total: dict[str, float] = defaultdict(float)
    for exposed, adherent in itertools.product((True, False), repeat=2):
        share = (rule.exposed if exposed else 1 - rule.exposed) * (rule.adherent if adherent else 1 - rule.adherent)
        for name, value in _of(rule, Person(exposed, adherent), months).items():
            total[name] += share * value
    return dict(total)


def _of(rule: Indications, who: Person, months: int) -> dict[str, float]:
    """One stratum."""
    states: dict[State, float] = {(0, rule.window): 1.0}
    ordered = tests = 0.0
    steps = {
        known: _month(rule, who, known)
        for known in itertools.starmap(Known, itertools.product((True, False), repeat=2))
    }
    for _ in range(months):
        tests += sum(states.values())
        after: dict[State, float] = defaultdict(float)
        for (count, quiet), p in states.items():
            for known, chance in _findings(rule):
                if holds(rule, who, known, count, quiet < rule.window):
                    ordered += p * chance
                    continue
                landed = steps[known][count]
                ordered += p * chance * landed["ordered"]
                for more in range(COUNTS):
                    after[more, min(quiet + 1, rule.window)] += p * chance * landed["quiet", more]
                    after[more, 0] += p * chance * landed["severe", more]
        states = after
    on_ig = ordered * math.exp(-rule.stop * rule.delay)
    preventable = rule.preventable_severe * (rule.drug_ratio if who.adherent else 1.0)
    severe = rule.severe + preventable
    return {
        "ig_ever": on_ig,
        "ig_months": on_ig / rule.stop,
        "igg_tests": tests,
        "infections_grade_3plus": severe / rule.stop * (1 - (1 - rule.ig_ratio) * on_ig),
        "infections_grade_1_2": rule.mild / rule.stop,
    }


def _findings(rule: Indications) -> list[tuple[Known, float]]:
    """What a test may say, and how probably."""
    both = rule.iga_low * rule.igm_low
    if rule.misread == "IgA or IgM":
        both = 1 - (1 - rule.iga_low) * (1 - rule.igm_low)
    return [
        (Known(igg, classes), (rule.igg_low if igg else 1 - rule.igg_low) * (both if classes else 1 - both))
        for igg, classes in itertools.product((True, False), repeat=2)
    ]


def _month(rule: Indications, who: Person, known: Known) -> list[dict[object, float]]:
    """From so many infections at a test to where a patient on treatment is at the next one.

    Returns:
        By infections at the test: probability of an order in the month, of being there without a severe infection in
        it, and of being there with one, by infections then.
    """
    places = [(kind, count) for kind in ("quiet", "severe") for count in range(COUNTS)]
    size = len(places) + 1
    generator = np.zeros((size, size))
    through = rule.preventable_severe * (rule.drug_ratio if who.adherent else 1.0)
    despite = who.adherent or rule.misread == "despite without the drug"
    for place, (kind, count) in enumerate(places):
        more = min(count + 1, COUNTS - 1)
        for rate, severe, orders in (
            (rule.mild, False, False),
            (rule.severe, True, rule.misread == "any severe is despite"),
            (through, True, despite and rule.misread != "no third indication"),
        ):
            # A severe infection of this month is in the window; of one before it the window is asked at tests alone.
            ends = orders or holds(rule, who, known, more, severe or kind == "severe")
            goal = size - 1 if ends else places.index(("severe" if severe else kind, more))
            generator[place, goal] += rate
            generator[place, place] -= rate
        generator[place, place] -= rule.stop
    moved = expm(generator)
    return [
        {"ordered": moved[start, -1], **{place: moved[start, k] for k, place in enumerate(places)}}
        for start in range(COUNTS)
    ]
