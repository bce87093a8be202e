"""Many scenarios of one family: every point of a design on the same patients and luck, in one tidy table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from sim.build import compile_model
from sim.cea import incremental_analysis
from sim.errors import Problem, ScenarioError, UsageError
from sim.model.parts import Floats
from sim.runs import play
from sim.scenario import Scenario
from sim.sensitivity.changes import changed
from sim.sensitivity.design import Axis, Design, points
from sim.sensitivity.played import component_names, runner_up, settled
from sim.streams import AddressedLuck
from sim.work import Arrays, Progress, Runner, run_batches

FIXED: Final = {
    "analysis.patients": "is the same at every point: --patients",
    "analysis.seed": "is the same at every point: --seed",
    "analysis.strategies": "is the same at every point: --set",
    "analysis.wtp_per_qaly": "is looked at after playing: --wtp",
}
"""Paths that a sweep cannot vary, and why."""


@dataclass(frozen=True)
class Sweep:
    """A played design.

    Attributes:
        axes: What varied.
        design: "grid", "lhs", "sobol" or "saltelli".
        table: One row a point and strategy: point (from 1), one column a varied path, strategy, status, each
            component and its standard error (`<component>_mcse`), `inmb_<wtp>` and `inmb_<wtp>_mcse` against the
            comparator.
        decisions: One row a point and threshold: point, the varied paths, wtp, best, second, margin (INMB of best
            against second), margin_mcse.
        means: Mean components, [point, component, strategy].
        components: Names of the second axis of `means`.
        comparator: Against whom INMB is.
        wtps: Willingness to pay per QALY.
        patients: Patients under each strategy.
        seed: Root of the luck, and of the design.
        warning: What the user should know of the design; empty for nothing.
    """

    axes: tuple[Axis, ...]
    design: str
    table: pd.DataFrame
    decisions: pd.DataFrame
    means: Floats
    components: tuple[str, ...]
    comparator: str
    wtps: tuple[float, ...]
    patients: int
    seed: int
    warning: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The varied paths."""
        return tuple(axis.path for axis in self.axes)


@dataclass(frozen=True)
class SweepJob:
    """Plays the point of a design that a batch number names.

    Attributes:
        scenario: The scenario.
        paths: What varies.
        points: Values of the paths at each point.
        wtps: Willingness to pay per QALY.
        comparator: Index of the strategy that INMB is against.
        patients: Patients under each strategy.
        seed: Root of the luck.
    """

    scenario: Scenario
    paths: tuple[str, ...]
    points: tuple[tuple[object, ...], ...]
    wtps: tuple[float, ...]
    comparator: int
    patients: int
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on."""
        rest = [self.paths, self.points, self.wtps, self.comparator, self.patients, self.seed]
        return hashlib.sha256(json.dumps([self.scenario.digest, *rest], default=str).encode()).hexdigest()

    def __call__(self, batch: int) -> Arrays:
        """Means and standard errors of one point."""
        values = dict(zip(self.paths, self.points[batch], strict=True))
        try:
            scenario = changed(self.scenario, values)
        except ScenarioError as error:
            message = f"point {batch + 1} cannot be played: {error}"
            raise ScenarioError(message) from error
        outcomes = play(compile_model(scenario), AddressedLuck(self.seed), self.patients)
        strategies = range(len(outcomes.strategies))
        cost, qaly = outcomes.mean("cost"), outcomes.mean("qaly")
        order = [runner_up(wtp * qaly - cost) for wtp in self.wtps]
        return {
            "mean": np.stack([outcomes.mean(name) for name in outcomes.components]),
            "mcse": np.stack([outcomes.mcse(name) for name in outcomes.components]),
            "inmb": np.array([[outcomes.inmb(wtp, s, self.comparator) for s in strategies] for wtp in self.wtps]),
            "order": np.array(order),
            "margin": np.array([outcomes.inmb(wtp, *pair) for wtp, pair in zip(self.wtps, order, strict=True)]),
        }


def sweep(
    scenario: Scenario,
    axes: Sequence[Axis],
    *,
    design: Design = "grid",
    n: int = 64,
    wtps: Sequence[float] | None = None,
    comparator: str | None = None,
    patients: int | None = 2000,
    seed: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> Sweep:
    """Play a scenario at every point of a design.

    Args:
        scenario: A validated scenario.
        axes: Paths and their values, see `sim.sensitivity.design.parse_axes`.
        design: "grid", "lhs" or "sobol".
        n: Points of lhs and sobol.
        wtps: Willingness to pay per QALY; None takes the scenario's.
        comparator: Against whom INMB is; None takes the first strategy.
        patients: Patients under each strategy; None takes the scenario's number.
        seed: Root of the luck and of the design; None takes the scenario's.
        runner: How batches are worked off.
        progress: Called with points done and points in all.

    Raises:
        UsageError: The design or the comparator cannot be used.
        ScenarioError: A value is not allowed; every axis is tried before anything is played.
    """
    patients, root = settled(scenario, patients, seed)
    at, warning = points(axes, design, n, root)
    return play_points(
        scenario,
        axes,
        at,
        design=design,
        wtps=wtps,
        comparator=comparator,
        patients=patients,
        seed=root,
        runner=runner,
        progress=progress,
        warning=warning,
    )


def play_points(
    scenario: Scenario,
    axes: Sequence[Axis],
    at: tuple[tuple[object, ...], ...],
    *,
    design: str,
    patients: int,
    seed: int,
    wtps: Sequence[float] | None = None,
    comparator: str | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
    warning: str = "",
) -> Sweep:
    """Play given points; arguments as in `sweep`, and `at`, the values of every axis at every point."""
    names = scenario.strategy_names
    against = names[0] if comparator is None else comparator
    if against not in names:
        raise UsageError("no such strategy", [Problem("--comparator", against, f"must be one of {', '.join(names)}")])
    _try_ends(scenario, axes)
    thresholds = tuple(float(wtp) for wtp in wtps or scenario.analysis.wtp_per_qaly)
    paths = tuple(axis.path for axis in axes)
    job = SweepJob(scenario, paths, at, thresholds, names.index(against), patients, seed)
    played = list(runner(job, range(len(at)), progress=progress))
    components = component_names(scenario)
    columns = {path: _column([point[i] for point in at]) for i, path in enumerate(paths)}
    return Sweep(
        axes=tuple(axes),
        design=design,
        table=_table(played, columns, names, components, thresholds),
        decisions=_decisions(played, columns, names, thresholds),
        means=np.stack([found["mean"] for found in played]),
        components=components,
        comparator=against,
        wtps=thresholds,
        patients=patients,
        seed=seed,
        warning=warning,
    )


def _try_ends(scenario: Scenario, axes: Sequence[Axis]) -> None:
    """Each axis alone at its ends.

    Raises:
        ScenarioError: Every problem of every axis.
    """
    problems = []
    for axis in axes:
        if axis.path in FIXED:
            problems.append(Problem(axis.path, "", FIXED[axis.path]))
            continue
        for value in axis.ends:
            try:
                changed(scenario, {axis.path: value})
            except ScenarioError as error:
                said = {(problem.place, problem.allowed) for problem in problems}
                problems += [problem for problem in error.problems if (problem.place, problem.allowed) not in said]
    if problems:
        raise ScenarioError("these values cannot be played", problems)


def _column(values: list[object]) -> pd.Series:
    """Numbers as numbers, anything else as text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return pd.Series(values, dtype="float64")
    return pd.Series([str(value).lower() if isinstance(value, bool) else str(value) for value in values], dtype="str")


def _table(
    played: list[Arrays],
    columns: Mapping[str, pd.Series],
    names: tuple[str, ...],
    components: tuple[str, ...],
    wtps: tuple[float, ...],
) -> pd.DataFrame:
    strategies = len(names)
    point = np.repeat(np.arange(len(played)), strategies)
    mean, mcse = (np.stack([found[key] for found in played]) for key in ("mean", "mcse"))
    inmb = np.stack([found["inmb"] for found in played])
    cost, qaly = components.index("cost"), components.index("qaly")
    status: list[str] = []
    for each in mean:
        by_name = {row.strategy: str(row.status) for row in incremental_analysis(names, each[cost], each[qaly])}
        status += [by_name[name] for name in names]
    data: dict[str, Any] = {"point": point + 1}
    data |= {path: column.iloc[point].reset_index(drop=True) for path, column in columns.items()}
    data |= {"strategy": list(names) * len(played), "status": status}
    for c, component in enumerate(components):
        data |= {component: mean[:, c].ravel(), f"{component}_mcse": mcse[:, c].ravel()}
    for w, wtp in enumerate(wtps):
        data |= {f"inmb_{wtp:g}": inmb[:, w, :, 0].ravel(), f"inmb_{wtp:g}_mcse": inmb[:, w, :, 1].ravel()}
    return pd.DataFrame(data)


def _decisions(
    played: list[Arrays], columns: Mapping[str, pd.Series], names: tuple[str, ...], wtps: tuple[float, ...]
) -> pd.DataFrame:
    rows = []
    for index, found in enumerate(played):
        place = {"point": index + 1} | {path: column.iloc[index] for path, column in columns.items()}
        for w, wtp in enumerate(wtps):
            best, second = (names[int(i)] for i in found["order"][w])
            margin, mcse = (float(x) for x in found["margin"][w])
            rows.append({**place, "wtp": wtp, "best": best, "second": second, "margin": margin, "margin_mcse": mcse})
    return pd.DataFrame(rows)
