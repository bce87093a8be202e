"""Names in a scenario that must lead somewhere: each is refused by name, with what was meant or what there is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import translate

from sim.scenario.people import CORRELATED
from sim.scenario.prophylaxis import EVERYBODY, Antimicrobial, Viraemia
from sim.scenario.quantity import shown, suggestion
from sim.scenario.schema import Agent, Cause, IgaLow, IgmLow, Patients, Strategy
from sim.scenario.sections import Parts
from sim.scenario.strategies import STANDARD
from sim.scenario.triggers import leaves

_ENTRY = {"frailty": "frailty_variance", "male": "male_proportion"}
"""Entries of the attributes that are not distributions of their own tables."""

Contradiction = tuple[tuple[str, ...], str, str]


def matching(glob: str, paths: Mapping[str, object]) -> tuple[str, ...]:
    """Paths that a glob stands for: itself, what lies below it, or what its stars match."""
    stands_for = re.compile(f"{translate(glob)}|{translate(glob + '.*')}").match
    return tuple(path for path in paths if stands_for(path))


def unknown_names(parts: Parts) -> Iterator[Contradiction]:
    """Yield names that lead nowhere: path, what was found, what is allowed."""
    yield from _reserved(parts)
    if parts.patients is not None:
        yield from _of_patients(parts.patients, parts)
    for name, agent in parts.agents.sound.items():
        yield from _of_agent(("agents", name), agent, parts)
    for name, cause in parts.causes.sound.items():
        yield from _of_cause(("infections", "causes", name), cause, parts)
    if parts.immunoglobulin is not None:
        path = ("immunoglobulin", "hr_by_cause")
        yield from _of_hazard_ratios(path, parts.immunoglobulin.hr_by_cause, parts)
        for place, name in enumerate(parts.immunoglobulin.marginal_antimicrobials, start=1):
            where = ("immunoglobulin", "marginal_antimicrobials", str(place))
            yield from _must_name("an antimicrobial", name, parts.antimicrobials.names, where)
    for name, antimicrobial in parts.antimicrobials.sound.items():
        groups = None if parts.serostatus is None else (EVERYBODY, *parts.serostatus)
        yield from _must_name("a serostatus", antimicrobial.given_to, groups, ("antimicrobials", name, "given_to"))
        yield from _of_hazard_ratios(("antimicrobials", name, "hr"), antimicrobial.hr, parts)
        if antimicrobial.viraemia is not None:
            yield from _of_viraemia(("antimicrobials", name), antimicrobial, antimicrobial.viraemia, parts)
    for name, strategy in parts.strategies.sound.items():
        yield from _of_strategy(("strategies", name), strategy, parts)


def _must_name(what: str, name: str, known: Sequence[str] | None, path: tuple[str, ...]) -> Iterator[Contradiction]:
    if known is None or name in known:
        return
    there = f"must name {what}: {', '.join(known)}" if known else f"must name {what}, and none is defined"
    yield path, shown(name), there + suggestion(name, list(known))


def _reserved(parts: Parts) -> Iterator[Contradiction]:
    if EVERYBODY in (parts.serostatus or ()):
        yield ("patients", "serostatus", EVERYBODY), shown(EVERYBODY), "means everybody; choose another name"
    if STANDARD in (parts.regimens.names or ()):
        yield ("regimens", STANDARD), shown(STANDARD), "means that of [immunoglobulin]; choose another name"


def _of_patients(patients: Patients, parts: Parts) -> Iterator[Contradiction]:
    for name in patients.agents:
        yield from _must_name("an agent", name, parts.agents.names, ("patients", "agents", name))
    defined = [name for name in CORRELATED if getattr(patients, _ENTRY.get(name, name)) is not None]
    for place, correlation in enumerate(patients.correlations, start=1):
        for member, name in enumerate(correlation.between, start=1):
            path = ("patients", "correlations", str(place), "between", str(member))
            yield from _must_name("an attribute of this scenario", name, defined, path)


def _of_agent(path: tuple[str, ...], agent: Agent, parts: Parts) -> Iterator[Contradiction]:
    yield from _must_name("a target", agent.target, parts.targets.names, (*path, "target"))
    for section in ("crs", "icans"):
        if getattr(agent, section) is not None and section not in parts.sections:
            yield (section,), "", f"is missing; {'.'.join(path)}.{section} needs it"


def _of_cause(path: tuple[str, ...], cause: Cause, parts: Parts) -> Iterator[Contradiction]:
    for target in cause.rate_per_month:
        yield from _must_name("a target", target, parts.targets.names, (*path, "rate_per_month", target))
    if cause.only_in:
        yield from _must_name("a serostatus", cause.only_in, parts.serostatus, (*path, "only_in"))
    shares = parts.patients.agents if parts.patients else {}
    for name, share in shares.items():
        agent = parts.agents.sound.get(name)
        known = agent and agent.target in (parts.targets.names or ())
        if share.value and agent and known and agent.target not in cause.rate_per_month:
            allowed = f"is missing; {share.value:g} of patients have {name}, which is directed at {agent.target}"
            yield (*path, "rate_per_month", agent.target), "", allowed


def _of_viraemia(
    path: tuple[str, ...], drug: Antimicrobial, viraemia: Viraemia, parts: Parts
) -> Iterator[Contradiction]:
    for target in viraemia.found_per_month:
        yield from _must_name("a target", target, parts.targets.names, (*path, "viraemia", "found_per_month", target))


def _of_hazard_ratios(path: tuple[str, ...], causes: Iterable[str], parts: Parts) -> Iterator[Contradiction]:
    for name in causes:
        yield from _must_name("a cause of infection", name, parts.causes.names, (*path, name))


def _of_strategy(path: tuple[str, ...], strategy: Strategy, parts: Parts) -> Iterator[Contradiction]:
    regimens = None if parts.regimens.names is None else (STANDARD, *parts.regimens.names)
    yield from _must_name("a regimen", strategy.regimen, regimens, (*path, "regimen"))
    for place, name in enumerate(strategy.antimicrobials, start=1):
        yield from _must_name(
            "an antimicrobial", name, parts.antimicrobials.names, (*path, "antimicrobials", str(place))
        )
    if strategy.tocilizumab and "tocilizumab" not in parts.sections:
        yield ("tocilizumab",), "", f"is missing; {'.'.join(path)} gives it"
    for _, leaf in leaves(strategy.start, (*path, "start")):
        level = {IgaLow: "iga_mg_dl", IgmLow: "igm_mg_dl"}.get(type(leaf), "")
        if level and parts.patients is not None and getattr(parts.patients, level) is None:
            yield ("patients", level), "", f"is missing; a condition of {'.'.join(path)} needs it"
