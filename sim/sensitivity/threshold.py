"""At which value of a number the best strategy changes: a scan, then roots, on common luck.

The scan sees every change that survives between two of its points; a strategy that is best only between two
neighbouring points and at neither is missed, so a finer scan is an option.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy

from sim.errors import IgsimError, Problem, UsageError
from sim.model.parts import Floats
from sim.scenario import Scenario, quantities
from sim.scenario.quantity import suggestion
from sim.sensitivity.changes import changed, interval
from sim.sensitivity.outcome import middle
from sim.sensitivity.played import mean_mcse, net_benefit, patient_values, runner_up, settled
from sim.work import Arrays, Progress, Runner, digest_of, run_batches

SCAN = 11
RESOLUTION = 1e-6
"""Width to which a root is narrowed, as a share of the interval searched."""
MOST_SWITCHES = 20
SLOPE_SPANS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Widths over which a slope is measured, as shares of the interval: the first that sees it clearly is taken."""
CLEAR = 4.0
"""Standard errors that a slope must be away from 0 to be taken as seen clearly."""
Z_95 = 1.959963984540054
COLUMNS = ("path", "threshold", "mcse", "ci_low", "ci_high", "before", "after", "slope", "slope_mcse")


@dataclass(frozen=True)
class Switch:
    """Where the best strategy changes.

    Attributes:
        at: The value.
        before: Index of the strategy best just below it.
        after: Index of the strategy best just above it.
    """

    at: float
    before: int
    after: int


@dataclass(frozen=True)
class Thresholds:
    """Where the best strategy changes along one number.

    Attributes:
        path: What was varied.
        unit: Its unit.
        low: Start of the interval searched.
        high: End of it.
        wtp: Willingness to pay per QALY.
        table: One row a change, see `thresholds`; empty if there is none.
        scan: value, best, second, margin, margin_mcse and the mean net benefit of each strategy (`nmb_<strategy>`).
        patients: Patients under each strategy.
        seed: Root of the luck.
    """

    path: str
    unit: str
    low: float
    high: float
    wtp: float
    table: pd.DataFrame
    scan: pd.DataFrame
    patients: int
    seed: int


def find_switches(benefit: Callable[[float], Floats], grid: Floats) -> tuple[Switch, ...]:
    """Where the largest of several functions of one number stops being the largest.

    Args:
        benefit: Value to mean net benefits, shape (n_strategies,).
        grid: Increasing values at which to look first; between two with the same best nothing is looked for.

    Returns:
        The changes, in increasing order, each to within `RESOLUTION` of the grid's width.

    Raises:
        IgsimError: More than `MOST_SWITCHES` were found.
    """
    step = RESOLUTION * float(grid[-1] - grid[0])
    found: list[Switch] = []
    for start, stop in pairwise(grid):
        low, high = float(start), float(stop)
        while (best := int(np.argmax(benefit(low)))) != int(np.argmax(benefit(high))):

            def lead(x: float, best: int = best) -> float:
                values = benefit(x)
                return float(values[best] - np.delete(values, best).max())

            root = low if lead(low) == 0 else float(scipy.optimize.brentq(lead, low, high, xtol=step))
            low = min(root + 2 * step, high)
            after = int(np.argmax(benefit(low)))
            if after != best:
                found.append(Switch(root, best, after))
            if len(found) > MOST_SWITCHES:
                message = (
                    f"the best strategy changes more than {MOST_SWITCHES} times up to {low:g}: too noisy to tell"
                )
                raise IgsimError(message)
    return tuple(found)


@dataclass(frozen=True)
class _Along:
    """Net benefits at the values of a scan; a batch is one value."""

    scenario: Scenario
    path: str
    grid: tuple[float, ...]
    wtp: float
    patients: int
    seed: int

    @property
    def digest(self) -> str:
        return digest_of([self.scenario.digest, self.path, self.grid, self.wtp, self.patients, self.seed])

    def benefit(self, value: float) -> Floats:
        """Net monetary benefit of every patient, (n_strategies, n_patients)."""
        scenario = changed(self.scenario, {self.path: value})
        return net_benefit(patient_values(scenario, self.patients, self.seed, ("cost", "qaly")), self.wtp)

    def __call__(self, batch: int) -> Arrays:
        benefit = self.benefit(self.grid[batch])
        mean = benefit.mean(axis=1)
        best, second = runner_up(mean)
        margin, mcse = mean_mcse(benefit[best] - benefit[second])
        return {"mean": mean, "order": np.array([best, second]), "margin": np.array([margin, mcse])}


def thresholds(
    scenario: Scenario,
    path: str,
    *,
    between: tuple[float, float] | None = None,
    strategies: tuple[str, str] | None = None,
    wtp: float | None = None,
    patients: int | None = 10_000,
    seed: int | None = None,
    scan: int = SCAN,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> Thresholds:
    """The values of one number at which the strategy of highest mean net benefit changes.

    The standard error of a threshold is that of the paired INMB of the two strategies there over the size of its
    slope (delta method); the slope is a paired central difference, and where it cannot be told from 0 there is no
    interval.

    Args:
        scenario: A validated scenario.
        path: Dotted path of a number.
        between: Interval to search; None takes the bounds of the quantity's one-way analysis.
        strategies: Compare these two alone; None compares all.
        wtp: Willingness to pay per QALY; None takes the scenario's middle one.
        patients: Patients under each strategy, from 2.
        seed: Root of the luck; None takes the scenario's.
        scan: Values at which to look first, from 2.
        runner: How batches are worked off.
        progress: Called with scanned values done and in all.

    Returns:
        A table with columns path, threshold, mcse, ci_low, ci_high (95 %), before, after (the best strategy below and
        above), slope (of the INMB of `after` against `before`, per unit of the number), slope_mcse.

    Raises:
        UsageError: No bounds are known or given, or a strategy is not the scenario's.
        ScenarioError: The path leads nowhere, or an end of the interval is not allowed.
    """
    unit, low, high = _interval(scenario, path, between)
    names = _competitors(scenario, strategies)
    compared = changed(scenario, {"analysis.strategies": list(names)})
    for end in (low, high):
        changed(compared, {path: end})
    wtp = middle(scenario.analysis.wtp_per_qaly) if wtp is None else wtp
    patients, root = settled(scenario, patients, seed)
    grid = np.linspace(low, high, scan)
    job = _Along(compared, path, tuple(float(x) for x in grid), wtp, patients, root)
    scanned = list(runner(job, range(scan), progress=progress))
    known = {float(x): found["mean"] for x, found in zip(grid, scanned, strict=True)}

    def benefit(value: float) -> Floats:
        if value not in known:
            known[value] = job.benefit(value).mean(axis=1)
        return known[value]

    rows = [_row(job, switch, names, low, high) for switch in find_switches(benefit, grid)]
    table, seen = pd.DataFrame(rows, columns=COLUMNS), _scan_table(grid, scanned, names)
    return Thresholds(path, unit, low, high, wtp, table, seen, patients, root)


def _competitors(scenario: Scenario, strategies: Sequence[str] | None) -> tuple[str, ...]:
    """Those of the scenario's strategies that are compared, in its order; all where none is named."""
    everyone = scenario.strategy_names
    unknown = [
        Problem("strategy", name, f"must be one of {', '.join(everyone)}")
        for name in strategies or ()
        if name not in everyone
    ]
    if unknown:
        raise UsageError("no such strategy", unknown)
    return tuple(name for name in everyone if name in strategies) if strategies else everyone


def _interval(scenario: Scenario, path: str, between: tuple[float, float] | None) -> tuple[str, float, float]:
    known = {place: (quantity, unit) for place, quantity, unit in quantities(scenario)}
    if path not in known:
        meant = suggestion(path, [*known])
        problem = Problem("--threshold", path, f"no such path among the scenario's numbers{meant}")
        raise UsageError("no such number", [problem])
    quantity, unit = known[path]
    if between is None:
        bounds = interval(quantity)
        if bounds is None:
            problem = Problem(
                path, "", "has no range, interval or distribution; say where to look with --between LOW HIGH"
            )
            raise UsageError("no interval to search", [problem])
        return unit, bounds[0], bounds[1]
    if not between[0] < between[1]:
        problem = Problem("--between", f"{between[0]:g} {between[1]:g}", "must be LOW HIGH with LOW below HIGH")
        raise UsageError("no interval to search", [problem])
    return unit, *between


def _scan_table(grid: Floats, scanned: list[Arrays], names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "value": value,
            "best": names[found["order"][0]],
            "second": names[found["order"][1]],
            "margin": found["margin"][0],
            "margin_mcse": found["margin"][1],
            **{f"nmb_{name}": mean for name, mean in zip(names, found["mean"], strict=True)},
        }
        for value, found in zip(grid, scanned, strict=True)
    )


def _row(job: _Along, switch: Switch, names: tuple[str, ...], low: float, high: float) -> dict[str, object]:
    def increment(value: float) -> Floats:
        each = job.benefit(value)
        difference: Floats = each[switch.after] - each[switch.before]
        return difference

    slope = slope_mcse = float("nan")
    for span in SLOPE_SPANS:
        left, right = max(low, switch.at - span * (high - low) / 2), min(high, switch.at + span * (high - low) / 2)
        slope, slope_mcse = (float(x) / (right - left) for x in mean_mcse(increment(right) - increment(left)))
        if abs(slope) > CLEAR * slope_mcse:
            break
    mcse = float(mean_mcse(increment(switch.at))[1]) / abs(slope) if abs(slope) > Z_95 * slope_mcse else float("nan")
    return {
        "path": job.path,
        "threshold": switch.at,
        "mcse": mcse,
        "ci_low": switch.at - Z_95 * mcse,
        "ci_high": switch.at + Z_95 * mcse,
        "before": names[switch.before],
        "after": names[switch.after],
        "slope": slope,
        "slope_mcse": slope_mcse,
    }
