"""Polynomials of parameters: functions of one, and products of functions of several.

The functions of one parameter are orthonormal over its own draws (Oladyshkin & Nowak 2012, Reliab Eng
Syst Saf 106:179), so any distribution will do, discrete ones included. Products of functions of different
parameters carry the interactions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np

# Its statistics are loaded when first asked for: workers that play draws regress nothing yet.
import scipy
from numpy.typing import NDArray
from scipy.special import ndtri

Term = tuple[tuple[int, int], ...]
"""A product: (position of the parameter, degree) for each parameter in it, degrees from 1."""

_MOST_SKEW, _MOST_KURTOSIS = 1.0, 3.0
"""Beyond either, normal scores replace the values: few far draws would steer a polynomial (assumption)."""


def polynomials(values: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Orthonormal polynomials of one parameter, by rising degree.

    Args:
        values: Draws, not all equal, shape (n_draws,).
        degree: Highest degree, from 1; fewer where the parameter has fewer than degree + 1 values.

    Returns:
        Shape (n_draws, degrees); each column has mean 0 and variance 1 and is uncorrelated with the others.
    """
    scores = values
    if abs(float(scipy.stats.skew(values))) > _MOST_SKEW or float(scipy.stats.kurtosis(values)) > _MOST_KURTOSIS:
        scores = ndtri((scipy.stats.rankdata(values) - 0.5) / len(values))
    scores = (scores - scores.mean()) / scores.std()
    degree = min(degree, len(np.unique(scores)) - 1)
    orthonormal, triangle = np.linalg.qr(np.vander(scores, degree + 1, increasing=True))
    signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)  # the first function rises with the parameter
    return np.asarray((orthonormal * signs)[:, 1:] * np.sqrt(len(values)))


def main_terms(degrees: Sequence[int]) -> list[Term]:
    """Every parameter alone, in every degree it has.

    Args:
        degrees: Number of functions of each parameter.

    Returns:
        The terms.
    """
    return [((position, degree),) for position, most in enumerate(degrees) for degree in range(1, most + 1)]


def product_terms(degrees: Sequence[int], members: Sequence[int], total: int) -> list[Term]:
    """Products of functions of two or more parameters.

    Args:
        degrees: Number of functions of each parameter.
        members: Positions of the parameters that may take part.
        total: Highest sum of degrees in a product.

    Returns:
        The terms.
    """

    def products(start: int, left: int, term: Term) -> Iterator[Term]:
        for place in range(start, len(members)):
            for degree in range(1, min(left, degrees[members[place]]) + 1):
                longer = (*term, (members[place], degree))
                if len(longer) > 1:
                    yield longer
                yield from products(place + 1, left - degree, longer)

    return list(products(0, total, ()))


def total_degree(n_members: int, n_terms: int, most: int) -> int:
    """Highest total degree whose polynomials are few enough; 1 where even two is too many.

    Args:
        n_members: Number of parameters.
        n_terms: Most terms wanted, the constant among them.
        most: Highest degree wanted.

    Returns:
        From 1 to `most`.
    """
    fitting = (degree for degree in range(most, 1, -1) if comb(n_members + degree, degree) <= n_terms)
    return next(fitting, 1)


def features(functions: Sequence[NDArray[np.float64]], terms: Sequence[Term], draws: slice) -> NDArray[np.float64]:
    """Terms as columns for a ridge regression, scaled by how large a coefficient is expected beforehand.

    A function of degree j is scaled by 1 / j ** 2, so that smooth functions are preferred to wiggly ones as
    strongly as by a penalty on the second derivative.

    Args:
        functions: Orthonormal functions of each parameter, each of shape (n_draws, degrees).
        terms: Which products.
        draws: Of which draws.

    Returns:
        Shape (n_asked, n_terms).
    """
    scaled = [each[draws] / np.arange(1, each.shape[1] + 1) ** 2 for each in functions]
    columns = np.empty((len(scaled[0]), len(terms)))
    for column, ((position, degree), *others) in zip(columns.T, terms, strict=True):
        column[:] = scaled[position][:, degree - 1]
        for position, degree in others:
            column *= scaled[position][:, degree - 1]
    return columns
