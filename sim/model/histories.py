"""What an engine returns: every patient's history under every strategy, condensed to what accrual needs.

Amounts are physical (events, months, infusions); prices and utilities come later, in `sim.model.accrual`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from sim.model.parts import GRADE_3PLUS, GRADES, Booleans, Floats, Integers


def kind_of(cause: Integers, grade: Integers) -> Integers:
    """Place of a cause and a grade in a table [cause, grade] laid out in a row."""
    return len(GRADES) * cause + grade


@dataclass(frozen=True)
class Infusions:
    """Infusions given, [strategy, patient].

    Attributes:
        count: Number.
        grams: Sum of grams.
        cost_factor: Sum of cost discount factors.
        effect_factor: Sum of effect discount factors.
        grams_cost_factor: Sum of grams times cost discount factor.
    """

    count: Floats
    grams: Floats
    cost_factor: Floats
    effect_factor: Floats
    grams_cost_factor: Floats


@dataclass(frozen=True)
class Illnesses:
    """Infections met and what they entail.

    Infections are a list, by strategy, patient and time: arrays of shape (n_infections,). A patient has few of them,
    of few of many causes, so that a list is far smaller than a table of counts. Courses are listed in the same way.

    Attributes:
        n_causes: Causes there are.
        n_strategies: Strategies played.
        n_patients: Patients played.
        row: Whom an infection befell, n_patients * strategy + column of the patient.
        time: Month.
        kind: Place of its cause and grade in a table [cause, grade] laid out in a row.
        fatal: Whether it killed.
        vulnerable: Whether it fell on treatment, before immunoglobulin, with low true IgG.
        course_row: Who had a preemptive course, as `row`; shape (n_courses,).
        course_time: Month of it.
        course_of: Antimicrobial index.
        held_months: Months of treatment for which the bispecific was held, [strategy, patient].
        held_drug: Drug cost saved by that, undiscounted, [strategy, patient].
        held_drug_discounted: The same, discounted, [strategy, patient].
    """

    n_causes: int
    n_strategies: int
    n_patients: int
    row: Integers
    time: Floats
    kind: Integers
    fatal: Booleans
    vulnerable: Booleans
    course_row: Integers
    course_time: Floats
    course_of: Integers
    held_months: Floats
    held_drug: Floats
    held_drug_discounted: Floats

    def of_strategy(self, strategy: int) -> Illnesses:
        """Those under one strategy, whose arrays then have one row."""
        before, after = strategy * self.n_patients, (strategy + 1) * self.n_patients
        own = np.flatnonzero((self.row >= before) & (self.row < after))
        own_courses = np.flatnonzero((self.course_row >= before) & (self.course_row < after))
        one = slice(strategy, strategy + 1)
        return Illnesses(
            n_causes=self.n_causes,
            n_strategies=1,
            n_patients=self.n_patients,
            row=self.row[own] - before,
            time=self.time[own],
            kind=self.kind[own],
            fatal=self.fatal[own],
            vulnerable=self.vulnerable[own],
            course_row=self.course_row[own_courses] - before,
            course_time=self.course_time[own_courses],
            course_of=self.course_of[own_courses],
            held_months=self.held_months[one].copy(),
            held_drug=self.held_drug[one].copy(),
            held_drug_discounted=self.held_drug_discounted[one].copy(),
        )

    @cached_property
    def grade(self) -> Integers:
        """Grade index of each infection."""
        # The remainder by two, at a tenth of the time of a division.
        return self.kind & 1

    def total(self, amount: Floats) -> Floats:
        """Sum of an amount of each infection, [strategy, patient]."""
        return self._by_row(self.row, amount)

    def total_by_grade(self, amount: Floats | None) -> Floats:
        """Sum of an amount of each infection, or their number if None, [grade, strategy, patient]."""
        rows = self.n_strategies * self.n_patients
        sums = np.bincount(self._row_by_grade, weights=amount, minlength=len(GRADES) * rows)
        return sums.astype(np.float64, copy=False).reshape(len(GRADES), self.n_strategies, self.n_patients)

    @cached_property
    def _row_by_grade(self) -> Integers:
        return self.grade * (self.n_strategies * self.n_patients) + self.row

    def courses(self, antimicrobial: int, amount: Floats | None = None) -> Floats:
        """Sum of an amount of each course of one antimicrobial, or their number if None, [strategy, patient]."""
        own = np.flatnonzero(self.course_of == antimicrobial)
        return self._by_row(self.course_row[own], None if amount is None else amount[own])

    def _by_row(self, row: Integers, amount: Floats | None) -> Floats:
        sums = np.bincount(row, weights=amount, minlength=self.n_strategies * self.n_patients)
        return sums.astype(np.float64, copy=False).reshape(self.n_strategies, self.n_patients)

    def number(self, which: Booleans) -> Floats:
        """Number of some infections, [strategy, patient]."""
        return self._by_row(self.row[np.flatnonzero(which)], None)

    @cached_property
    def count(self) -> Floats:
        """Number of infections, [cause, grade, strategy, patient]."""
        return self._count(self.kind, self.row)

    @cached_property
    def fatal_count(self) -> Floats:
        """Number of those that killed, same shape."""
        which = np.flatnonzero(self.fatal)
        return self._count(self.kind[which], self.row[which])

    def _count(self, kind: Integers, row: Integers) -> Floats:
        rows = self.n_strategies * self.n_patients
        kinds = self.n_causes * len(GRADES)
        counts = np.bincount(kind * rows + row, minlength=kinds * rows)
        shape = (self.n_causes, len(GRADES), self.n_strategies, self.n_patients)
        return counts.astype(np.float64).reshape(shape)

    @cached_property
    def first(self) -> Floats:
        """Month of the first infection of any grade, [strategy, patient]; inf if none."""
        return self._first(self.row, self.time)

    @cached_property
    def first_grade_3plus(self) -> Floats:
        """The same for grade >= 3."""
        severe = np.flatnonzero(self.grade == GRADE_3PLUS)
        return self._first(self.row[severe], self.time[severe])

    def _first(self, row: Integers, time: Floats) -> Floats:
        first = np.full(self.n_strategies * self.n_patients, np.inf)
        # Of several infections of a row the one written last stays: the first, from back to front.
        first[row[::-1]] = time[::-1]
        return first.reshape(self.n_strategies, self.n_patients)


@dataclass(frozen=True)
class Histories:
    """Condensed histories; axes [strategy, patient].

    Attributes:
        end: Month of death or horizon.
        ending: `Ending` value.
        treatment_end: Month the bispecific ended, not after `end`.
        ig_start: Month of the first infusion; inf if there was none.
        ig_end: Month the course of immunoglobulin ended, not after `end`; equals `end` if there was none.
        harm: Index of the adverse event that ended immunoglobulin; -1 if none.
        igg_tests: Number of IgG tests.
        step_up_doses: Number of step-up doses given.
        infusions: Infusions given.
        illnesses: Infections met.
    """

    end: Floats
    ending: Integers
    treatment_end: Floats
    ig_start: Floats
    ig_end: Floats
    harm: Integers
    igg_tests: Floats
    step_up_doses: Floats
    infusions: Infusions
    illnesses: Illnesses

    def of_strategy(self, strategy: int) -> Histories:
        """Those under one strategy, sharing no memory with these."""
        one = slice(strategy, strategy + 1)
        rows = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("infusions", "illnesses")}
        given = {f.name: getattr(self.infusions, f.name)[one].copy() for f in fields(Infusions)}
        return Histories(
            **{name: value[one].copy() for name, value in rows.items()},
            infusions=Infusions(**given),
            illnesses=self.illnesses.of_strategy(strategy),
        )
