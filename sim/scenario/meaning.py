"""What the parts of a scenario must mean together.

`contradictions` are errors: the scenario can be read but cannot be meant. They are looked for in whatever parts of
a file are sound, so that one faulty table does not hide them. What is only odd is asked about in `questions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.scenario.correlations import impossible_correlations
from sim.scenario.programme_meaning import programme_contradictions
from sim.scenario.quantity import shown
from sim.scenario.references import Contradiction, unknown_names
from sim.scenario.schema import Agent, Antimicrobial, Immunoglobulin, Normal, Patients, Strategy, Tocilizumab
from sim.scenario.sections import Parts
from sim.scenario.triggers import unmet_triggers

SHARES_TOLERANCE = 1e-9


def contradictions(parts: Parts) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed."""
    yield from unknown_names(parts)
    yield from _strategy_selection(parts)
    yield from _labels(parts.strategies.sound)
    yield from unmet_triggers(parts)
    if parts.patients is not None:
        yield from _truncation(parts.patients)
        yield from _shares(parts.patients)
        yield from impossible_correlations(parts.patients.correlations)
    yield from _toxicity(parts.agents.sound, parts.tocilizumab)
    yield from _courses(parts.antimicrobials.sound)
    if parts.immunoglobulin is not None:
        yield from _effect(parts.immunoglobulin)
    if parts.programme is not None:
        yield from programme_contradictions(parts.programme, parts)


def _strategy_selection(parts: Parts) -> Iterator[Contradiction]:
    chosen = parts.analysis.strategies if parts.analysis else None
    names = parts.strategies.names
    if names is None:
        return
    known = ", ".join(names)
    for name in chosen or ():
        if name not in names:
            yield ("analysis", "strategies"), shown(name), f"must name a strategy of this scenario: {known}"
    if chosen is not None and len(chosen) < 2:
        yield ("analysis", "strategies"), shown(chosen), "needs at least two strategies to compare"
    elif chosen is None and len(names) == 1:
        yield ("strategies",), known, "needs at least two strategies to compare"


def _labels(strategies: Mapping[str, Strategy]) -> Iterator[Contradiction]:
    first: dict[str, str] = {}
    for name, strategy in strategies.items():
        if strategy.label in first:
            allowed = f"must differ from the label of {first[strategy.label]}"
            yield ("strategies", name, "label"), shown(strategy.label), allowed
        first.setdefault(strategy.label, name)


def _truncation(patients: Patients) -> Iterator[Contradiction]:
    for name in ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "age_years"):
        spread = getattr(patients, name)
        if isinstance(spread, Normal):
            if spread.min >= spread.max:
                yield ("patients", name, "min"), f"{spread.min:g}", f"must be below max, {spread.max:g}"
            elif not spread.min <= spread.mean.value <= spread.max:
                allowed = f"must lie between min and max, {spread.min:g} and {spread.max:g}"
                yield ("patients", name, "mean"), f"{spread.mean.value:g}", allowed


def _shares(patients: Patients) -> Iterator[Contradiction]:
    total = sum(share.value for share in patients.agents.values())
    if abs(total - 1) > SHARES_TOLERANCE:
        parts = ", ".join(f"{name} {share.value:g}" for name, share in patients.agents.items() if share.value)
        yield ("patients", "agents"), f"{total:.10g} in all", f"must add up to 1: {parts}"


def _toxicity(agents: Mapping[str, Agent], tocilizumab: Tocilizumab | None) -> Iterator[Contradiction]:
    for name, agent in agents.items():
        for kind in ("crs", "icans"):
            risk = getattr(agent, kind)
            if risk is None:
                continue
            mild, severe = risk.grade_1_2.value, risk.grade_3plus.value
            if mild + severe > 1:
                found = f"{mild:g} + {severe:g} = {mild + severe:g}"
                yield ("agents", name, kind), found, "the probabilities of the two grades must add up to 1 at most"
            elif tocilizumab is not None:
                factor = getattr(tocilizumab, f"{kind}_multiplier")
                raised = mild * factor.grade_1_2.value + severe * factor.grade_3plus.value
                if raised > 1:
                    allowed = f"must leave the probability of {kind} at 1 or less; {name} comes to {raised:.4g}"
                    found = f"{factor.grade_1_2.value:g} and {factor.grade_3plus.value:g}"
                    yield ("tocilizumab", f"{kind}_multiplier"), found, allowed


def _courses(antimicrobials: Mapping[str, Antimicrobial]) -> Iterator[Contradiction]:
    """Courses and viraemia belong to a surveillance, and a surveillance says what a course costs."""
    for name, drug in antimicrobials.items():
        path = ("antimicrobials", name)
        if drug.kind == "surveillance":
            if drug.course_cost is None:
                yield (*path, "course_cost"), "", "is missing; a surveillance needs it, 0 if courses are free"
            continue
        allowed = f'is only for a surveillance: leave it out, or set kind = "surveillance" in {".".join(path)}'
        if drug.course_cost is not None:
            yield (*path, "course_cost"), f"{drug.course_cost.value:g}", allowed
        if drug.viraemia is not None:
            yield (*path, "viraemia"), "a table", allowed


def _effect(ig: Immunoglobulin) -> Iterator[Contradiction]:
    if ig.effect == "marginal" and ig.marginal_follow_up_months is None:
        allowed = 'is missing; effect = "marginal" needs the follow-up of the cohort'
        yield ("immunoglobulin", "marginal_follow_up_months"), "", allowed
    adjustment = ig.dose_adjustment
    if adjustment is not None and adjustment.maximum_factor.value < adjustment.step_up_factor.value:
        allowed = f"must be step_up_factor or more, {adjustment.step_up_factor.value:g}"
        path = ("immunoglobulin", "dose_adjustment", "maximum_factor")
        yield path, f"{adjustment.maximum_factor.value:g}", allowed
