"""Conditions on a patient's state at the first dose, as text: `igg_mg_dl<400`, `agent=talquetamab`, `cmv=yes`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.scenario.quantity import suggestion

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

MEASURES: Final = ("weight_kg", "igg_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "age_years")
FLAGS: Final = ("anti_cd38", "responder", "male")
SIGNS: Final = ("<", "<=", ">", ">=")
_FORM = re.compile(r"\s*(\w+)\s*(<=|>=|<|>|=)\s*(\S+)\s*")


@dataclass(frozen=True)
class Condition:
    """One comparison.

    Attributes:
        attribute: One of `MEASURES` or `FLAGS`, a serostatus, "agent" or "target".
        sign: One of `SIGNS` for a measure, else "=".
        value: A number for a measure, True or False for a flag or a serostatus, a name for agent or target.
    """

    attribute: str
    sign: str
    value: float | bool | str


def parse_condition(text: str, scenario: Scenario) -> Condition | str:
    """Read a condition.

    Args:
        text: As written.
        scenario: What the names in it refer to.

    Returns:
        The condition, or what would be allowed in its place.
    """
    read = _FORM.fullmatch(text)
    if read is None:
        return "must be NAME<NUMBER, NAME=yes, NAME=no, agent=NAME or target=NAME"
    name, sign, value = read.groups()
    names = {"agent": tuple(scenario.agents), "target": tuple(scenario.targets)}
    if name in names:
        if sign == "=" and value in names[name]:
            return Condition(name, sign, value)
        return f"must be {name}=NAME of {', '.join(names[name])}{suggestion(value, names[name])}"
    if name in MEASURES:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if sign in SIGNS and number == number and abs(number) != float("inf"):
            return Condition(name, sign, number)
        return f"must compare {name} with a number by one of {', '.join(SIGNS)}"
    yes_or_no = (*FLAGS, *scenario.patients.serostatus)
    if name in yes_or_no:
        if sign == "=" and value in ("yes", "no"):
            return Condition(name, sign, value == "yes")
        return f"must be {name}=yes or {name}=no"
    known = (*MEASURES, *yes_or_no, *names)
    return f"must begin with one of {', '.join(known)}{suggestion(name, known)}"
