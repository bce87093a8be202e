"""What a study would have measured, on a log of five patients worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engines.log import EventLog, LogBook
from sim.model.structure import Event
from sim.verify.measures import MEASURES, READINGS, Question, course

MILD, SEVERE = 0, 1
INFINITE = np.inf


def log() -> EventLog:
    """Strategy 0, five patients.

    0 is mildly ill at 2, severely at 3, stops at 6, is severely ill at 8 and dies of it.
    1 stops at 4 and is mildly ill at 5, lives to the horizon, 24.
    2 is never ill, has IgG 500 and 390 at 0 and 1, dies on treatment at 10.
    3 is severely ill at 7 and stops at once for it, has IgG 350 at 0, lives to the horizon.
    4 is never ill and stops at 3, dies at 12.
    """
    book = LogBook()

    def note(event: Event, patient: int, time: float, **more: float) -> None:
        book.note(event, strategy=0, patient=patient, time=time, **more)  # type: ignore[arg-type]

    for patient, time, grade in ((0, 2, MILD), (0, 3, SEVERE), (0, 8, SEVERE), (1, 5, MILD), (3, 7, SEVERE)):
        note(Event.INFECTION, patient, time, grade=grade, cause=0)
    for patient, time in ((0, 6), (1, 4), (3, 7), (4, 3)):
        note(Event.TREATMENT_STOP, patient, time)
    for patient, time, igg in ((2, 0, 500), (2, 1, 390), (3, 0, 350)):
        note(Event.IGG_TEST, patient, time, value=igg)
    note(Event.INFECTION_DEATH, 0, 8, cause=0)
    note(Event.OTHER_DEATH, 2, 10)
    note(Event.OTHER_DEATH, 4, 12)
    note(Event.HORIZON, 1, 24)
    note(Event.HORIZON, 3, 24)
    return book.bind()


FOLLOWED = np.zeros(5, dtype=np.int64)


@pytest.mark.parametrize(
    ("measure", "asked", "expected"),
    [
        # First infections at 2, 5 (after treatment), 7; exits at 6, 4, 10, 7, 3.
        ("incidence", Question(12, "any", "alive"), 3 / 5),
        ("incidence", Question(12, "any", "on_treatment"), 2 / 5),
        ("incidence", Question(5, "any", "on_treatment"), 1 / 5),
        ("incidence", Question(12, "3plus", "alive"), 2 / 5),
        # Any: 5 at risk at 2; 4 leaves at 3, 1 at 4; 2 at risk at 7.
        ("incidence", Question(12, "any", "censored_at_exit"), 1 - (4 / 5) * (1 / 2)),
        # Severe: at 3 patient 4 leaves as patient 0 falls ill, who is still counted among 5.
        ("incidence", Question(12, "3plus", "censored_at_exit"), 1 - (4 / 5) * (1 / 2)),
        # 3 infections in 6 + 4 + 10 + 7 + 3 months of treatment.
        ("rate", Question(), 3 / 30 * 12),
        ("rate", Question(grade="3plus"), 2 / 30 * 12),
        # Up to month 5: 2 infections in 5 + 4 + 5 + 5 + 3 months.
        ("rate", Question(5), 2 / 22 * 12),
        ("months_to_first", Question(), (2 + 7) / 2),
        ("months_to_first", Question(grade="3plus"), (3 + 7) / 2),
        # Any: 5 at risk at 2, two of whom leave at 3 and 4; 2 at 7: 4/5, then 2/5. Severe: the same from 3 on.
        ("infection_free_median", Question(), 7.0),
        ("infection_free_median", Question(grade="3plus"), 7.0),
        ("infection_death", Question(12), 1 / 5),
        ("infection_death", Question(7.9), 0.0),
        ("alive", Question(11), 3 / 5),
        # The only death of infection is after treatment.
        ("fatality", Question(), 0.0),
        ("severe_share", Question(), 2 / 3),
        ("low_igg", Question(12), 2 / 5),
        ("low_igg", Question(0.5), 1 / 5),
        ("months_to_low_igg", Question(), 0.5),
    ],
)
def test_measures_of_five_patients(measure: str, asked: Question, expected: float) -> None:
    assert MEASURES[measure](course(log(), FOLLOWED), asked) == pytest.approx(expected, rel=1e-12)


def test_each_patient_follows_one_strategy() -> None:
    plain = log()
    other = EventLog(
        **{**vars(plain), "strategy": plain.strategy + 1, "time": plain.time + (plain.event == Event.OTHER_DEATH)}
    )
    both = EventLog(
        *(np.concatenate([a, b]) for a, b in zip(vars(plain).values(), vars(other).values(), strict=True))
    )
    followed = np.array([0, 0, 1, 0, 0])
    mixed = course(both, followed)
    assert mixed.end.tolist() == [8, 24, 11, 24, 12]
    assert len(mixed.log) == len(plain)


def test_death_ends_infection_free_survival_and_leaving_does_not() -> None:
    """Of four who are never ill two die on treatment, at 4 and 9, one leaves at 5 and dies at 6, one stays to 24."""
    book = LogBook()
    for patient, event, time in (
        *((0, Event.OTHER_DEATH, 4), (1, Event.TREATMENT_STOP, 5), (1, Event.OTHER_DEATH, 6)),
        *((2, Event.OTHER_DEATH, 9), (3, Event.HORIZON, 24)),
    ):
        book.note(event, strategy=0, patient=patient, time=time)
    four = course(book.bind(), np.zeros(4, dtype=np.int64))
    assert MEASURES["infection_free_median"](four, Question()) == 9.0  # 3/4, then half of it


def test_what_cannot_be_had_is_no_number() -> None:
    nobody = course(log(), FOLLOWED)
    assert np.isnan(MEASURES["months_to_first"](nobody, Question(1)))
    assert np.isnan(MEASURES["fatality"](nobody, Question(1)))
    assert np.isnan(MEASURES["months_to_low_igg"](nobody, Question(-1)))
    assert set(READINGS) == {"alive", "on_treatment", "censored_at_exit"}
