"""Sampling the posterior with emcee: steps that leave a normal law as it is, and a stated rule of when to stop.

The law is the normal approximation at the mode, its covariance widened. A step from u to m + sqrt(1 - b^2) (u -
m) + b L x, x standard normal, keeps it (preconditioned Crank-Nicolson: Cotter, Roberts, Stuart and White, Stat
Sci 2013;28:424; about a fitted law: Rudolf and Sprungk, Found Comput Math 2018;18:309), so only the ratio of
the posterior to that law decides whether it is taken, and steps can be long. Two sizes b take turns at random.
Each walker is a chain of its own, started at a draw of the prior.

After each round of 500 steps the first half of everything is discarded as burn-in; sampling ends when every
R-hat (rank-normalised, split) is below 1.01 and every bulk and tail effective sample size above 1,000 (Vehtari,
Gelman, Simpson, Carpenter and Burkner, Bayesian Anal 2021;16:667 ask for 1.01 and 400), or after the last
round, which is then said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import emcee
import numpy as np
from arviz_stats.base.array import array_stats
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
LogDensity = Callable[[Floats], Floats]
Progress = Callable[[int, int], None]

WALKERS = 32
SIZES = (0.9, 0.4)
WIDENED = 1.15
"""Factor on the standard deviations of the normal approximation."""
DIFFERENCE = 1e-3
"""Step of finite differences, in standard normal scores."""
STEPS_PER_ROUND = 500
MOST_ROUNDS = 16
LARGEST_R_HAT = 1.01
FEWEST_EFFECTIVE = 1000.0


@dataclass(frozen=True, eq=False)
class Sample:
    """Draws after burn-in.

    Attributes:
        chains: Shape (n_chains, n_steps, n_parameters): every walker is a chain.
        r_hat: Rank-normalised split R-hat of each parameter.
        ess_bulk: Effective sample size of each, for its middle.
        ess_tail: The same for its 5 and 95 % quantiles.
        acceptance: Share of proposals accepted.
        steps: Steps of each walker, burn-in included.
        burn_in: Steps discarded.
    """

    chains: Floats
    r_hat: Floats
    ess_bulk: Floats
    ess_tail: Floats
    acceptance: float
    steps: int
    burn_in: int

    @property
    def has_converged(self) -> bool:
        """Whether the stopping rule was met."""
        effective = min(self.ess_bulk.min(), self.ess_tail.min())
        return bool(self.r_hat.max() < LARGEST_R_HAT and effective > FEWEST_EFFECTIVE)

    def draws(self, n: int) -> Floats:
        """`n` draws evenly over steps and walkers, shape (n, n_parameters)."""
        flat = self.chains.transpose(1, 0, 2).reshape(-1, self.chains.shape[2])
        return np.asarray(flat[np.linspace(0, len(flat) - 1, n).round().astype(np.int64)], dtype=np.float64)


def sample(log_density: LogDensity, dimension: int, seed: int, progress: Progress | None = None) -> Sample:
    """Sample a log density whose prior is standard normal.

    Args:
        log_density: Of many vectors at once, shape (n, dimension) to (n,).
        dimension: Number of parameters.
        seed: Of starts and proposals.
        progress: Called with rounds done and rounds at most.
    """
    words = np.random.SeedSequence(seed).generate_state(2)
    start = np.random.default_rng(words[0]).standard_normal((WALKERS, dimension))
    law = _normal_law(log_density, dimension)
    moves = [(emcee.moves.MHMove(law.step(size)), 1 / len(SIZES)) for size in SIZES]
    sampler = emcee.EnsembleSampler(WALKERS, dimension, log_density, moves=moves, vectorize=True)
    state = emcee.State(start, random_state=np.random.RandomState(words[1]).get_state())
    for done in range(1, MOST_ROUNDS + 1):
        state = sampler.run_mcmc(state, STEPS_PER_ROUND)
        found = _diagnosed(sampler)
        if progress:
            progress(done, MOST_ROUNDS)
        if found.has_converged:
            break
    return found


@dataclass(frozen=True, eq=False)
class NormalLaw:
    """A normal distribution.

    Attributes:
        mean: Shape (n_parameters,).
        factor: Lower Cholesky factor of its covariance.
    """

    mean: Floats
    factor: Floats

    def step(self, size: float) -> Callable[[Floats, np.random.RandomState], tuple[Floats, Floats]]:
        """Proposals that keep this law, and the log ratio of proposing back to proposing."""

        def propose(u: Floats, rng: np.random.RandomState) -> tuple[Floats, Floats]:
            noise = rng.standard_normal(u.shape) @ self.factor.T
            new = self.mean + np.sqrt(1 - size**2) * (u - self.mean) + size * noise
            return new, self._distance(new) - self._distance(u)

        return propose

    def _distance(self, u: Floats) -> Floats:
        scores = np.linalg.solve(self.factor, (u - self.mean).T)
        return np.asarray(0.5 * (scores**2).sum(axis=0), dtype=np.float64)


def _normal_law(log_density: LogDensity, dimension: int) -> NormalLaw:
    """Normal approximation at the mode, widened; nowhere wider than the prior."""
    steps = DIFFERENCE * np.eye(dimension)

    def slope(u: Floats) -> tuple[float, Floats]:
        value = log_density(np.concatenate([u[None, :], u + steps, u - steps]))
        return -float(value[0]), -(value[1 : dimension + 1] - value[dimension + 1 :]) / (2 * DIFFERENCE)

    mode = np.asarray(minimize(slope, np.zeros(dimension), jac=True, method="L-BFGS-B").x)
    curvature = np.array([(slope(mode + step)[1] - slope(mode - step)[1]) / (2 * DIFFERENCE) for step in steps])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    spread = WIDENED / np.sqrt(np.maximum(values, 1.0))
    return NormalLaw(mode, np.linalg.cholesky((vectors * spread**2) @ vectors.T))


def _diagnosed(sampler: emcee.EnsembleSampler) -> Sample:
    steps = sampler.iteration
    burn_in = steps // 2
    chains = sampler.get_chain(discard=burn_in).transpose(1, 0, 2)
    return Sample(
        chains,
        np.atleast_1d(array_stats.rhat(chains, chain_axis=0, draw_axis=1)),
        np.atleast_1d(array_stats.ess(chains, chain_axis=0, draw_axis=1, method="bulk")),
        np.atleast_1d(array_stats.ess(chains, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95))),
        float(sampler.acceptance_fraction.mean()),
        steps,
        burn_in,
    )
