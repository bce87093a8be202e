"""Expected value of sample information (EVSI) of a two-arm trial, by its size.

    EVSI(n) = E_x[ max_d E(NB_d | x) ] - max_d E(NB_d),   x the data of a trial of n patients per arm

Two regressions. The first gives the expected net benefit given the columns that determine the data, as for
their EVPPI. The second gives the expectation of that, given the summary of data simulated for each draw
(Strong, Oakley, Brennan & Breeze 2015, Med Decis Making 35:570). The data depend on the draw through those
columns alone, so nothing is lost, and the noise of every other parameter is gone before the second step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.errors import Problem, UsageError
from sim.voi.checks import checked, checked_luck
from sim.voi.evppi import draw_weights, evpi, is_constant, predictors_of, value_of_fit, value_of_replicates
from sim.voi.luck import moved_by, shifts
from sim.voi.regression import Predictors, Regression
from sim.voi.ridge import one_thread, parts_of
from sim.voi.trials import Trial

Floats = NDArray[np.float64]

DATA_SETS = 5_000
"""Data sets simulated at each size, at least one a draw; several a draw cost no run of the model."""


@dataclass(frozen=True, eq=False)
class Evsi:
    """What a trial of one size is worth, for one decision.

    Attributes:
        n_per_arm: Patients in each of the two arms.
        value: EVSI in units of net benefit, from 0 to the EVPPI.
        standard_error: Standard deviation of the replicates.
        evppi: Of the columns that determine the data: what an endless trial is worth.
        evpi: Expected value of perfect information on everything, same draws.
        note: Whatever a reader should know; empty if nothing.
        replicates: What the value might have been, shape (n_replicates,); sizes of one call share their
            luck, so that differences between sizes can be judged.
    """

    n_per_arm: int
    value: float
    standard_error: float
    evppi: float
    evpi: float
    note: str
    replicates: NDArray[np.float64] = field(repr=False)


def evsi(
    net_benefit: ArrayLike,
    parameters: pd.DataFrame,
    design: Trial,
    sizes: Sequence[int],
    *,
    luck: ArrayLike | None = None,
    total: float | None = None,
    seed: int = 1,
) -> tuple[Evsi, ...]:
    """Expected value of sample information of a trial, for each size.

    Args:
        net_benefit: Of each strategy in each draw, shape (n_draws, n_strategies).
        parameters: One row a draw; the columns that the design names may be parameters or anything computed
            from them, such as the mean number of infections under each strategy.
        design: The trial.
        sizes: Patients per arm, from 1.
        luck: Of the patients whom all draws play, as for `sim.voi.evppi`.
        total: EVPI, where it is better known than from these draws.
        seed: Luck of the data and of the replicates; sizes share it.

    Returns:
        One result for each size, in the order given.

    Raises:
        UsageError: What was given cannot be used; names all that is wrong.
    """
    benefit, columns = checked(net_benefit, parameters, {"the trial": design.columns})
    values = np.column_stack([columns[name] for name in design.columns])
    problems = [*_size_problems(sizes), *design.problems(values)]
    if problems:
        msg = "the value of the trial cannot be estimated"
        raise UsageError(msg, problems)
    predictors, known = predictors_of(columns), evpi(benefit) if total is None else total
    if predictors is None:
        nothing = np.zeros(1)
        note = "what determines the data is constant: nothing to learn"
        return tuple(Evsi(n, 0.0, 0.0, 0.0, known, note, nothing) for n in sizes)

    with one_thread():
        used = checked_luck(luck, benefit.shape[1])
        return _by_size(benefit, values, predictors, design, sizes, used, known, seed)


def _by_size(
    benefit: Floats,
    values: Floats,
    predictors: Predictors,
    design: Trial,
    sizes: Sequence[int],
    luck: Floats | None,
    total: float,
    seed: int,
) -> tuple[Evsi, ...]:
    """One result for each size, in the order given."""
    known = predictors.regress(benefit)
    weights = draw_weights(len(benefit), seed)
    moves = shifts(luck, weights.shape[1], seed, benefit.shape[1])
    copies = -(-DATA_SETS // len(benefit))
    rising = sorted(set(sizes))
    data = design.summaries(np.tile(values, (copies, 1)), rising, np.random.default_rng([seed, 2]))
    limit = min(value_of_fit(known.fitted), total)
    expected = np.tile(known.fitted, (copies, 1))
    learned = [_learned(summaries, expected) for summaries in data]
    spread = _replicates(benefit, known, learned, weights, copies, seed)
    results: dict[int, Evsi] = {}
    for n, fit, gains in zip(rising, learned, spread, strict=True):
        value, replicates = 0.0, np.zeros(weights.shape[1])
        if fit is not None:
            value = min(value_of_fit(fit.fitted), limit)
            replicates = gains + moved_by(fit.fitted, moves)
        before = max(results.values(), key=lambda result: result.value, default=None)
        results[n] = Evsi(
            n, value, float(replicates.std()), limit, total, _fall(value, replicates, before), replicates
        )
    return tuple(results[n] for n in sizes)


def _learned(summaries: Floats, expected: Floats) -> Regression | None:
    """Expected net benefit given the data; None where the data never differ."""
    telling = summaries[:, [not is_constant(column) for column in summaries.T]]
    return Predictors(telling).regress(expected) if telling.shape[1] else None


def _replicates(
    benefit: Floats,
    known: Regression,
    learned: Sequence[Regression | None],
    weights: Floats,
    copies: int,
    seed: int,
) -> Floats:
    """What each size might have been worth, shape (n_sizes, n_replicates); 0 where data never differ."""
    n_replicates = weights.shape[1]
    gains = np.zeros((len(learned), n_replicates))
    noise = known.noise(n_replicates, np.random.default_rng([seed, 1]))
    # Sizes share their luck.
    noises = [[] if fit is None else fit.noise(n_replicates, np.random.default_rng([seed, 3])) for fit in learned]
    for some in parts_of(n_replicates, benefit.size * copies):
        weight = weights[:, some]
        expected = np.tile(known.replicates(benefit, weight, [each[:, some] for each in noise]), (1, copies, 1))
        tiled = np.tile(weight, (copies, 1))
        for gain, fit, own in zip(gains, learned, noises, strict=True):
            if fit is not None:
                fitted = fit.replicates(expected, tiled, [each[:, some] for each in own])
                gain[some] = value_of_replicates(fitted, tiled, fit.fitted)
    return gains


def _fall(value: float, replicates: NDArray[np.float64], before: Evsi | None) -> str:
    """A larger trial cannot be worth less; where it is estimated to be, say so."""
    if before is None or before.value <= value:
        return ""
    gap = before.value - value
    size = "within" if gap <= (before.replicates - replicates).std() else "beyond"
    return f"estimated at {gap:g} less than {before.n_per_arm} per arm, {size} one standard error"


def _size_problems(sizes: Sequence[int]) -> list[Problem]:
    if not len(sizes):
        return [Problem("sizes", "none", "at least one number of patients per arm")]
    wrong = [size for size in sizes if size != int(size) or size < 1]
    return [Problem("sizes", f"{size:g}", "a whole number of patients per arm, from 1") for size in wrong]
