"""Expected amounts of a small continuous-time Markov chain, exactly, mixed over gamma frailty.

Purpose: the mathematics under the closed-form oracle. A chain is walked through stages of constant rates with
matrix exponentials; time spent in each state comes from the same exponential of an augmented generator (Van Loan
1978, IEEE Trans. Automat. Control 23:395, theorem 1). Discounting is subtracted from the diagonal, so a discounted
expectation is the same computation with another number. It knows nothing of medicine, money or scenarios and shares
no code with the simulator. Start with `Chain`, `Stage`, `walk`.

Axes used throughout: `d` discount forces, `z` frailty nodes, `s` and `t` transient states. Death is not a state: it
is the probability that leaves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal, expm

Array = NDArray[np.float64]

# A node whose weight times the square of 1 + Z is below this cannot reach the twelfth digit of any amount,
# all of which grow no faster than linearly in Z.
_NEGLIGIBLE = 1e-19


@dataclass(frozen=True)
class Chain:
    """Constant rates per month over the transient states; the generator is `exits + Z * infections`.

    Attributes:
        exits: (s, t) part of the generator that frailty leaves alone.
        infections: (s, t) part of the generator per unit of frailty.
        rates: (2, s) infections per month at frailty 1, of grade 1-2 and of grade >= 3, whether or not they
            change the state.
    """

    exits: Array
    infections: Array
    rates: Array

    def until_first(self, grades: slice) -> Chain:
        """Return the chain that leaves at the first infection of `grades` (rows of `rates`)."""
        rates = np.zeros_like(self.rates)
        rates[grades] = self.rates[grades]
        return Chain(self.exits, -np.diag(rates.sum(axis=0)), rates)


@dataclass(frozen=True)
class Stage:
    """A chain in force from `begin` (months) until the next stage begins.

    Attributes:
        begin: First month of the stage.
        chain: Rates in force.
        jump: (s, t) relabelling of states at `begin`, rows summing to 1.
    """

    begin: float
    chain: Chain
    jump: Array


@dataclass(frozen=True)
class Frailty:
    """Quadrature nodes `z` and weights `w` (summing to 1) of a gamma law of mean 1."""

    z: Array
    w: Array


def gamma_nodes(variance: float, n_nodes: int) -> Frailty:
    """Return the Gauss rule of `n_nodes` for Z ~ Gamma(mean 1, variance).

    Generalised Gauss-Laguerre by the eigenvalues of its Jacobi matrix (Golub & Welsch 1969, Math. Comp. 23:221),
    which unlike polynomial root finding stays finite at small variance.

    Args:
        variance: Variance of Z, >= 0; 0 gives the single node Z = 1.
        n_nodes: Number of nodes, >= 1, before those of negligible weight are left out.

    Returns:
        Nodes and weights, each (z,).
    """
    if variance == 0:
        return Frailty(np.ones(1), np.ones(1))
    k = np.arange(n_nodes, dtype=np.float64)
    shape = 1 / variance
    between = np.sqrt(k[1:] * (k[1:] + shape - 1))
    nodes, vectors = eigh_tridiagonal(variance * (2 * k + shape), variance * between)
    z = np.asarray(nodes, dtype=np.float64)
    w = np.asarray(vectors[0] ** 2, dtype=np.float64)
    kept = w * (1 + z) ** 2 > _NEGLIGIBLE
    return Frailty(z[kept], w[kept] / w[kept].sum())


def nodes_needed(variance: float, exponent: float) -> int:
    """Return how many gamma nodes integrate exp(-exponent * Z) to about twelve digits.

    With c = variance * exponent and n nodes the error falls like (c / (c + 2)) ** (2 n), the square of the Laguerre
    series of exp(-c x); the tests check the count by doubling it.

    Args:
        variance: Variance of Z, >= 0.
        exponent: Largest expected number of infections at Z = 1 over the horizon, >= 0.

    Returns:
        Number of nodes, at least 24.
    """
    c = variance * exponent
    return 24 if c == 0 else max(24, math.ceil(16 / math.log1p(2 / c)))


def exponentials(chain: Chain, frailty: Frailty, forces: Array, months: float) -> tuple[Array, Array]:
    """Return the discounted transition matrices over `months` and their integrals from 0.

    Args:
        chain: Rates in force.
        frailty: Nodes of Z.
        forces: (d,) forces of discount per month.
        months: Length of time, >= 0.

    Returns:
        exp((Q - force) months) and its time integral over [0, months], each (d, z, s, s).
    """
    n_states = chain.exits.shape[0]
    eye = np.eye(n_states)
    generator = chain.exits + frailty.z[:, None, None] * chain.infections
    discounted = generator - forces[:, None, None, None] * eye
    augmented = np.zeros((forces.size, frailty.z.size, 2 * n_states, 2 * n_states))
    augmented[..., :n_states, :n_states] = discounted * months
    augmented[..., :n_states, n_states:] = eye * months
    result = np.asarray(expm(augmented), dtype=np.float64)
    return result[..., :n_states, :n_states], result[..., :n_states, n_states:]


def advance(states: Array, matrices: Array) -> Array:
    """Return row vectors (d, z, s) times matrices (d, z, s, t)."""
    return np.asarray(np.matmul(states[..., None, :], matrices)[..., 0, :], dtype=np.float64)


def start_in(state: int, n_states: int, n_forces: int, frailty: Frailty) -> Array:
    """Return the certainty of `state` at month 0, (d, z, s)."""
    states = np.zeros((n_forces, frailty.z.size, n_states))
    states[..., state] = 1
    return states


def walk(
    stages: Sequence[Stage], frailty: Frailty, forces: Array, states: Array, until: float
) -> tuple[list[Array], list[Array]]:
    """Walk through the stages that begin before `until`.

    Args:
        stages: In order of `begin`, the first at month 0.
        frailty: Nodes of Z.
        forces: (d,) forces of discount per month.
        states: (d, z, s) probabilities at month 0.
        until: Month at which the walk ends, > 0.

    Returns:
        For each stage walked, the discounted probabilities right after its jump, and the discounted months
        spent in each state during it; each (d, z, s).
    """
    at_begin: list[Array] = []
    months_in: list[Array] = []
    ends = [*(stage.begin for stage in stages[1:]), until]
    for stage, end in zip(stages, ends, strict=True):
        if stage.begin >= until:
            break
        states = np.asarray(states @ stage.jump, dtype=np.float64)
        at_begin.append(states)
        transition, integral = exponentials(stage.chain, frailty, forces, min(end, until) - stage.begin)
        months_in.append(advance(states, integral))
        states = advance(states, transition)
    return at_begin, months_in


def states_at(stages: Sequence[Stage], frailty: Frailty, forces: Array, states: Array, month: float) -> Array:
    """Return the discounted probabilities just before a month, a jump at that very month not yet made.

    Args:
        stages: As for `walk`.
        frailty: Nodes of Z.
        forces: (d,) forces of discount per month.
        states: (d, z, s) probabilities at month 0.
        month: Month asked for, >= 0.

    Returns:
        (d, z, s).
    """
    at_begin, _ = walk(stages, frailty, forces, states, month)
    if not at_begin:
        return states
    last = stages[len(at_begin) - 1]
    return advance(at_begin[-1], exponentials(last.chain, frailty, forces, month - last.begin)[0])


def visit_times(first: float, interval: float, horizon: float) -> list[float]:
    """Return first, first + interval, ... before `horizon` (months); a visit exactly at the horizon is none."""
    n_possible = max(0, math.ceil((horizon - first) / interval) + 1)
    return [first + k * interval for k in range(n_possible) if first + k * interval < horizon]


def mass_at_visits(
    chain: Chain, frailty: Frailty, forces: Array, states: Array, offsets: Sequence[float], among: slice
) -> Array:
    """Return the discounted probability of being `among` certain states at evenly spaced visits.

    Args:
        chain: Rates in force throughout.
        frailty: Nodes of Z.
        forces: (d,) forces of discount per month.
        states: (d, z, s) discounted probabilities at offset 0.
        offsets: Evenly spaced months of the visits.
        among: The states counted.

    Returns:
        (visits, d), averaged over frailty.
    """
    masses = np.zeros((len(offsets), forces.size))
    if not offsets:
        return masses
    step = offsets[1] - offsets[0] if len(offsets) > 1 else 0.0
    states = advance(states, exponentials(chain, frailty, forces, offsets[0])[0])
    transition, _ = exponentials(chain, frailty, forces, step)
    for visit in range(len(offsets)):
        masses[visit] = states[..., among].sum(axis=-1) @ frailty.w
        states = advance(states, transition)
    return masses


@dataclass(frozen=True)
class Trigger:
    """A renewal of visits set off by a transition between two groups of states, which happens at most once.

    Attributes:
        before: States from which the transition starts the visits.
        after: States in which visits go on.
        interval: Months between visits; the first is at the transition.
        horizon: Visits happen before this month.
    """

    before: slice
    after: slice
    interval: float
    horizon: float

    def visits(self, chain: Chain, frailty: Frailty, forces: Array, states: Array) -> Array:
        """Return the expected discounted number of visits, (d,).

        The k-th visit (from 0) happens if the transition falls before horizon - k interval and the course
        is still running k intervals later. Its expectation is the discounted time in `before` up to that month,
        times the transition rates, times the discounted probability of lasting k intervals: no quadrature
        over the transition's time is needed.
        """
        n_visits = len(visit_times(0.0, self.interval, self.horizon))
        step, step_integral = exponentials(chain, frailty, forces, self.interval)
        remainder = self.horizon - (n_visits - 1) * self.interval
        first, first_integral = exponentials(chain, frailty, forces, remainder)
        before = [advance(states, first_integral)]
        states = advance(states, first)
        for _ in range(n_visits - 1):
            before.append(before[-1] + advance(states, step_integral))
            states = advance(states, step)

        flow = chain.infections[self.before, self.after]
        lasting = np.zeros(states.shape)
        lasting[..., self.after] = 1
        total = np.zeros(forces.size)
        for months_before in reversed(before):
            started = months_before[..., self.before] @ flow
            total += (started * lasting[..., self.after]).sum(axis=-1) @ (frailty.z * frailty.w)
            lasting = np.asarray(np.matmul(step, lasting[..., None])[..., 0], dtype=np.float64)
        return total

    def probability(self, chain: Chain, frailty: Frailty, states: Array) -> float:
        """Return the probability that the transition happens before the horizon."""
        _, integral = exponentials(chain, frailty, np.zeros(1), self.horizon)
        started = advance(states[:1], integral)[..., self.before] @ chain.infections[self.before, self.after]
        return float(started.sum(axis=-1)[0] @ (frailty.z * frailty.w))
