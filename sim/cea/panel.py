"""The one thing the decision analysis reads: a cost and a QALY for each strategy in each iteration.

`PsaTable` is a value that cannot exist broken, so nothing that takes one checks it again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import Problem, TableError, UsageError

_SHOWN = 10
"""Faults of one kind listed one by one; the rest are counted."""


@dataclass(frozen=True, eq=False)
class PsaTable:
    """Costs and QALYs of every strategy in every iteration; the constructor checks its contract.

    Attributes:
        strategies: Names, all different, at least one.
        iterations: Labels of the iterations, all different, at least one, shape (n_iterations,).
        cost: Finite, shape (n_iterations, n_strategies); kept as a read-only copy.
        qaly: Finite, shape (n_iterations, n_strategies); kept as a read-only copy.

    Raises:
        TableError: The contract is broken; names every breach.
    """

    strategies: tuple[str, ...]
    iterations: NDArray[np.int64] | NDArray[np.str_]
    cost: NDArray[np.float64]
    qaly: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "strategies", tuple(self.strategies))
        for name, dtype in (("iterations", None), ("cost", np.float64), ("qaly", np.float64)):
            copy = np.array(getattr(self, name), dtype=dtype, order="C")
            copy.setflags(write=False)
            object.__setattr__(self, name, copy)
        problems = self._breaches()
        if problems:
            msg = "the table of costs and QALYs breaks its contract"
            raise TableError(msg, problems)

    @property
    def n_iterations(self) -> int:
        """Number of iterations; 1 for a table of means."""
        return len(self.iterations)

    @property
    def mean_cost(self) -> NDArray[np.float64]:
        """Mean cost over iterations, shape (n_strategies,)."""
        return np.asarray(self.cost.mean(axis=0))

    @property
    def mean_qaly(self) -> NDArray[np.float64]:
        """Mean QALYs over iterations, shape (n_strategies,)."""
        return np.asarray(self.qaly.mean(axis=0))

    def position(self, strategy: str) -> int:
        """Column of a strategy.

        Args:
            strategy: One of the names in `strategies`.

        Returns:
            Its position on the last axis of `cost` and `qaly`.

        Raises:
            UsageError: There is no such strategy.
        """
        if strategy not in self.strategies:
            allowed = f"one of {', '.join(self.strategies)}"
            msg = "unknown strategy"
            raise UsageError(msg, [Problem("strategy", strategy, allowed)])
        return self.strategies.index(strategy)

    def _breaches(self) -> list[Problem]:
        problems = []
        for place, labels in (("strategies", list(self.strategies)), ("iterations", list(self.iterations))):
            repeated = [str(label) for label, times in Counter(labels).items() if times > 1]
            if not labels:
                problems.append(Problem(place, "none", "at least one"))
            if repeated:
                problems.append(Problem(place, f"{', '.join(repeated[:_SHOWN])} more than once", "once each"))
        shape = (len(self.iterations), len(self.strategies))
        for place, values in (("cost", self.cost), ("qaly", self.qaly)):
            if values.shape != shape:
                allowed = f"shape {shape}, one row an iteration and one column a strategy"
                problems.append(Problem(place, f"shape {values.shape}", allowed))
                continue
            wrong = np.argwhere(~np.isfinite(values))
            for row, column in wrong[:_SHOWN]:
                where = f"{place} of {self.strategies[column]}, iteration {self.iterations[row]}"
                problems.append(Problem(where, f"{values[row, column]:g}", "a finite number"))
            if len(wrong) > _SHOWN:
                problems.append(Problem(place, f"{len(wrong) - _SHOWN} more", "a finite number"))
        return problems
