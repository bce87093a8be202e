"""Patients enrolled, allotted and watched: what a study knows of each of them when it closes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.model.histories import Histories
from sim.model.parts import GRADE_3PLUS, GRADES, Booleans, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel, Ending
from sim.population import draw_baseline
from sim.scenario import Scenario, Trial
from sim.streams import Luck, unit_exponential
from sim.trial.follow import CENSORED, COMPETING, EVENT, Seen


@dataclass(frozen=True, eq=False)
class Watched:
    """What a study saw; arrays of shape (n_patients,), of events (n_events,) in order of patient and time.

    Attributes:
        arm: Whose strategy each patient followed.
        until: Month at which watching ended.
        status: `CENSORED`, `EVENT` or `COMPETING`: what ended it; of repeated events never `EVENT`.
        ig_start: First infusion; inf if there was none.
        ig_end: Month the course of immunoglobulin ended.
        frailty: Which no study sees.
        event_patient: Who had an event of the outcome.
        event_month: When.
        severe_patient: Who had a severe infection, of the outcome or not.
        severe_month: When.
    """

    arm: Integers
    until: Floats
    status: Integers
    ig_start: Floats
    ig_end: Floats
    frailty: Floats
    event_patient: Integers
    event_month: Floats
    severe_patient: Integers
    severe_month: Floats

    @property
    def n_patients(self) -> int:
        """Patients of the study."""
        return self.until.size

    def between(self, first: int, last: int) -> Watched:
        """Patients from one place to another, the last excluded, numbered from 0."""
        own = slice(first, last)
        had = slice(*np.searchsorted(self.event_patient, [first, last]))
        severe = slice(*np.searchsorted(self.severe_patient, [first, last]))
        return Watched(
            arm=self.arm[own],
            until=self.until[own],
            status=self.status[own],
            ig_start=self.ig_start[own],
            ig_end=self.ig_end[own],
            frailty=self.frailty[own],
            event_patient=self.event_patient[had] - first,
            event_month=self.event_month[had],
            severe_patient=self.severe_patient[severe] - first,
            severe_month=self.severe_month[severe],
        )

    def seen(self, chosen: Booleans | None = None) -> Seen:
        """The first event of all patients, or of some."""
        if chosen is None:
            return Seen(self.until, self.status)
        return Seen(self.until[chosen], self.status[chosen])


def study_model(scenario: Scenario, trial: Trial, *, effect: bool = True) -> ClinicalModel:
    """The model of a study: its arms and its agents; without `effect` immunoglobulin changes no hazard."""
    analysis = scenario.analysis.model_copy(update={"strategies": tuple(trial.arms)})
    model = compile_model(scenario.without_programme().model_copy(update={"analysis": analysis}))
    if trial.agents:
        shares = tuple(trial.agents.get(name, 0.0) for name in scenario.agents)
        model = replace(model, population=replace(model.population, agent_share=shares))
    if effect:
        return model
    ones = np.ones_like(model.infections.hazard_ratio)
    return replace(model, infections=replace(model.infections, hazard_ratio=ones))


@dataclass(frozen=True, eq=False)
class Played:
    """Patients who could be in a study, played under every arm.

    Attributes:
        model: From `study_model`.
        trial: The study.
        luck: Whose luck.
        who: The patients.
        histories: [arm, patient].
    """

    model: ClinicalModel
    trial: Trial
    luck: Luck
    who: Baseline
    histories: Histories

    @classmethod
    def of(cls, model: ClinicalModel, trial: Trial, luck: Luck, patient: Integers) -> Played:
        """Play patients of these numbers, ascending."""
        who = draw_baseline(model, luck, patient)
        return cls(model, trial, luck, who, numpy_engine.simulate(model, luck, patient, who=who))

    def allotted(self, size: int) -> Integers:
        """Arm of each patient, in studies of `size` patients one after the other."""
        u = self._uniform("trial:arm")
        edges = np.cumsum(list(self.trial.arms.values()))
        if self.trial.kind == "cohort":
            return np.minimum(np.searchsorted(edges, u, side="right"), edges.size - 1)
        # Allotted in random order until each arm is full.
        rank = np.argsort(np.argsort(u.reshape(-1, size), axis=1), axis=1).ravel()
        return np.minimum(np.searchsorted(np.round(edges * size), rank, side="right"), edges.size - 1)

    def followed(self) -> Floats:
        """Month at which each patient is censored: the study ends, or the patient is lost."""
        trial = self.trial
        enrolled = trial.accrual_months * self._uniform("trial:enrolment")
        closed = trial.months_in_all - enrolled
        if trial.loss_per_month == 0:
            return closed
        return np.minimum(closed, unit_exponential(self._uniform("trial:loss")) / trial.loss_per_month)

    def watch(self, arm: Integers, censored: Floats) -> Watched:
        """What the study sees of each patient under one arm, shape (n_patients,), until censored."""
        column = np.arange(arm.size)
        own = self.histories
        end, ending = own.end[arm, column], own.ending[arm, column]
        left = own.treatment_end[arm, column] if self.trial.observed == "on_treatment" else end
        is_gone = (left <= censored) & ~((left == end) & (ending == Ending.HORIZON))
        until = np.minimum(left, censored)
        status = np.where(is_gone, COMPETING, CENSORED)
        who, month, kind = self._infections(arm)
        severe = (kind % len(GRADES) == GRADE_3PLUS) & (month <= until[who])
        event_patient, event_month = self._events(who, month, kind, until, end, ending)
        if self.trial.outcome != "infections":
            event_patient, first = np.unique(event_patient, return_index=True)
            event_month = event_month[first]
            until[event_patient], status[event_patient] = event_month, EVENT
        return Watched(
            arm=arm,
            until=until,
            status=status,
            ig_start=own.ig_start[arm, column],
            ig_end=own.ig_end[arm, column],
            frailty=self.who.frailty,
            event_patient=event_patient,
            event_month=event_month,
            severe_patient=who[severe],
            severe_month=month[severe],
        )

    def _infections(self, arm: Integers) -> tuple[Integers, Floats, Integers]:
        """Infections under each patient's arm, by patient and time."""
        ill = self.histories.illnesses
        column = ill.row % ill.n_patients
        met = np.flatnonzero(ill.row == arm[column] * ill.n_patients + column)
        order = met[np.lexsort((ill.time[met], column[met]))]
        return column[order], ill.time[order], ill.kind[order]

    def _events(
        self, who: Integers, month: Floats, kind: Integers, until: Floats, end: Floats, ending: Integers
    ) -> tuple[Integers, Floats]:
        trial = self.trial
        if not trial.counts_infections:
            fatal = (Ending.INFECTION_DEATH,) if trial.outcome == "infection_death" else tuple(Ending)[1:]
            dead = np.flatnonzero(np.isin(ending, fatal) & (end <= until))
            return dead, end[dead]
        counted = month <= until[who]
        if trial.infections == "3plus":
            counted &= kind % len(GRADES) == GRADE_3PLUS
        if trial.cause is not None:
            counted &= kind // len(GRADES) == self.model.infections.causes.index(trial.cause)
        return who[counted], month[counted]

    def _uniform(self, decision: str) -> Floats:
        return self.luck.stream(decision)(self.who.patient, 0)
