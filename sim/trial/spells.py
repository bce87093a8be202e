"""From what a study watched to what a regression reads: spells with and without exposure, and the events in them.

A spell is open at its start and closed at its stop: who changes group at the instant of an event had it in the
group before. Ways to call a patient exposed:

    by_arm      the arm allotted
    ever        received immunoglobulin at any time while watched, from the first day on: the naive one, for whoever
                has an event early cannot have received any yet
    landmark    received by the landmark, among those still watched and without an event; time begins there
    current     changing sides with the first infusion, and back when the course ends
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts import Booleans, Floats, Integers
from sim.trial.watch import Watched


@dataclass(frozen=True, eq=False)
class Spells:
    """Time at risk by exposure; arrays of shape (n_spells,) and (n_events,).

    Attributes:
        n_patients: Patients of the study.
        patient: Whose spell.
        start: Month from which, excluded.
        stop: Month until which, included.
        exposed: In which group.
        event_patient: Who had an event.
        event_month: When.
        event_exposed: In which group the patient was.
    """

    n_patients: int
    patient: Integers
    start: Floats
    stop: Floats
    exposed: Booleans
    event_patient: Integers
    event_month: Floats
    event_exposed: Booleans


@dataclass(frozen=True, eq=False)
class Course:
    """Patients in pieces between which nothing changes; arrays of shape (n_pieces,).

    Attributes:
        patient: Whose piece.
        start: Month from which, excluded.
        stop: Month until which, included.
        event: Whether it ends with an event.
        on_ig: 1 while on immunoglobulin, otherwise 0.
        earlier: Severe infections so far.
    """

    patient: Integers
    start: Floats
    stop: Floats
    event: Booleans
    on_ig: Floats
    earlier: Integers


def by_arm(seen: Watched, arm: int, control: int) -> Spells:
    """Patients of one arm against those of the control, all others left out."""
    chosen = (seen.arm == arm) | (seen.arm == control)
    return _fixed(seen, seen.arm == arm, chosen, 0.0)


def ever(seen: Watched) -> Spells:
    """Ever received against never received."""
    return _fixed(seen, seen.ig_start < seen.until, np.ones(seen.n_patients, dtype=np.bool_), 0.0)


def landmark(seen: Watched, month: float) -> Spells:
    """Received by a month against not yet received, from that month on."""
    return _fixed(seen, seen.ig_start <= month, seen.until > month, month)


def current(seen: Watched) -> Spells:
    """On immunoglobulin against not on it."""
    begin, end = np.minimum(seen.ig_start, seen.until), np.minimum(seen.ig_end, seen.until)
    end = np.maximum(begin, end)
    everybody = np.arange(seen.n_patients)
    start = np.concatenate([np.zeros_like(begin), begin, end])
    stop = np.concatenate([begin, end, seen.until])
    exposed = np.repeat([False, True, False], seen.n_patients)
    kept = stop > start
    who = seen.event_patient
    treated = (seen.event_month > begin[who]) & (seen.event_month <= end[who])
    return Spells(
        seen.n_patients,
        np.tile(everybody, 3)[kept],
        start[kept],
        stop[kept],
        exposed[kept],
        who,
        seen.event_month,
        treated,
    )


def _fixed(seen: Watched, exposed: Booleans, chosen: Booleans, start: float) -> Spells:
    """Groups that do not change, from a month on."""
    patient = np.flatnonzero(chosen & (seen.until > start))
    counted = chosen[seen.event_patient] & (seen.event_month > start)
    who = seen.event_patient[counted]
    return Spells(
        seen.n_patients,
        patient,
        np.full(patient.size, start),
        seen.until[patient],
        exposed[patient],
        who,
        seen.event_month[counted],
        exposed[who],
    )


def paired(treated: Watched, control: Watched) -> Spells:
    """The same patients under two strategies, as if each had been in both arms of a trial."""
    one, other = (
        _fixed(seen, np.full(seen.n_patients, side), np.ones(seen.n_patients, dtype=np.bool_), 0.0)
        for seen, side in ((treated, True), (control, False))
    )
    return _joined(one, other)


def from_start(seen: Watched, chosen: Booleans, *, exposed: bool) -> Spells:
    """Some of those who began immunoglobulin, from its first infusion to the end of its course."""
    stop = np.minimum(seen.until, seen.ig_end)
    patient = np.flatnonzero(chosen & (stop > seen.ig_start))
    who = seen.event_patient
    counted = chosen[who] & (seen.event_month > seen.ig_start[who]) & (seen.event_month <= stop[who])
    begin = seen.ig_start[who[counted]]
    return Spells(
        seen.n_patients,
        patient,
        np.zeros(patient.size),
        (stop - np.where(np.isfinite(seen.ig_start), seen.ig_start, 0.0))[patient],
        np.full(patient.size, exposed),
        who[counted],
        seen.event_month[counted] - begin,
        np.full(begin.size, exposed),
    )


def begun(treated: Watched, placebo: Watched) -> Spells:
    """Those who begin immunoglobulin, from then on, with its effect and without: a placebo trial of starters.

    Until the first infusion both are the same patients on the same luck.
    """
    chosen = (treated.ig_start < treated.until) & (placebo.ig_start < placebo.until)
    return _joined(from_start(treated, chosen, exposed=True), from_start(placebo, chosen, exposed=False))


def _joined(one: Spells, other: Spells) -> Spells:
    """Spells of the same patients; events and exposure stay apart."""
    rows = ("patient", "start", "stop", "exposed", "event_patient", "event_month", "event_exposed")
    return Spells(
        one.n_patients, **{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in rows}
    )


def pieces(spells: Spells) -> list[tuple[int, float, float, bool, bool]]:
    """Patient, start, stop, exposed, event: every spell cut at its events, for programs that read one event a row."""
    rows = []
    for patient, start, stop, exposed in zip(spells.patient, spells.start, spells.stop, spells.exposed, strict=True):
        own = (spells.event_patient == patient) & (spells.event_month > start) & (spells.event_month <= stop)
        last = start
        for month in np.sort(spells.event_month[own]):
            rows.append((int(patient), last, month, bool(exposed), True))
            last = month
        if stop > last:
            rows.append((int(patient), last, stop, bool(exposed), False))
    return rows


EVENT_ENDS, CHANGES = 0, 1
"""At one instant a piece first ends by the event, then the covariates change."""


def course_of(seen: Watched) -> Course:
    """Patients cut where immunoglobulin starts or ends, after each severe infection, and at events."""
    everybody = np.arange(seen.n_patients)
    began, ended = seen.ig_start < seen.until, (seen.ig_end < seen.until) & (seen.ig_start < seen.until)
    before = seen.severe_month < seen.until[seen.severe_patient]
    # Patient, month, order at one instant, change of on_ig, change of earlier infections, event.
    cuts = [
        (everybody, np.zeros(seen.n_patients), CHANGES, 0, 0, 0),
        (everybody[began], seen.ig_start[began], CHANGES, 1, 0, 0),
        (everybody[ended], seen.ig_end[ended], CHANGES, -1, 0, 0),
        (seen.severe_patient[before], seen.severe_month[before], CHANGES, 0, 1, 0),
        (seen.event_patient, seen.event_month, EVENT_ENDS, 0, 0, 1),
        (everybody, seen.until, EVENT_ENDS, 0, 0, 0),
    ]
    patient = np.concatenate([cut[0] for cut in cuts])
    month = np.concatenate([cut[1] for cut in cuts])
    rank, on, earlier, event = (np.concatenate([np.full(cut[0].size, cut[k]) for cut in cuts]) for k in (2, 3, 4, 5))
    # The event before the plain end of watching at the same instant.
    order = np.lexsort((-event, rank, month, patient))
    patient, month, on, earlier, event = (each[order] for each in (patient, month, on, earlier, event))
    state_on, state_earlier = np.cumsum(on), np.cumsum(earlier)
    first = np.searchsorted(patient, everybody)
    state_on = state_on - (state_on - on)[first][patient]
    state_earlier = state_earlier - (state_earlier - earlier)[first][patient]
    same = patient[1:] == patient[:-1]
    kept = same & (month[1:] > month[:-1])
    return Course(
        patient[1:][kept],
        month[:-1][kept],
        month[1:][kept],
        event[1:][kept] == 1,
        state_on[:-1][kept].astype(np.float64),
        state_earlier[:-1][kept],
    )
