"""Patients of a kind: those whose state at the first dose meets a condition such as `igg_mg_dl<400` or `cmv=yes`."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence

import numpy as np

from sim.build import compile_model
from sim.errors import Problem, UsageError
from sim.model.parts import Booleans
from sim.model.structure import Baseline
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck

MEASURES = ("weight_kg", "igg_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty", "age_years")
FLAGS = ("anti_cd38", "responder", "male")
_COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>|=)\s*(\S+)\s*")


def subgroups(scenario: Scenario, conditions: Sequence[str], patients: int, seed: int) -> dict[str, Booleans]:
    """Who meets each condition.

    Args:
        scenario: A validated scenario.
        conditions: Each NAME<NUMBER (or <=, >, >=) of a measure, agent=NAME, or NAME=yes|no of anti_cd38, responder,
            male or a serostatus.
        patients: Number of patients.
        seed: Root of the luck.

    Returns:
        Condition to members, each of shape (patients,).

    Raises:
        UsageError: Naming every condition that cannot be read or that nobody meets.
    """
    who = draw_baseline(compile_model(scenario), AddressedLuck(seed), np.arange(patients))
    groups = {condition: _members(scenario, who, condition) for condition in conditions}
    flags = ", ".join((*FLAGS, *scenario.patients.serostatus))
    allowed = f"must be one of {', '.join(MEASURES)} compared with a number, agent=NAME, or yes or no for {flags}"
    problems = [Problem("--subgroup", text, allowed) for text, members in groups.items() if members is None]
    problems += [
        Problem("--subgroup", text, f"holds none of the {patients:,} patients")
        for text, members in groups.items()
        if members is not None and not members.any()
    ]
    if problems:
        raise UsageError("no such subgroup", problems)
    return {text: members for text, members in groups.items() if members is not None}


def _members(scenario: Scenario, who: Baseline, condition: str) -> Booleans | None:
    """Who meets a condition; None if it cannot be read."""
    read = _CONDITION.fullmatch(condition)
    if read is None:
        return None
    name, sign, value = read.groups()
    if name in MEASURES and sign in _COMPARED:
        try:
            members: Booleans = _COMPARED[sign](getattr(who, name), float(value))
        except ValueError:
            return None
        return members
    if sign != "=":
        return None
    agents, serostatus = list(scenario.agents), list(scenario.patients.serostatus)
    if name == "agent" and value in agents:
        return np.asarray(who.agent == agents.index(value))
    if value not in ("yes", "no") or name not in (*FLAGS, *serostatus):
        return None
    has = getattr(who, name) if name in FLAGS else who.positive[serostatus.index(name)]
    return np.asarray(has == (value == "yes"))
