"""How much of what a probabilistic analysis shows is luck: that of the patients, and that of the parameter draws.

Every draw plays the same patients, so draws and patients are crossed: the value of draw i in patients g is

    y_ig = mean + a_i + b_g + ab_ig

with a the parameters' effect (what the analysis is after), b the luck of the patients shared by all draws, and ab
the part of their luck that differs from draw to draw. O'Hagan, Stevenson and Madan (2007, Health Economics 16:1009)
treat the nested layout, in which each draw has patients of its own; it is the case b = 0, and the estimators below
cover both. The variance of the grand mean over N draws and n patients is

    var(a) / N  +  var(b) / n  +  var(ab) / (n N)

and the draws' means scatter by var(a) + var(ab) / n. More draws never remove var(b) / n; more patients never
remove var(a) / N. The patients enter as a few groups, whose means are kept for every draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Variances of one quantity by their origin (two-way random effects, crossed).

    Attributes:
        parameters: Variance between parameter draws, patients' luck taken out; var(a).
        shared_luck: Variance between patients that all draws have in common; var(b), of one patient.
        own_luck: Variance between patients that differs from draw to draw; var(ab), of one patient in one draw.
        n_draws: Draws played.
        n_patients: Patients played in each.
    """

    parameters: float
    shared_luck: float
    own_luck: float
    n_draws: int
    n_patients: int

    @property
    def standard_error_parameters(self) -> float:
        """Standard error of the mean from the finite number of draws."""
        return math.sqrt(self.parameters / self.n_draws)

    @property
    def standard_error_patients(self) -> float:
        """Standard error of the mean from the finite number of patients."""
        return math.sqrt(self.shared_luck / self.n_patients + self.own_luck / (self.n_patients * self.n_draws))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, both together."""
        return self.standard_error_at(self.n_draws, self.n_patients)

    @property
    def noise_share(self) -> float:
        """Share of the variance of the draws' means that is patients' luck, not parameters; 0 if nothing scatters."""
        noise = self.own_luck / self.n_patients
        return noise / (noise + self.parameters) if noise > 0 else 0.0

    def standard_error_at(self, n_draws: int, n_patients: int) -> float:
        """What the standard error of the mean would be with other numbers."""
        patients = self.shared_luck / n_patients + self.own_luck / (n_draws * n_patients)
        return math.sqrt(self.parameters / n_draws + patients)

    def best_split(self, histories: int) -> tuple[int, int]:
        """Draws and patients that make the standard error smallest for a given product of the two.

        With a budget of `histories`, draws : patients = var(a) : var(b).

        Args:
            histories: Draws times patients.

        Returns:
            Draws and patients, each at least 2.
        """
        if self.shared_luck == 0 and self.parameters == 0:
            return self.n_draws, self.n_patients
        ratio = self.parameters / self.shared_luck if self.shared_luck > 0 else math.inf
        most = max(histories // 2, 2)
        draws = min(max(round(math.sqrt(histories * ratio)), 2), most) if math.isfinite(ratio) else most
        return draws, max(histories // draws, 2)

    def needed(self, target: float) -> tuple[int, int]:
        """Fewest histories that bring the standard error of the mean to a target.

        With x = 1/draws and y = 1/patients the error is A x + B y, and x y is largest where both terms are equal.

        Args:
            target: Wanted standard error, above 0.

        Returns:
            Draws and patients, neither below what was played.
        """
        draws = max(self.n_draws, math.ceil(2 * self.parameters / target**2))
        rest = target**2 - self.parameters / draws
        patients = max(self.n_patients, math.ceil((self.shared_luck + self.own_luck / draws) / rest))
        return draws, patients


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares and products of the crossed layout, of several quantities at once.

    Their expectations, with n patients and N draws: own var(ab); draws n var(a) + var(ab); patients
    N var(b) + var(ab). Groups may be of unequal size.

    Attributes:
        draws: Between draws, shape (n_quantities, n_quantities).
        patients: Between groups of patients.
        own: Of the residual.
        n_draws: Draws played.
        n_patients: Patients played in each.
    """

    draws: Floats
    patients: Floats
    own: Floats
    n_draws: int
    n_patients: int

    @classmethod
    def of(cls, groups: Floats, sizes: Floats) -> MeanSquares:
        """The mean squares of group means.

        Args:
            groups: Mean of each group of patients in each draw, shape (n_draws, n_groups, n_quantities), at least
                2 draws and 2 groups.
            sizes: Patients in each group, shape (n_groups,).
        """
        n_draws, n_groups, _ = groups.shape
        n = float(sizes.sum())
        by_draw, by_group = np.einsum("igd,g->id", groups, sizes / n), groups.mean(axis=0)
        mean = by_draw.mean(axis=0)
        residual = groups - by_draw[:, None] - by_group + mean
        return cls(
            draws=n * np.cov(by_draw.T).reshape(mean.size, mean.size),
            patients=n_draws * ((by_group - mean) * sizes[:, None]).T @ (by_group - mean) / (n_groups - 1),
            own=np.tensordot(residual * sizes[:, None], residual, axes=([0, 1], [0, 1]))
            / ((n_draws - 1) * (n_groups - 1)),
            n_draws=n_draws,
            n_patients=round(n),
        )

    def along(self, contrast: Floats) -> Spread:
        """Variance components of a weighted sum of the quantities; estimates below 0 are set to 0.

        Args:
            contrast: Weights, shape (n_quantities,).
        """
        draws, patients, own = (float(contrast @ each @ contrast) for each in (self.draws, self.patients, self.own))
        return Spread(
            parameters=max(draws - own, 0.0) / self.n_patients,
            shared_luck=max(patients - own, 0.0) / self.n_draws,
            own_luck=own,
            n_draws=self.n_draws,
            n_patients=self.n_patients,
        )

    @property
    def noise(self) -> Floats:
        """Covariance of the part of the draws' means that is patients' own luck: var(ab) / n."""
        return self.own / self.n_patients

    @property
    def mean_covariance(self) -> Floats:
        """Covariance of the grand means, parameters and patients together."""
        return _nonnegative(self.draws + self.patients - self.own) / (self.n_draws * self.n_patients)


def without_noise(values: Floats, noise: Floats) -> Floats:
    """Draws with the scatter that noise added taken out again.

    The draws are moved by the linear map that gives them the covariance they would have without noise and displaces
    them least (the optimal transport between centred normals: Olkin and Pukelsheim 1982, Linear Algebra Appl
    48:257). Means stay; shapes other than normal are shrunk, not remade.

    Args:
        values: Shape (n_draws, n_quantities), at least 2 draws.
        noise: Covariance of the noise in `values`, shape (n_quantities, n_quantities).

    Returns:
        Shape of `values`.
    """
    mean = values.mean(axis=0)
    scale = values.std(axis=0, ddof=1)
    moving = scale > 0
    if not moving.any():
        return values
    unit = (values[:, moving] - mean[moving]) / scale[moving]
    total = unit.T @ unit / (len(unit) - 1)
    wanted = _nonnegative(total - noise[np.ix_(moving, moving)] / np.outer(scale[moving], scale[moving]))
    root, inverse_root = _roots(total)
    onto = inverse_root @ _roots(root @ wanted @ root)[0] @ inverse_root
    corrected = values.copy()
    corrected[:, moving] = mean[moving] + unit @ onto * scale[moving]
    return corrected


def _nonnegative(matrix: Floats) -> Floats:
    """The matrix without its negative eigenvalues, found in units in which every variance is 1.

    Costs and QALYs differ by many orders of magnitude, and eigenvalues know no units.
    """
    scale = np.sqrt(np.abs(np.diag(matrix)))
    units = np.outer(scale, scale)
    unit = np.divide(matrix, units, out=np.zeros_like(matrix), where=units > 0)
    size, vectors = np.linalg.eigh((unit + unit.T) / 2)
    nearest: Floats = vectors * np.maximum(size, 0.0) @ vectors.T * units
    return nearest


def _roots(matrix: Floats) -> tuple[Floats, Floats]:
    """Symmetric square root and its pseudo-inverse."""
    size, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root = np.sqrt(np.maximum(size, 0.0))
    real = root > 1e-7 * max(float(root.max()), np.finfo(float).tiny)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=real)
    return np.asarray(vectors * np.where(real, root, 0.0) @ vectors.T), np.asarray(vectors * inverse @ vectors.T)
