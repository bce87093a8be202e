"""Luck of the patients whom all draws play: it moves the mean net benefits of every draw alike.

However many draws there are, it stays, and near a tie it is most of the error of a value of information. Its
variance is that between groups of patients, whose means are weighted at random (Bayesian bootstrap: Rubin 1981, Ann
Stat 9:130); the choices are made anew for each weighting, for it moves the mean of the strategies and no single draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_CELLS = 4_000_000
"""Numbers in memory at a time."""


@dataclass(frozen=True, eq=False)
class PatientGroups:
    """Means of groups of patients, over all draws.

    Attributes:
        patients: In each group, shape (n_groups,).
        cost: Mean cost per patient, shape (n_groups, n_strategies).
        qaly: Mean QALYs per patient, same shape.
    """

    patients: Floats
    cost: Floats
    qaly: Floats

    def luck(self, wtp: float) -> Floats:
        """What each group adds to the mean net benefits because it is not like the others.

        Returns:
            Shape (n_groups, n_strategies); sums to 0 over groups.
        """
        benefit, share = wtp * self.qaly - self.cost, self.patients / self.patients.sum()
        return np.asarray((benefit - share @ benefit) * share[:, np.newaxis])


def shifts(luck: Floats | None, n_replicates: int, seed: int, n_strategies: int) -> Floats:
    """Mean net benefits had other patients been played, less those that were found.

    Args:
        luck: From `PatientGroups.luck`; None where nothing is known of the patients.
        n_replicates: Number of replicates.
        seed: Of the weights of the groups.
        n_strategies: Strategies.

    Returns:
        Shape (n_replicates, n_strategies); all 0 where nothing is known.
    """
    if luck is None or len(luck) < 2:
        return np.zeros((n_replicates, n_strategies))
    n_groups = len(luck)
    weights = np.random.default_rng([seed, 4]).exponential(size=(n_replicates, n_groups))
    weights /= weights.mean(axis=1, keepdims=True)
    # Dirichlet weights times n: sums scatter by n / (n + 1) of the sum of squares, a mean by n / (n - 1) of it.
    return np.asarray((weights - 1) @ luck * np.sqrt((n_groups + 1) / (n_groups - 1)))


def moved_by(expected: Floats, moves: Floats) -> Floats:
    """How much a value of information changes with the mean net benefits.

    Args:
        expected: Expected net benefit of each strategy in each draw, shape (n_draws, n_strategies).
        moves: From `shifts`, shape (n_replicates, n_strategies).

    Returns:
        Shape (n_replicates,).
    """
    if not moves.any():
        return np.zeros(len(moves))
    mean, here = expected.mean(axis=0), expected.max(axis=1).mean() - expected.mean(axis=0).max()
    step = max(1, _MOST_CELLS // len(expected))
    best = np.concatenate([_best(expected, moves[start : start + step]) for start in range(0, len(moves), step)])
    return np.asarray(best - (mean + moves).max(axis=1) - here)


def _best(expected: Floats, moves: Floats) -> Floats:
    """Mean over draws of the best net benefit after each move; a strategy at a time, for speed."""
    top = moves[:, :1] + expected[:, 0]
    for move, column in zip(moves.T[1:], expected.T[1:], strict=True):
        np.maximum(top, move[:, np.newaxis] + column, out=top)
    return np.asarray(top.mean(axis=1))
