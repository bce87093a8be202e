"""Sobol indices: how much of an outcome's variance over the ranges each varied number accounts for.

First-order indices say what a number does alone, total ones what it does together with the others; their estimators
are those of Saltelli et al. (2010, Comput Phys Commun 181:259) and Jansen (1999), by SALib (Herman and Usher 2017).
On common luck the outcome is a plain function of the numbers, so Monte Carlo noise adds nothing to its variance.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from sim.errors import Problem, UsageError
from sim.model.parts import Floats
from sim.scenario import Scenario
from sim.sensitivity.design import MOST_POINTS, Axis, at_shares
from sim.sensitivity.outcome import choose, middle
from sim.sensitivity.played import component_names, net_benefit, settled
from sim.sensitivity.sweeps import Sweep, play_points
from sim.work import Progress, Runner, run_batches

RESAMPLES = 1000


def saltelli(n_axes: int, n: int, seed: int) -> Floats:
    """Points of the design that first and total indices need.

    Args:
        n_axes: Numbers that vary, k, from 2.
        n: Base sample, a power of two.
        seed: Root of the scrambling.

    Returns:
        Shares of the way along each axis, shape (n * (k + 2), k).

    Raises:
        UsageError: n is not a power of two, there are too few numbers, or too many points.
    """
    problems = []
    if n < 2 or n & (n - 1):
        problems.append(Problem("points", f"{n}", "must be a power of two for Sobol indices (64, 128, 256, ...)"))
    if n_axes < 2:
        problems.append(Problem("--vary", f"{n_axes}", "must be given at least twice for Sobol indices"))
    if n * (n_axes + 2) > MOST_POINTS:
        problems.append(Problem("points", f"{n * (n_axes + 2):,}", f"must be at most {MOST_POINTS:,}"))
    if problems:
        raise UsageError("no such design", problems)
    from SALib.sample import sobol  # half a second to load, which no other analysis need wait

    shares: Floats = sobol.sample(_problem(n_axes), n, calc_second_order=False, seed=seed)
    return shares


def sobol_indices(values: Floats, names: Sequence[str], seed: int) -> pd.DataFrame:
    """First-order and total indices.

    Args:
        values: Outcome at the points of `saltelli`, in their order, shape (n * (k + 2),).
        names: What varied, k names.
        seed: Root of the bootstrap.

    Returns:
        path, first, first_ci_low, first_ci_high, total, total_ci_low, total_ci_high (95 %, bootstrap).

    Raises:
        UsageError: The outcome is the same everywhere.
    """
    from SALib.analyze import sobol

    if np.ptp(values) == 0:
        raise UsageError("no Sobol indices: the outcome is the same at every point")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a factor without effect makes SALib divide by nothing
        found = sobol.analyze(
            _problem(len(names)), values, calc_second_order=False, num_resamples=RESAMPLES, seed=seed
        )
    columns: dict[str, object] = {"path": list(names)}
    for key, word in (("S1", "first"), ("ST", "total")):
        index, half = np.asarray(found[key]), np.asarray(found[f"{key}_conf"])
        columns |= {word: index, f"{word}_ci_low": index - half, f"{word}_ci_high": index + half}
    return pd.DataFrame(columns)


def sobol_sweep(
    scenario: Scenario,
    axes: Sequence[Axis],
    *,
    outcome: str = "inmb",
    strategy: str | None = None,
    comparator: str | None = None,
    wtp: float | None = None,
    n: int = 64,
    patients: int | None = 2000,
    seed: int | None = None,
    runner: Runner = run_batches,
    progress: Progress | None = None,
) -> tuple[Sweep, pd.DataFrame, str]:
    """Play a Saltelli design and say what moves an outcome.

    Args:
        scenario: A validated scenario.
        axes: Ranges, each uniform (or log-uniform) from start to stop.
        outcome: See `sim.sensitivity.outcome.choose`.
        strategy: Whose outcome.
        comparator: Against whom.
        wtp: Willingness to pay per QALY; None takes the scenario's middle one.
        n: Base sample, a power of two; n * (axes + 2) points are played.
        patients: Patients under each strategy.
        seed: Root of the luck, the design and the bootstrap; None takes the scenario's.
        runner: How batches are worked off.
        progress: Called with points done and points in all.

    Returns:
        The sweep, the indices (see `sobol_indices`), and the outcome in words.

    Raises:
        UsageError: The outcome or the design cannot be used.
        ScenarioError: A value is not allowed.
    """
    patients, root = settled(scenario, patients, seed)
    wtps, wtp = (None, middle(scenario.analysis.wtp_per_qaly)) if wtp is None else ((wtp,), wtp)
    shares = saltelli(len(axes), n, root)
    names, components = scenario.strategy_names, component_names(scenario)
    look = partial(
        choose, outcome, strategies=names, components=components, wtp=wtp, strategy=strategy, comparator=comparator
    )
    look(benefit=np.zeros(len(names)))  # refuse before the work, not after it
    played = play_points(
        scenario,
        axes,
        at_shares(axes, shares),
        design="saltelli",
        wtps=wtps,
        comparator=comparator,
        patients=patients,
        seed=root,
        runner=runner,
        progress=progress,
    )
    # [strategy, point] of every component, as for patients.
    means = {name: played.means[:, c].T for c, name in enumerate(components)}
    looked_at = look(benefit=net_benefit(means, wtp).mean(axis=1))
    return played, sobol_indices(looked_at.of(means), played.paths, root), looked_at.words(scenario.analysis.currency)


def _problem(k: int) -> dict[str, object]:
    return {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0.0, 1.0]] * k}
