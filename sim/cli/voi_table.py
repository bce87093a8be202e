"""Anyone's PSA table for `igsim voi`: the options that describe it, and its draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import Problem, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from sim.voi import Evidence, PlannedTrial, Population


Effects = Annotated[
    Path | None, typer.Option("--effects", metavar="FILE", help="Effects of a table that holds costs alone.")
]
Parameters = Annotated[
    Path | None,
    typer.Option("--parameters", metavar="FILE", help="Parameters of a table (default: its other columns)."),
]
NetBenefits = Annotated[
    str | None,
    typer.Option("--nmb", metavar="COLUMN,COLUMN,...", help="Columns of a table that hold net benefits."),
]
Group = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME=COLUMN,COLUMN,...", help="Parameters of a table learnt together."),
]
Arms = Annotated[
    str | None,
    typer.Option("--arms", metavar="COLUMN,COLUMN", help="Columns with the event probability of a trial's arms."),
]
Concerned = Annotated[
    str | None,
    typer.Option("--population", metavar="PER_YEAR,YEARS,RATE", help="Whom the decision of a table concerns."),
]
TrialCost = Annotated[
    str | None,
    typer.Option(
        "--trial-cost",
        metavar="FIXED,PER_PATIENT[,RECRUITED_PER_YEAR,FOLLOW_UP_YEARS]",
        help="Cost and pace of the trial of --arms.",
    ),
]


@dataclass(frozen=True)
class OutsideTable:
    """A table as the options describe it.

    Attributes:
        path: Costs and effects, costs alone, or anything with columns of net benefit.
        effects: Effects, where `path` holds costs alone.
        parameters: Parameters, where they are in a file of their own.
        nmb: Names of columns that hold net benefits.
        group: NAME=COLUMN,COLUMN texts; * stands for any part of a name.
        arms: Two columns with event probabilities.
        population: PER_YEAR,YEARS,RATE.
        trial_cost: FIXED,PER_PATIENT[,RECRUITED_PER_YEAR,FOLLOW_UP_YEARS].
    """

    path: Path
    effects: Path | None
    parameters: Path | None
    nmb: str | None
    group: Sequence[str]
    arms: str | None
    population: str | None
    trial_cost: str | None

    @property
    def options(self) -> dict[str, object]:
        """What was asked for, by the option's name."""
        return {f"--{each.name.replace('_', '-')}": getattr(self, each.name) for each in fields(self)[1:]}

    @property
    def described(self) -> dict[str, Any]:
        """What the manifest says of it."""
        from sim.store import described

        beside = [path for path in (self.effects, self.parameters) if path is not None]
        asked = {option: value for option, value in self.options.items() if value and not isinstance(value, Path)}
        return described(self.path, beside, asked)

    def evidence(self) -> Evidence:
        """The draws of the table.

        Raises:
            TableError: A file cannot be used.
            UsageError: An option cannot be used.
        """
        from sim.cea import read_outside_psa
        from sim.voi import Evidence

        names = _parts(self.nmb) if self.nmb else ()
        read = read_outside_psa(self.path, effects=self.effects, parameters=self.parameters, net_benefits=names)
        people = _population(self.population)
        return Evidence(
            strategies=read.table.strategies,
            cost=read.table.cost,
            qaly=read.table.qaly,
            parameters=read.parameters,
            groups=_groups(self.group, list(read.parameters.columns)),
            trials=_trial(read.parameters, self.arms, self.trial_cost, people),
            population=people,
        )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _groups(texts: Sequence[str], columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups, problems = {}, []
    for text in texts:
        name, sign, globs = text.partition("=")
        if not (name.strip() and sign and _parts(globs)):
            problems.append(Problem("--group", text, "must be NAME=COLUMN,COLUMN"))
            continue
        members: list[str] = []
        for glob in _parts(globs):
            found = [column for column in columns if column == glob or fnmatchcase(column, glob)]
            if not found:
                shown = ", ".join(columns[:10]) + (", ..." if len(columns) > 10 else "")
                problems.append(
                    Problem(f"--group {name}", glob, f"one of the parameters {shown or '(there are none)'}")
                )
            members += found
        groups[name.strip()] = tuple(dict.fromkeys(members))
    if problems:
        raise UsageError("a group of parameters cannot be made", problems)
    return groups


def _numbers(option: str, text: str, counts: Sequence[int], form: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in counts:
        raise UsageError("an option cannot be read", [Problem(option, text, f"must be {form}, all numbers")])
    return numbers


def _population(text: str | None) -> Population | None:
    from sim.voi import Population

    if text is None:
        return None
    people = Population(*_numbers("--population", text, (3,), "PER_YEAR,YEARS,RATE"))
    _ = people.patients  # refuses numbers that count nobody
    return people


def _trial(
    parameters: pd.DataFrame, arms: str | None, cost: str | None, people: Population | None
) -> dict[str, PlannedTrial]:
    from sim.voi import PlannedTrial, TrialPlan, TwoArmBinary

    if arms is None:
        if cost is not None:
            raise UsageError("there is no trial", [Problem("--trial-cost", cost, "needs --arms COLUMN,COLUMN")])
        return {}
    names, columns = _parts(arms), list(parameters.columns)
    problems = [] if len(names) == 2 else [Problem("--arms", arms, "must be two columns, the control arm first")]
    problems += [
        Problem("--arms", name, f"one of the columns {', '.join(columns)}") for name in names if name not in columns
    ]
    plan = None
    if cost is not None:
        if people is None:
            problems.append(Problem("--trial-cost", cost, "needs --population PER_YEAR,YEARS,RATE"))
        form = "FIXED,PER_PATIENT or FIXED,PER_PATIENT,RECRUITED_PER_YEAR,FOLLOW_UP_YEARS"
        plan = TrialPlan(*_numbers("--trial-cost", cost, (2, 4), form))
    if problems:
        raise UsageError("the trial cannot be planned", problems)
    design = TwoArmBinary(*names)
    return {"trial": PlannedTrial(f"{names[1]} against {names[0]}", design, parameters[list(names)], plan)}
