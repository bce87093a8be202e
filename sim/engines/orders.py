"""Orders of immunoglobulin in the vectorised engine: when each patient's start rule first holds.

Between infections only tests can make a rule hold, so after every infection the next order is known in advance: now,
or at the first test that will satisfy the rule; until a further infection, or the end of treatment, changes that.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sim.model.conditions import (
    Facts,
    asks_infections,
    asks_tests,
    breakthrough_leaves,
    holds,
    infection_leaves,
    leaves,
)
from sim.model.igg import Kinetics, concentration, measured_igg, true_igg, with_error
from sim.model.parts import NEVER, Booleans, Floats, Integers
from sim.model.schedule import appointment, count_before
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck


class Assays:
    """Measured immunoglobulins, as luck and kinetics have them."""

    def __init__(self, model: ClinicalModel, luck: Luck, who: Baseline) -> None:
        self.model, self.who = model, who
        self._noise = {name: luck.stream(f"{name}:assay") for name in ("igg", "iga", "igm")}

    def _noise_of(self, name: str, column: Integers, number: Integers) -> Floats:
        return np.asarray(ndtri(self._noise[name](self.who.patient[column], number)), dtype=np.float64)

    def igg(self, column: Integers, number: Integers, interval: float) -> tuple[Floats, Floats]:
        """Measured and true IgG of test `number` of the given patients."""
        time = appointment(0.0, interval, number)
        true = true_igg(self.model, self.who, time, column)
        noise = self._noise_of("igg", column, number)
        return measured_igg(time, true, self.who, noise, self.model, column), true

    def other(self, name: str, column: Integers, number: Integers, interval: float) -> Floats:
        """Measured IgA or IgM."""
        time = appointment(0.0, interval, number)
        rate = self.model.igg.iga_decay_rate if name == "iga" else self.model.igg.igm_decay_rate
        baseline = self.who.iga_mg_dl if name == "iga" else self.who.igm_mg_dl
        true = concentration(time, baseline[column], rate, Kinetics.of(self.model, self.who.target[column]))
        return with_error(true, self._noise_of(name, column, number), self.model.igg.assay_log_sd)


class StartRule:
    """The start rule of one strategy for a block of patients.

    Args:
        model: Compiled model.
        strategy: Strategy index.
        assays: Measured immunoglobulins.
        who: Patients.
    """

    def __init__(self, model: ClinicalModel, strategy: int, assays: Assays, who: Baseline) -> None:
        self.model, self.assays, self.who = model, assays, who
        self.strategy = model.strategies[strategy]
        self.condition = self.strategy.start
        self.asks_infections = asks_infections(self.condition)
        self._asks_tests = asks_tests(self.condition) and np.isfinite(self.strategy.test_interval)
        self._kinds = {leaf.kind for leaf in leaves(self.condition)}
        self._counting = infection_leaves(self.condition)
        self._waiting = breakthrough_leaves(self.condition)
        self.least_grade = min((leaf.minimum_grade for leaf in (*self._counting, *self._waiting)), default=0)
        n = who.patient.size
        self._counted = [np.full((leaf.count, n), -np.inf) for leaf in self._counting]
        self._broken = [np.zeros(n, dtype=np.bool_) for _ in self._waiting]

    def first_order(self, limit: Floats) -> tuple[Floats, Booleans]:
        """Month of the order if no infection has a say, and whether it is made at a test.

        Args:
            limit: Month before which tests can be taken, (n_patients,).
        """
        column = np.arange(self.who.patient.size)
        if self.condition == NEVER:
            return np.full(column.size, np.inf), np.zeros(column.size, dtype=np.bool_)
        at_start = holds(self.condition, self._facts(column, np.zeros(column.size), None))
        order = np.where(at_start, 0.0, np.inf)
        by_test = np.zeros(column.size, dtype=np.bool_)
        if self._could_hold_without_infections():
            rest = column[~at_start]
            order[rest] = self._first_test(rest, np.zeros(rest.size, dtype=np.int64), limit[rest])
            by_test[rest] = True
        return order, by_test

    def _could_hold_without_infections(self) -> bool:
        """Whether a test alone can satisfy the rule in somebody."""
        one = np.zeros(1)
        best = Facts(
            time=one,
            igg=one - np.inf,
            iga=one - np.inf,
            igm=one - np.inf,
            counted=tuple(np.full(1, -np.inf) for _ in self._counting),
            broken_through=tuple(np.zeros(1, dtype=np.bool_) for _ in self._waiting),
            anti_cd38=np.ones(1, dtype=np.bool_),
        )
        return self._asks_tests and bool(holds(self.condition, best)[0])

    def counts(self, grade: Integers, despite: Booleans) -> Booleans:
        """Whether an infection can make the rule hold: facts it does not touch only age, which satisfies nothing."""
        counted = np.zeros(grade.shape, dtype=np.bool_)
        for leaf in self._counting:
            counted |= grade >= leaf.minimum_grade
        for leaf in self._waiting:
            counted |= despite & (grade >= leaf.minimum_grade)
        return counted

    def note_infection(self, column: Integers, time: Floats, grade: Integers, despite: Booleans) -> None:
        """Add survived infections, at most one a patient, to the history the rule looks at."""
        for leaf, counted in zip(self._counting, self._counted, strict=True):
            counts = column[grade >= leaf.minimum_grade]
            counted[1:, counts] = counted[:-1, counts]
            counted[0, counts] = time[grade >= leaf.minimum_grade]
        for leaf, broken in zip(self._waiting, self._broken, strict=True):
            broken[column[despite & (grade >= leaf.minimum_grade)]] = True

    def next_order(self, column: Integers, time: Floats, stop: Floats, limit: Floats) -> tuple[Floats, Booleans]:
        """Month of the order after infections at `time`, and whether it is made at a test.

        Args:
            column: Patients infected.
            time: Month of their infections.
            stop: Month at which their treatment ends, as far as is known.
            limit: Month before which their tests can be taken.
        """
        taken = np.zeros(column.size, dtype=np.int64)
        if self._asks_tests:
            zero = np.zeros(column.size)
            taken = count_before(zero, self.strategy.test_interval, np.minimum(time, stop)).astype(np.int64)
        now = holds(self.condition, self._facts(column, time, taken - 1))
        order = np.where(now, time, np.inf)
        by_test = ~now
        if self._asks_tests:
            order[~now] = self._first_test(column[~now], taken[~now], limit[~now])
        return order, by_test

    def _first_test(self, column: Integers, number: Integers, limit: Floats) -> Floats:
        """Month of the first test from `number` on, before `limit`, at which the rule holds; inf if there is none."""
        found = np.full(column.size, np.inf)
        place = np.arange(column.size)
        while place.size:
            time = appointment(0.0, self.strategy.test_interval, number)
            due = time < limit
            place, column, number, limit, time = place[due], column[due], number[due], limit[due], time[due]
            met = holds(self.condition, self._facts(column, time, number))
            found[place[met]] = time[met]
            place, column, number, limit = place[~met], column[~met], number[~met] + 1, limit[~met]
        return found

    def _facts(self, column: Integers, time: Floats, latest: Integers | None) -> Facts:
        """What is known of patients at a month, the latest test being number `latest` (below 0 or None: no test)."""
        unknown = np.full(column.size, np.inf)
        measured = {"igg": unknown, "iga": unknown, "igm": unknown}
        if latest is not None and self._asks_tests and column.size:
            tested, number = latest >= 0, np.maximum(latest, 0)
            interval = self.strategy.test_interval
            if "igg_below" in self._kinds:
                measured["igg"] = np.where(tested, self.assays.igg(column, number, interval)[0], np.inf)
            for name in ("iga", "igm"):
                if f"{name}_below" in self._kinds:
                    measured[name] = np.where(tested, self.assays.other(name, column, number, interval), np.inf)
        return Facts(
            time=time,
            counted=tuple(counted[-1, column] for counted in self._counted),
            broken_through=tuple(broken[column] for broken in self._broken),
            anti_cd38=self.who.anti_cd38[column],
            **measured,
        )
