"""The luck of infections: candidate clocks and marks, one set of names for both engines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sim.errors import Problem, UnsupportedByEngineError
from sim.model.infections import exposure_of_candidate, n_layers
from sim.model.parts import GRADE_1_2, GRADE_3PLUS, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck, Stream, unit_exponential

MOST_CANDIDATES = 1_000_000
"""Expected of one clock in one patient: with more, rate or frailty is beyond anything meant."""
MOST_IN_A_BLOCK = 20_000_000
"""Candidates of a block of patients, all clocks together: some two gigabytes. A shipped scenario has a hundredth."""
_SIXTEEN_BITS = 2**16 - 1
_MOST_AHEAD = 64
"""Candidates of one clock drawn at a time where few clocks are left."""


@dataclass(frozen=True)
class Clocks:
    """The candidate processes of a model: one per cause and layer, in cause order, layer 0 first.

    Attributes:
        cause: Cause index of each clock, shape (n_clocks,).
        layer: Layer of each clock.
        rate: Candidates per month on treatment at frailty 1, [target, clock].
        share_grade_3plus: Probability that a candidate is grade >= 3, [target, clock].
        only_in: Serostatus index of those struck, or -1, shape (n_clocks,).
        step: Luck of the distance to the next candidate.
        grade: Luck of the grade.
        accept: Luck of acceptance.
        fatal: Luck of fatality.
        stop: Luck of the end of the bispecific.
    """

    cause: Integers
    layer: Integers
    rate: Floats
    share_grade_3plus: Floats
    only_in: Integers
    step: Stream
    grade: Stream
    accept: Stream
    fatal: Stream
    stop: Stream

    @classmethod
    def of(cls, model: ClinicalModel, luck: Luck) -> Clocks:
        """The clocks of a compiled model."""
        layers = n_layers(model)
        cause = np.repeat(np.arange(layers.size), layers)
        layer = np.concatenate([np.arange(n) for n in layers])
        names = [f"{model.infections.causes[c]}:{j}" for c, j in zip(cause, layer, strict=True)]

        def stream(decision: str) -> Stream:
            return luck.stream(*(f"infection:{decision}:{name}" for name in names))

        return cls(
            cause=cause,
            layer=layer,
            rate=model.infections.total_rate[:, cause],
            share_grade_3plus=model.infections.share_grade_3plus[:, cause],
            only_in=model.infections.only_in[cause],
            step=stream("step"),
            grade=stream("grade"),
            accept=stream("accept"),
            fatal=stream("fatal"),
            stop=stream("stop"),
        )

    def rate_of(self, who: Baseline, clock: int) -> Floats:
        """Candidates per month at frailty 1 of a clock, (n_patients,); 0 for the immune."""
        rate = self.rate[:, clock][who.target]
        return rate if self.only_in[clock] < 0 else np.where(who.positive[self.only_in[clock]], rate, 0.0)

    def rates_of(self, who: Baseline) -> Floats:
        """The same of every clock, [clock, patient]."""
        return np.stack([self.rate_of(who, clock) for clock in range(self.cause.size)])

    def grade_of(self, mark: Floats, clock: Integers, target: Integers) -> Integers:
        """Grade index of candidates from their uniform grade marks."""
        return np.where(mark < self.share_grade_3plus[target, clock], GRADE_3PLUS, GRADE_1_2)


@dataclass(frozen=True)
class Candidates:
    """The candidates that a block of patients may meet, patient by patient and then in order of exposure.

    All that is known of them before anything happens; the same under every strategy. Arrays of shape (n_candidates,).

    Attributes:
        column: Column of the patient in the block.
        clock: Clock that rings.
        occurrence: Number of the candidate within its clock.
        exposure: Exposure, in months, at which it falls.
        first: Index of the first candidate of each column, and the number of all; shape (n_patients + 1,).
    """

    column: Integers
    clock: Integers
    occurrence: Integers
    exposure: Floats
    first: Integers

    @classmethod
    def within(cls, clocks: Clocks, who: Baseline, limit: Floats) -> Candidates:
        """The candidates of the given patients before their limits.

        Args:
            clocks: The model's clocks.
            who: Patients.
            limit: Months of exposure of each patient, (n_patients,).

        Raises:
            UnsupportedByEngineError: If they would be more than memory or patience can hold.
        """
        _refuse_absurdly_many(clocks, who, limit)
        n = who.patient.size
        pieces = []
        # The first candidate of every clock, clock by clock, so that the arrays stay in the cache.
        for ring in range(clocks.cause.size):
            rate = clocks.rate_of(who, ring)
            reached = unit_exponential(clocks.step(who.patient, 0, ring))
            exposure = exposure_of_candidate(reached, who.frailty, rate)
            column = np.flatnonzero(exposure < limit)
            pieces.append((column, np.full(column.size, ring), exposure[column], reached[column], rate[column]))
        column, clock, exposure, cumulative, rate = (np.concatenate(each) for each in zip(*pieces, strict=True))
        waves = [(column, clock, np.zeros_like(clock), exposure)]
        frailty, limits, number = who.frailty[column], limit[column], 1
        while column.size:
            # The next candidate of each clock; the fewer clocks go on, the more at a time.
            ahead = number + np.arange(min(max(n // column.size, 1), _MOST_AHEAD))
            reached = unit_exponential(clocks.step(who.patient[column], ahead[:, None], clock))
            reached[0] += cumulative
            for before, after in pairwise(reached):
                after += before
            exposure = exposure_of_candidate(reached, frailty, rate)
            inside = exposure < limits
            which, pair = np.divmod(np.flatnonzero(inside), column.size)
            waves.append((column[pair], clock[pair], ahead[which], exposure[which, pair]))
            on = np.flatnonzero(inside[-1])
            column, clock, cumulative = column[on], clock[on], reached[-1, on]
            frailty, rate, limits = frailty[on], rate[on], limits[on]
            number += ahead.size
        column, clock, occurrence, exposure = (np.concatenate(pieces) for pieces in zip(*waves, strict=True))
        order = _by_patient(column, clock, occurrence, exposure, limit)
        first = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=n))])
        return cls(column[order], clock[order], occurrence[order], exposure[order], first)


def _refuse_absurdly_many(clocks: Clocks, who: Baseline, limit: Floats) -> None:
    """Say so, before any is drawn, where the expected numbers of candidates are out of reach."""
    bound = float(clocks.rate.max(initial=0.0) * who.frailty.max(initial=0.0) * limit.max(initial=0.0))
    if bound <= MOST_CANDIDATES and bound * clocks.cause.size * who.patient.size <= MOST_IN_A_BLOCK:
        return
    expected = clocks.rates_of(who) * who.frailty * limit
    most = expected.max(axis=0)
    if np.any(most > MOST_CANDIDATES):
        worst = int(np.argmax(most))
        found = f"some {most[worst]:,.0f} candidate infections of one cause in patient {who.patient[worst]}"
        allowed = (
            f"at most {MOST_CANDIDATES:,} can be played: lower rate_per_month, frailty_variance or horizon_months"
        )
    elif (total := float(expected.sum())) > MOST_IN_A_BLOCK:
        found = f"some {total:,.0f} candidate infections in {who.patient.size:,} patients"
        allowed = f"at most {MOST_IN_A_BLOCK:,} can be played at once: lower rate_per_month or horizon_months"
    else:
        return
    raise UnsupportedByEngineError(
        "this scenario asks for more infections than can be played", [Problem("infections.causes", found, allowed)]
    )


def _by_patient(column: Integers, clock: Integers, occurrence: Integers, exposure: Floats, limit: Floats) -> Integers:
    """Order of candidates by column, exposure and clock.

    Two passes of a radix sort on 16 bits, of a coarse exposure and of the column, then neighbours that the coarse
    exposure could not tell apart are exchanged: a quarter of the time of a comparison sort on three keys.
    """
    if limit.size > _SIXTEEN_BITS:
        return np.lexsort((occurrence, clock, exposure, column))
    coarse = (exposure * (_SIXTEEN_BITS / limit[column])).astype(np.uint16)
    order = np.argsort(coarse, kind="stable")
    order = order[np.argsort(column.astype(np.uint16)[order], kind="stable")]
    c, e = column[order], exposure[order]
    while True:
        close = np.flatnonzero((e[1:] <= e[:-1]) & (c[1:] == c[:-1]))
        k = clock[order[close]], clock[order[close + 1]]
        at = close[(e[close + 1] < e[close]) | (k[1] < k[0])]
        if at.size == 0:
            return order
        at = at[np.diff(at, prepend=-2) > 1]
        for each in (order, e):
            each[at], each[at + 1] = each[at + 1], each[at]
