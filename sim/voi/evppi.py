"""Expected value of partial perfect information (EVPPI), from the draws of a probabilistic analysis.

    EVPPI(phi) = E_phi[ max_d E(NB_d | phi) ] - max_d E(NB_d)

The inner expectation is a regression of net benefit on phi over the draws, so no further runs of the model
are needed (Strong, Oakley & Brennan 2014, Med Decis Making 34:311). What it can and cannot see is measured
in docs/voi.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.voi.checks import checked, checked_luck
from sim.voi.luck import moved_by, shifts
from sim.voi.regression import Predictors
from sim.voi.ridge import MOST_CELLS, one_thread, parts_of

REPLICATES = 100
"""Replicates behind a standard error, which is therefore itself uncertain by 7 %."""
_Z_95 = 1.959963984540054
_LEAST_REPLICATES = 40
_ROUNDING = 1e-9
"""Differences this small, relative to the EVPI, are rounding."""
_NOTHING = 1e-6
"""An amount of money this small is rounding where the EVPI is 0."""


@dataclass(frozen=True)
class Evppi:
    """What perfect knowledge of some parameters is worth, for one decision.

    Attributes:
        name: Of the set.
        members: Its parameters.
        value: EVPPI in units of net benefit, from 0 to the EVPI.
        standard_error: Standard deviation of replicates of the value: for finitely many draws, for the
            coefficients of the regression and, where groups of patients are given, for the patients whom all
            draws play. 0 if the set is constant.
        low: Lower 95 % limit by that error, see `limits`.
        high: Upper one.
        evpi: Expected value of perfect information on everything, same draws.
        share_of_evpi: Value over EVPI; 0 where the EVPI is 0.
        explained: Share of the variance between strategies that the set predicts in draws left out;
            negative where it predicts nothing.
        less_than_member: The parameter or smaller set estimated to be worth more than this set, which
            cannot be: the true value is at least the larger of the two. None if there is none.
        note: Whatever a reader should know; empty if nothing.
    """

    name: str
    members: tuple[str, ...]
    value: float
    standard_error: float
    low: float
    high: float
    evpi: float
    share_of_evpi: float
    explained: float
    less_than_member: str | None
    note: str


@dataclass(frozen=True)
class _Estimate:
    value: float
    standard_error: float
    explained: float
    note: str


@dataclass(frozen=True, eq=False)
class SetEstimates:
    """The regressions behind several EVPPI, one call a set, so that they can be shared out.

    Attributes:
        benefits: Net benefits, shape (n_benefits, n_draws, n_strategies).
        names: Of all parameters in any set.
        values: Theirs, shape (n_draws, n_parameters).
        sets: Positions of the parameters of each set, rising.
        moves: What other patients would add to the mean net benefits, shape (n_benefits, n_replicates, n_strategies).
        seed: Of the replicates.
    """

    benefits: NDArray[np.float64]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    sets: tuple[tuple[int, ...], ...]
    moves: NDArray[np.float64]
    seed: int

    def __call__(self, number: int) -> dict[str, NDArray[Any]]:
        """Estimates of one set: "value", "standard_error", "explained" and "note", each of shape (n_benefits,)."""
        columns = {self.names[place]: self.values[:, place] for place in self.sets[number]}
        with one_thread():
            predictors = predictors_of(columns)
            weights = draw_weights(self.benefits.shape[1], self.seed)
            found = [
                _estimate(benefit, columns, predictors, weights, moves, self.seed)
                for benefit, moves in zip(self.benefits, self.moves, strict=True)
            ]
        names = ("value", "standard_error", "explained", "note")
        return {name: np.array([getattr(each, name) for each in found]) for name in names}


Sharing = Callable[[SetEstimates], Iterable[Mapping[str, NDArray[Any]]]]
"""Calls estimates with every number of a set, in order; whoever does the work."""


def one_by_one(estimates: SetEstimates) -> Iterable[Mapping[str, NDArray[Any]]]:
    """This process estimates every set."""
    return map(estimates, range(len(estimates.sets)))


def evpi(net_benefit: NDArray[np.float64]) -> float:
    """Expected value of perfect information of one decision.

    Args:
        net_benefit: Shape (n_draws, n_strategies).

    Returns:
        Mean of the best net benefit of each draw less that of the strategy best on average, at least 0.
    """
    best = int(net_benefit.mean(axis=0).argmax())
    return float((net_benefit.max(axis=1) - net_benefit[:, best]).mean())


def evppi(
    net_benefit: ArrayLike,
    parameters: pd.DataFrame,
    sets: Mapping[str, Sequence[str]] | None = None,
    *,
    luck: ArrayLike | None = None,
    seed: int = 1,
) -> tuple[Evppi, ...]:
    """Expected value of perfect information on each set of parameters.

    Args:
        net_benefit: Of each strategy in each draw, shape (n_draws, n_strategies).
        parameters: What was drawn: one row a draw, one column a parameter.
        sets: Name to the columns of a set; None for every column by itself.
        luck: What each group of patients adds to the mean net benefits by its luck, shape (n_groups, n_strategies),
            see `PatientGroups`; None where draws have no error of patients or nothing is known of it.
        seed: Of the replicates behind the standard errors; the values do not depend on it.

    Returns:
        One result for each set, in the order given. No value depends on which other sets were asked for.

    Raises:
        UsageError: What was given cannot be used; names all that is wrong.
    """
    return evppi_each([net_benefit], parameters, sets, lucks=[luck], seed=seed)[0]


def evppi_each(
    net_benefits: Sequence[ArrayLike],
    parameters: pd.DataFrame,
    sets: Mapping[str, Sequence[str]] | None = None,
    *,
    lucks: Sequence[ArrayLike | None] | None = None,
    totals: Sequence[float] | None = None,
    seed: int = 1,
    sharing: Sharing = one_by_one,
) -> list[tuple[Evppi, ...]]:
    """The same for several net benefits of the same draws, such as those at several thresholds.

    Args:
        net_benefits: Each as for `evppi`; parameters are prepared once for all of them.
        parameters: As for `evppi`.
        sets: As for `evppi`.
        lucks: As for `evppi`, one for each net benefit; None for none.
        totals: EVPI of each net benefit, where it is better known than from these draws.
        seed: As for `evppi`.
        sharing: Who estimates the sets; of no consequence for the numbers.

    Returns:
        What `evppi` gives for each.

    Raises:
        UsageError: As `evppi`.
    """
    if sets is None:
        sets = {str(column): (str(column),) for column in parameters.columns}
    both = [checked(net_benefit, parameters, sets) for net_benefit in net_benefits]
    benefits, values = [benefit for benefit, _ in both], both[0][1]
    labels: dict[frozenset[str], str] = {frozenset(members): name for name, members in reversed(list(sets.items()))}
    # Members are estimated too, so that a set worth less than one of them never goes unnoticed.
    alone = [frozenset({member}) for members in sets.values() for member in members]
    # The largest first: a set of thirty takes as long as a hundred of one, and would keep all waiting at the end.
    keys = sorted(dict.fromkeys([*(frozenset(members) for members in sets.values()), *alone]), key=len, reverse=True)
    for key in keys:
        labels.setdefault(key, ", ".join(sorted(key)))
    names = tuple(values)
    places = tuple(tuple(place for place, name in enumerate(names) if name in key) for key in keys)
    n_draws, n_strategies = benefits[0].shape
    n_replicates = replicates_of(n_draws)
    moves = [
        shifts(checked_luck(luck, n_strategies), n_replicates, seed, n_strategies)
        for luck in lucks or [None] * len(benefits)
    ]
    work = SetEstimates(
        np.stack(benefits), names, np.column_stack(list(values.values())), places, np.stack(moves), seed
    )
    estimates: list[dict[frozenset[str], _Estimate]] = [{} for _ in benefits]
    for key, arrays in zip(keys, sharing(work), strict=True):
        columns = [arrays[name].tolist() for name in ("value", "standard_error", "explained", "note")]
        for found, row in zip(estimates, zip(*columns, strict=True), strict=True):
            found[key] = _Estimate(*row)
    known = [evpi(benefit) for benefit in benefits] if totals is None else totals
    return [
        tuple(_result(name, members, found, labels, total) for name, members in sets.items())
        for total, found in zip(known, estimates, strict=True)
    ]


def replicates_of(n_draws: int) -> int:
    """Replicates behind a standard error: fewer where draws are very many."""
    return max(_LEAST_REPLICATES, min(REPLICATES, MOST_CELLS // n_draws))


@lru_cache(maxsize=1)
def draw_weights(n_draws: int, seed: int) -> NDArray[np.float64]:
    """Random weights of the draws: the Bayesian bootstrap (Rubin 1981, Ann Stat 9:130).

    Args:
        n_draws: Number of draws.
        seed: Of the weights.

    Returns:
        Mean 1 in each replicate, shape (n_draws, n_replicates), see `replicates_of`.
    """
    weights = np.random.default_rng([seed, 0]).exponential(size=(n_draws, replicates_of(n_draws)))
    weights /= weights.mean(axis=0)
    weights.flags.writeable = False  # every set and threshold has the same
    return weights


def value_of_fit(expected: NDArray[np.float64]) -> float:
    """Gain from choosing by the expected net benefit in each draw rather than on average.

    Args:
        expected: Shape (n_draws, n_strategies).

    Returns:
        At least 0.
    """
    return max(0.0, float(expected.max(axis=1).mean() - expected.mean(axis=0).max()))


def value_of_replicates(
    expected: NDArray[np.float64], weights: NDArray[np.float64], fitted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same gain in each replicate, from the choices that the estimate makes.

    To first order choices do not count, for the best is chosen (envelope theorem). Were they made anew in each
    replicate, every term that the data leave open would add to the gain, and the more so the more terms there are.
    They are made anew only where the estimate would never choose otherwise than on average.

    Args:
        expected: Shape (n_strategies, n_draws, n_replicates).
        weights: Shape (n_draws, n_replicates).
        fitted: The estimate, shape (n_draws, n_strategies).

    Returns:
        Shape (n_replicates,).
    """
    chosen, best = fitted.argmax(axis=1), int(fitted.mean(axis=0).argmax())
    if (chosen == best).all():
        means = np.einsum("nr,snr->sr", weights, expected) / len(weights)
        gain = (weights * expected.max(axis=0)).mean(axis=0) - means.max(axis=0)
        return np.asarray(gain)
    gained = np.take_along_axis(expected, chosen[np.newaxis, :, np.newaxis], axis=0)[0] - expected[best]
    return np.asarray((weights * gained).mean(axis=0))


def limits(value: float, standard_error: float) -> tuple[float, float]:
    """95 % limits, symmetric in the square root of a value that cannot be negative and whose error grows with it."""
    if value <= 0:
        return 0.0, _Z_95 * standard_error
    root, half = value**0.5, _Z_95 * standard_error / (2 * value**0.5)
    return max(root - half, 0.0) ** 2, (root + half) ** 2


def predictors_of(columns: Mapping[str, NDArray[np.float64]]) -> Predictors | None:
    """Those of the parameters that vary, to regress on; None if none does."""
    varying = [column for column in columns.values() if not is_constant(column)]
    return Predictors(np.column_stack(varying)) if varying else None


def is_constant(values: NDArray[np.float64]) -> bool:
    """Whether a parameter does not vary, rounding aside."""
    return float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max())


def _estimate(
    benefit: NDArray[np.float64],
    columns: Mapping[str, NDArray[np.float64]],
    predictors: Predictors | None,
    weights: NDArray[np.float64],
    moves: NDArray[np.float64],
    seed: int,
) -> _Estimate:
    if predictors is None:
        return _Estimate(0.0, 0.0, 0.0, "constant: nothing to learn")
    regression = predictors.regress(benefit)
    value = value_of_fit(regression.fitted)
    noise = regression.noise(weights.shape[1], np.random.default_rng([seed, 1]))
    gains = [
        value_of_replicates(
            regression.replicates(benefit, weights[:, some], [each[:, some] for each in noise]),
            weights[:, some],
            regression.fitted,
        )
        for some in parts_of(weights.shape[1], benefit.size)
    ]
    fixed = [name for name, column in columns.items() if is_constant(column)]
    note = f"constant, so left out: {', '.join(fixed)}" if fixed else ""
    replicates = np.concatenate(gains) + moved_by(regression.fitted, moves)
    return _Estimate(value, float(replicates.std()), regression.explained, note)


def _result(
    name: str,
    members: Sequence[str],
    estimates: Mapping[frozenset[str], _Estimate],
    labels: Mapping[frozenset[str], str],
    total: float,
) -> Evppi:
    own = frozenset(members)
    found = estimates[own]
    notes = [found.note] if found.note else []
    value = found.value if found.value > _ROUNDING * total else 0.0
    if value > total:
        value = total
        if found.value > total * (1 + _ROUNDING) + _NOTHING:
            notes.append(f"estimated at {found.value:g}, more than the EVPI, to which it is set")
    within = [key for key in estimates if key < own and min(estimates[key].value, total) > value + _ROUNDING * total]
    worse = max(within, key=lambda key: (estimates[key].value, sorted(key)), default=None)
    if worse is not None:
        gap = min(estimates[worse].value, total) - value
        size = "within" if gap <= found.standard_error else "beyond"
        notes.append(f"estimated at {gap:g} less than {labels[worse]} alone, {size} one standard error")
    low, high = limits(value, found.standard_error)
    return Evppi(
        name=name,
        members=tuple(members),
        value=value,
        standard_error=found.standard_error,
        low=low,
        high=high,
        evpi=total,
        share_of_evpi=value / total if total > 0 else 0.0,
        explained=found.explained,
        less_than_member=None if worse is None else labels[worse],
        note="; ".join(notes),
    )
