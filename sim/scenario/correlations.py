"""Whether correlations between a patient's attributes can all hold at once."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from sim.scenario.people import CORRELATED, Correlation
from sim.scenario.quantity import shown

Contradiction = tuple[tuple[str, ...], str, str]


def impossible_correlations(correlations: tuple[Correlation, ...]) -> Iterator[Contradiction]:
    """Yield pairs given twice and, where there are none, a matrix that no distribution has."""
    path = ("patients", "correlations")
    pairs = [frozenset(correlation.between) for correlation in correlations]
    repeated = [place for place, pair in enumerate(pairs) if pair in pairs[:place]]
    for place in repeated:
        allowed = f"is the pair of correlations.{pairs.index(pairs[place]) + 1}"
        yield (*path, str(place + 1), "between"), shown(correlations[place].between), allowed
    if not repeated and not is_positive_definite(_matrix(correlations)):
        found = ", ".join(f"{correlation.value.value:g}" for correlation in correlations)
        yield path, found, "cannot all hold at once: their matrix must be positive definite"


def _matrix(correlations: tuple[Correlation, ...]) -> list[list[float]]:
    value = {frozenset(correlation.between): correlation.value.value for correlation in correlations}
    return [
        [1.0 if row == column else value.get(frozenset((row, column)), 0.0) for column in CORRELATED]
        for row in CORRELATED
    ]


def is_positive_definite(matrix: list[list[float]]) -> bool:
    """Whether a symmetric matrix has a Cholesky factor (Golub and Van Loan, Matrix Computations, 4th ed., 4.2).

    Args:
        matrix: Rows.
    """
    factor: list[list[float]] = []
    for i, row in enumerate(matrix):
        done: list[float] = []
        for j in range(i):
            known = sum(a * b for a, b in zip(done, factor[j], strict=False))
            done.append((row[j] - known) / factor[j][j])
        pivot = row[i] - sum(entry**2 for entry in done)
        if pivot <= 1e-12:  # rounding must not let a singular matrix pass
            return False
        factor.append([*done, sqrt(pivot)])
    return True
