"""The sections of a scenario: of one that could not be read, the sound ones, so that their meaning is checked too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from sim.scenario.programme import Programme
from sim.scenario.schema import (
    Agent,
    Analysis,
    Antimicrobial,
    Cause,
    Immunoglobulin,
    Patients,
    Regimen,
    Scenario,
    Strategy,
    Target,
    Tocilizumab,
)

Part = TypeVar("Part", bound=BaseModel)


class Named(NamedTuple, Generic[Part]):
    """Tables that the user names.

    Attributes:
        sound: Those that could be read.
        names: All of them; None where there is no telling: the section that holds them is missing or no table.
    """

    sound: Mapping[str, Part]
    names: tuple[str, ...] | None

    @property
    def complete(self) -> bool:
        """Whether every table could be read."""
        return self.names is not None and len(self.sound) == len(self.names)


class Parts(NamedTuple):
    """The sound parts of a scenario; None or absent where a part could not be read.

    Attributes:
        sections: Names of the sections that are there, sound or not.
        serostatus: Names of the serostatus; None where there is no telling.
    """

    sections: frozenset[str]
    analysis: Analysis | None
    patients: Patients | None
    serostatus: tuple[str, ...] | None
    targets: Named[Target]
    agents: Named[Agent]
    tocilizumab: Tocilizumab | None
    causes: Named[Cause]
    immunoglobulin: Immunoglobulin | None
    regimens: Named[Regimen]
    antimicrobials: Named[Antimicrobial]
    strategies: Named[Strategy]
    programme: Programme | None

    @property
    def targets_in_use(self) -> frozenset[str]:
        """Targets of the agents that some patient has."""
        shares = self.patients.agents if self.patients else {}
        given = {name for name, share in shares.items() if share.value}
        return frozenset(self.agents.sound[name].target for name in given & self.agents.sound.keys())


def parts_of(scenario: Scenario) -> Parts:
    """All sections of a scenario that could be read."""

    def each(section: Mapping[str, Part]) -> Named[Part]:
        return Named(section, tuple(section))

    return Parts(
        sections=frozenset(name for name in type(scenario).model_fields if getattr(scenario, name) is not None),
        analysis=scenario.analysis,
        patients=scenario.patients,
        serostatus=tuple(scenario.patients.serostatus),
        targets=each(scenario.targets),
        agents=each(scenario.agents),
        tocilizumab=scenario.tocilizumab,
        causes=each(scenario.infections.causes),
        immunoglobulin=scenario.immunoglobulin,
        regimens=each(scenario.regimens),
        antimicrobials=each(scenario.antimicrobials),
        strategies=each(scenario.strategies),
        programme=scenario.programme,
    )


def sound_parts(tables: Mapping[str, Any], context: dict[str, Any]) -> Parts:
    """Read every section by itself.

    Args:
        tables: The scenario as tables.
        context: What validation depends on: currency, strictness.
    """

    def one(kind: type[Part], name: str) -> Part | None:
        return _sound(kind, tables.get(name), context)

    def each(kind: type[Part], *path: str, optional: bool = False) -> Named[Part]:
        section = _at(tables, path)
        names = _names(section, optional=optional)
        read = {name: _sound(kind, section[name], context) for name in names or ()}
        return Named({name: part for name, part in read.items() if part is not None}, names)

    has_patients = isinstance(tables.get("patients"), Mapping)
    return Parts(
        sections=frozenset(tables),
        analysis=one(Analysis, "analysis"),
        patients=one(Patients, "patients"),
        serostatus=_names(_at(tables, ("patients", "serostatus")), optional=has_patients),
        targets=each(Target, "targets"),
        agents=each(Agent, "agents"),
        tocilizumab=one(Tocilizumab, "tocilizumab"),
        causes=each(Cause, "infections", "causes"),
        immunoglobulin=one(Immunoglobulin, "immunoglobulin"),
        regimens=each(Regimen, "regimens", optional=True),
        antimicrobials=each(Antimicrobial, "antimicrobials", optional=True),
        strategies=each(Strategy, "strategies"),
        programme=one(Programme, "programme"),
    )


def _at(tables: Any, path: Sequence[str]) -> Any:
    for key in path:
        tables = tables.get(key) if isinstance(tables, Mapping) else None
    return tables


def _names(section: object, *, optional: bool) -> tuple[str, ...] | None:
    if isinstance(section, Mapping):
        return tuple(section)
    return () if optional and section is None else None


def _sound(kind: type[Part], table: object, context: dict[str, Any]) -> Part | None:
    try:
        return kind.model_validate(table, context=context)
    except ValidationError:
        return None
