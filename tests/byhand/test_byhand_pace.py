"""Hazard periods and less frequent dosing: when candidates fall in calendar time, to the day."""

from __future__ import annotations

from types import ModuleType

import pytest

from sim.model.parts import DAYS_PER_MONTH
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    NONE,
    PRIMARY,
    Candidate,
    Played,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

DOUBLE_THEN_HALF = {"period_starts": (0.0, months(60)), "period_multipliers": (2.0, 0.5)}


def test_candidates_follow_the_hazard_periods(engine: ModuleType) -> None:
    """Twice the rates to day 60, half of them later, half the full rates after treatment (day 110).

    Exposure  30 = day 30 / 2 = 15; 100 = day 50; 120 = day 60, the turn itself; 140 = day 60 + 20 / 0.5 = 100.
    Day 110 shows 120 + 50 * 0.5 = 145; exposure 155 = day 110 + 10 / 0.5 = 130: no period after treatment.
    """
    luck = patient_luck(*(Candidate(exposure) for exposure in (30, 100, 120, 140, 155)), stop_day=110)
    played = play_patients(engine, worked_model(NONE, target=DOUBLE_THEN_HALF), ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "none") == [15.0, 50.0, 60.0, 100.0, 130.0]
    assert played.days(Event.TREATMENT_STOP, "none") == [110.0]


def test_periods_move_infections_and_nothing_else(engine: ModuleType) -> None:
    """Infusions every 28 days of the calendar, protection from day 7 to 35 days after the last, as ever.

    Exposure 10 falls on day 5, before onset, 16 on day 8, after it.
    """
    luck = patient_luck(Candidate(10), Candidate(16), stop_day=60, death_hazard=0.2)
    played = play_patients(engine, worked_model(PRIMARY, target=DOUBLE_THEN_HALF), ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "primary") == [5.0]
    assert played.days(Event.AVERTED, "primary") == [8.0]
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0, 56.0, 84.0]
    assert played.days(Event.OTHER_DEATH, "primary") == [60 + (0.2 - 0.012) / 0.001]


def test_a_period_without_hazard_is_passed_over(engine: ModuleType) -> None:
    """No hazard from day 30 to day 60: exposure 30 is day 30, exposure 40 is day 70."""
    target = {"period_starts": (0.0, months(30), months(60)), "period_multipliers": (1.0, 0.0, 1.0)}
    luck = patient_luck(Candidate(30), Candidate(40))
    played = play_patients(engine, worked_model(NONE, target=target), ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "none") == [30.0, 70.0]


def test_an_infection_that_ends_treatment_moves_later_candidates_by_what_the_clock_shows(engine: ModuleType) -> None:
    """Exposure 100 is day 50 and ends treatment, the clock showing 100; exposure 140 is day 50 + 40 / 0.5 = 130.

    Had treatment gone on, it would have been day 100, as for the second patient.
    """
    luck = {
        **patient_luck(Candidate(100, stop=0.1), Candidate(140), number=0),
        **patient_luck(Candidate(100), Candidate(140), number=1),
    }
    played = play_patients(engine, worked_model(NONE, target=DOUBLE_THEN_HALF), ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.INFECTION, "none", 0) == [50.0, 130.0]
    assert played.days(Event.INFECTION, "none", 1) == [50.0, 100.0]


RESPONDER, OTHER = 0, 1


@pytest.fixture
def reduced(engine: ModuleType) -> Played:
    """40 % respond and are dosed less often from day 60: half the infection rates, 0.6 of the drug's 100 a day."""
    candidates = [Candidate(exposure) for exposure in (30, 80, 100)]
    luck = {
        **patient_luck(*candidates, stop_day=120, number=RESPONDER, patient__responder=[0.39]),
        **patient_luck(*candidates, stop_day=120, number=OTHER, patient__responder=[0.41]),
    }
    model = worked_model(
        NONE,
        agent={"drug_cost_per_month": 100.0 * DAYS_PER_MONTH},
        population={"responder_proportion": 0.4},
        treatment={
            "reduced_from": months(60),
            "reduced_infection_multiplier": 0.5,
            "reduced_drug_multiplier": 0.6,
        },
    )
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_responders_dosed_less_often_meet_infections_later(reduced: Played) -> None:
    """Exposure 80 is day 60 + 20 / 0.5 = 100; day 120 shows 60 + 30 = 90, so 100 is day 120 + 10 / 0.5 = 140."""
    assert reduced.days(Event.INFECTION, "none", RESPONDER) == [30.0, 100.0, 140.0]
    assert reduced.days(Event.INFECTION, "none", OTHER) == [30.0, 80.0, 100.0]


def test_responders_dosed_less_often_cost_less(reduced: Played) -> None:
    """36,525 * (0.163872870 + 0.6 * 0.163079089) = 9,559.33; without 36,525 * 0.326951959 = 11,941.92."""
    assert reduced.total("cost:bispecific", "none", RESPONDER) == pytest.approx(9_559.33, abs=CENT)
    assert reduced.total("cost:bispecific", "none", OTHER) == pytest.approx(11_941.92, abs=CENT)
    undiscounted = [reduced.total("cost_undiscounted", "none", who) - 3 * 26_500 for who in (RESPONDER, OTHER)]
    assert undiscounted == pytest.approx([100 * 60 + 60 * 60, 100 * 120], abs=CENT)


def test_periods_and_less_frequent_dosing_multiply(engine: ModuleType) -> None:
    """Speed 1 to day 40, 2 to day 60, then 2 * 0.25: exposure 40 = day 40, 60 = day 50, 80 = day 60, 90 = day 80.

    Those who do not respond stay at 2: exposure 90 = day 65.
    """
    candidates = [Candidate(exposure) for exposure in (40, 60, 80, 90)]
    luck = {
        **patient_luck(*candidates, number=RESPONDER, patient__responder=[0.1]),
        **patient_luck(*candidates, number=OTHER, patient__responder=[0.9]),
    }
    model = worked_model(
        NONE,
        target={"period_starts": (0.0, months(40)), "period_multipliers": (1.0, 2.0)},
        population={"responder_proportion": 0.4},
        treatment={"reduced_from": months(60), "reduced_infection_multiplier": 0.25},
    )
    played = play_patients(engine, model, ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.INFECTION, "none", RESPONDER) == [40.0, 50.0, 60.0, 80.0]
    assert played.days(Event.INFECTION, "none", OTHER) == [40.0, 50.0, 60.0, 65.0]
