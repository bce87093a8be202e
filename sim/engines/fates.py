"""What luck holds for patients, worked out for all of them at once with the clinical functions.

A process that takes one event at a time would call those functions on arrays of length 1, event after event. Nothing
of what they need depends on chairs or stocks: candidates and their marks, tests, doses and months of death are
settled by luck and by the end of treatment. They are laid out here as plain lists, shared by all strategies and by
every way of running a programme; only a treatment that an infection ends early is worked out anew, for that patient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engines.candidates import Clocks
from sim.engines.orders import Assays
from sim.model.conditions import MEASURED, Facts, asks_tests, breakthrough_leaves, holds, infection_leaves, leaves
from sim.model.exits import death_time
from sim.model.hazards import beside_immunoglobulin
from sim.model.histories import kind_of
from sim.model.igg import true_igg
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.infections import exposure_of_candidate
from sim.model.pace import Pace, groups
from sim.model.parts import Floats, Integers
from sim.model.schedule import appointment, count_before
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import Luck, unit_exponential

_SLACK = 1e-6


@dataclass(frozen=True)
class Candidates:
    """Candidate infections of all patients, by patient and exposure; arrays of shape (n_candidates,).

    Attributes:
        first: Place of the first candidate of each patient, and the number in all at the end, (n_patients + 1,).
        column: Whose it is.
        exposure: Months on the exposure clock.
        clock: Clock that rings.
        cause: Cause index.
        layer: Layer.
        grade: Grade index.
        occurrence: Number within its clock.
        accept: Acceptance mark.
        fatal: Fatality mark.
        stop: Mark of the end of the bispecific.
    """

    first: Integers
    column: Integers
    exposure: Floats
    clock: Integers
    cause: Integers
    layer: Integers
    grade: Integers
    occurrence: Integers
    accept: Floats
    fatal: Floats
    stop: Floats


@dataclass(frozen=True)
class Outlook:
    """Candidates as one strategy meets them, given when treatment ends; lists by candidate.

    Attributes:
        time: Month.
        ratio: Hazard ratio of everything but immunoglobulin.
        by: Bits of what lowers it.
        courses: For each surveillance its index, and the ratio before and after it.
        can_work: Whether the true IgG is low enough for immunoglobulin to work.
    """

    time: list[float]
    ratio: list[float]
    by: list[int]
    courses: list[tuple[int, list[float], list[float]]]
    can_work: list[bool]


@dataclass(frozen=True)
class Tests:
    """IgG tests that treatment leaves time for; lists by test, patient after patient.

    Attributes:
        first: Place of the first test of each patient, and the number in all at the end.
        measured: Measured IgG.
        true: True IgG.
        iga: Measured IgA; inf where the rule does not ask.
        igm: Measured IgM.
        sure: Whether the start rule holds, whatever infections there were; the last n_patients are those of no test.
        possible: Whether it holds with some infections.
    """

    first: list[int]
    measured: list[float]
    true: list[float]
    iga: list[float]
    igm: list[float]
    sure: list[bool]
    possible: list[bool]


class Fates:
    """The luck of all patients of a block, or of a replication.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, shape (n_patients,).
        followed: Months for which each is followed, (n_patients,).
    """

    def __init__(self, model: ClinicalModel, luck: Luck, patient: Integers, followed: Floats) -> None:
        self.model, self.luck = model, luck
        self.who: Baseline = draw_baseline(model, luck, patient)
        self.followed = followed + _SLACK
        self.pace, self.group = Pace.of(model), groups(self.who)
        self.clocks = Clocks.of(model, luck)
        self.natural_death = self.death_of(self.who, self.who.stop_time)
        self.candidates = self._candidates()
        self.assays = Assays(model, luck, self.who)
        self.stop = self.who.stop_time.tolist()
        self.death = self.natural_death.tolist()
        self.numbers = patient.tolist()
        self.weight_kg, self.harm_delay = self.who.weight_kg.tolist(), self.who.harm_delay.tolist()
        c = self.candidates
        self.cause, self.layer, self.grade = c.cause.tolist(), c.layer.tolist(), c.grade.tolist()
        self.occurrence, self.accept = c.occurrence.tolist(), c.accept.tolist()
        self.fatal, self.ends, self.first = c.fatal.tolist(), c.stop.tolist(), c.first.tolist()
        self._outlooks: dict[int, Outlook] = {}
        self._tests: dict[int, Tests] = {}
        self._grams: dict[int, list[float]] = {}
        self._attends: dict[int, list[list[float]]] = {}

    def death_of(self, who: Baseline, stop: Floats) -> Floats:
        """Month of death without infection of patients whose treatment ends at `stop`."""
        return death_time(self.model.treatment, who.death_hazard, stop, who.age_years, who.male)

    def _candidates(self) -> Candidates:
        who, clocks = self.who, self.clocks
        fastest = np.maximum(np.nanmax(np.where(np.isnan(self.pace.starts), 0.0, self.pace.speeds), axis=1), 0.0)
        fastest = np.maximum(fastest, self.pace.off_multiplier)
        lowest = min(self.model.treatment.death_rate_on, self.model.treatment.death_rate_off)
        lived = self.followed
        # A life table only adds to these rates, so nobody lives longer than at the lower of them.
        if lowest > 0:
            lived = np.minimum(lived, who.death_hazard / lowest + _SLACK)
        bound = lived * fastest[self.group] + _SLACK
        rate = clocks.rates_of(who)
        none = np.zeros(0, dtype=np.int64)
        pieces: list[tuple[Integers, Floats, Integers, Integers]] = [(none, np.zeros(0), none, none)]
        for ringing in range(rate.shape[0]):
            left, turn = np.flatnonzero(rate[ringing] > 0), 0
            cumulative = np.zeros(left.size)
            while left.size:
                cumulative = cumulative + unit_exponential(clocks.step(who.patient[left], turn, ringing))
                shown = exposure_of_candidate(cumulative, who.frailty[left], rate[ringing, left])
                within = shown <= bound[left]
                left, cumulative, shown = left[within], cumulative[within], shown[within]
                pieces.append((left, shown, np.full(left.size, ringing), np.full(left.size, turn)))
                turn += 1
        column, exposure, clock, number = (np.concatenate([piece[n] for piece in pieces]) for n in range(4))
        order = np.lexsort((clock, exposure, column))
        column, exposure, clock, number = column[order], exposure[order], clock[order], number[order]
        patient = who.patient[column]
        return Candidates(
            first=np.searchsorted(column, np.arange(who.patient.size + 1)),
            column=column,
            exposure=exposure,
            clock=clock,
            cause=clocks.cause[clock],
            layer=clocks.layer[clock],
            grade=clocks.grade_of(clocks.grade(patient, number, clock), clock, who.target[column]),
            occurrence=number,
            accept=clocks.accept(patient, number, clock),
            fatal=clocks.fatal(patient, number, clock),
            stop=clocks.stop(patient, number, clock),
        )

    def outlook(self, strategy: int) -> Outlook:
        """Candidates under a strategy, where no infection ends treatment."""
        if strategy not in self._outlooks:
            place = np.arange(self.candidates.column.size)
            self._outlooks[strategy] = self._outlook(strategy, place, self.who.stop_time[self.candidates.column])
        return self._outlooks[strategy]

    def outlook_from(self, strategy: int, column: int, place: int, stop: float) -> Outlook:
        """The candidates of one patient from `place` on, once treatment is known to end at `stop`."""
        rest = np.arange(place, self.candidates.first[column + 1])
        return self._outlook(strategy, rest, np.full(rest.size, stop))

    def _outlook(self, strategy: int, place: Integers, stop: Floats) -> Outlook:
        c, model = self.candidates, self.model
        column, kind = c.column[place], kind_of(c.cause[place], c.grade[place])
        time = self.pace.time(c.exposure[place], stop, self.group[column])
        ratio, by, courses = beside_immunoglobulin(model, strategy, self.who.takes, time, stop, kind, column)
        low = model.immunoglobulin.benefit_below_igg
        can_work = (
            true_igg(model, self.who, time, column) < low if np.isfinite(low) else np.ones(place.size, dtype=np.bool_)
        )
        return Outlook(
            time=time.tolist(),
            ratio=ratio.tolist(),
            by=by.tolist(),
            courses=[(index, before.tolist(), after.tolist()) for index, before, after in courses],
            can_work=can_work.tolist(),
        )

    def tests(self, strategy: int) -> Tests:
        """Tests under a strategy and what the start rule makes of them."""
        if strategy not in self._tests:
            self._tests[strategy] = self._tests_of(strategy)
        return self._tests[strategy]

    def _tests_of(self, strategy: int) -> Tests:
        plan, who = self.model.strategies[strategy], self.who
        condition, interval, n = plan.start, plan.test_interval, who.patient.size
        zero = np.zeros(n)
        count = np.zeros(n, dtype=np.int64)
        if np.isfinite(interval):
            count = count_before(zero, interval, np.minimum(who.stop_time, self.followed)).astype(np.int64)
        column = np.repeat(np.arange(n), count)
        number = np.arange(column.size) - np.repeat(np.cumsum(count) - count, count)
        kinds = {MEASURED[leaf.kind] for leaf in leaves(condition) if leaf.kind in MEASURED}
        unknown = np.full(column.size, np.inf)
        found, true = self.assays.igg(column, number, interval) if column.size else (unknown, unknown)
        asked = asks_tests(condition)
        other = {
            name: self.assays.other(name, column, number, interval) if name in kinds and column.size else unknown
            for name in ("iga", "igm")
        }
        time = appointment(0.0, interval, number) if column.size else np.zeros(0)
        # Behind the tests, every patient once more: the rule before any test.
        whose, when = np.concatenate([column, np.arange(n)]), np.concatenate([time, zero])
        none = np.full(n, np.inf)
        seen = {
            name: np.concatenate([values if asked else unknown, none])
            for name, values in (("igg", found), *other.items())
        }
        sure, possible = (self._rule(strategy, whose, when, seen, happened) for happened in (False, True))
        return Tests(
            first=np.concatenate([[0], np.cumsum(count)]).tolist(),
            measured=found.tolist(),
            true=true.tolist(),
            iga=other["iga"].tolist(),
            igm=other["igm"].tolist(),
            sure=sure,
            possible=possible,
        )

    def _rule(
        self, strategy: int, column: Integers, time: Floats, seen: dict[str, Floats], happened: bool
    ) -> list[bool]:
        """Whether the start rule holds if no infection, or every infection it asks for, has happened."""
        condition = self.model.strategies[strategy].start
        counted = time if happened else np.full(time.size, -np.inf)
        facts = Facts(
            time=time,
            igg=seen["igg"],
            iga=seen["iga"],
            igm=seen["igm"],
            counted=tuple(counted for _ in infection_leaves(condition)),
            broken_through=tuple(np.full(time.size, happened) for _ in breakthrough_leaves(condition)),
            anti_cd38=self.who.anti_cd38[column],
        )
        answer: list[bool] = holds(condition, facts).tolist()
        return answer

    def grams(self, regimen: int) -> list[float]:
        """Grams of an infusion at the standard dose, by patient."""
        if regimen not in self._grams:
            plan = self.model.regimens[regimen]
            self._grams[regimen] = grams_per_infusion(self.who.weight_kg, plan, np.ones(1)).tolist()
        return self._grams[regimen]

    def attends(self, column: int, number: int) -> float:
        """Mark of adherence to a scheduled infusion."""
        block, place = divmod(number, 64)
        if block not in self._attends:
            numbers = np.arange(64 * block, 64 * block + 64)
            marks = self.luck.stream("ig:adherence")(self.who.patient[:, None], numbers[None, :])
            self._attends[block] = marks.tolist()
        return self._attends[block][column][place]
