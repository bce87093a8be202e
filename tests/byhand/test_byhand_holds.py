"""The bispecific held after an infection: what is not given is not paid, to the day and the cent."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, GRADE_1_2
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    Candidate,
    Played,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

HELD, STOPPED, KILLED, REDUCED = 0, 1, 2, 3
A_DAY = 100.0


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Held for 7 days after an infection of grade 1-2, for 21 after one of grade >= 3; the drug costs 100 a day.

    HELD      treatment to day 200
    STOPPED   infections on days 80 and 90, the second ends treatment
    KILLED    infections on days 80 and 85, the second kills
    REDUCED   a responder, dosed at half the cost from day 50; an infection on day 40
    """
    luck = {
        **patient_luck(
            Candidate(40),
            Candidate(50, GRADE_1_2),
            Candidate(55),
            Candidate(100, GRADE_1_2),
            Candidate(190),
            Candidate(205),
            stop_day=200,
            number=HELD,
        ),
        **patient_luck(Candidate(80), Candidate(90, stop=0.1), number=STOPPED),
        **patient_luck(Candidate(80), Candidate(85, fatal=0.05), number=KILLED),
        **patient_luck(Candidate(40), number=REDUCED, patient__responder=[0.1]),
    }
    model = worked_model(
        NONE,
        agent={"drug_cost_per_month": A_DAY * DAYS_PER_MONTH},
        infections={"hold": np.array([[months(7), months(21)]])},
        population={"responder_proportion": 0.4},
        treatment={"reduced_from": months(50), "reduced_drug_multiplier": 0.5},
    )
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=4)


def test_a_hold_within_a_hold_prolongs_it_and_the_end_of_treatment_cuts_it(played: Played) -> None:
    """40 to 61 swallows 50 to 57; 55 to 76 prolongs it: 36 days. 100 to 107: 7. 190 to 211, cut on day 200: 10.

    The infection after treatment (exposure 205, day 200 + 5 / 0.5 = 210) holds nothing. 53 days held of 200.

    Paid  100 * (200 - 53) = 14,700; discounted in years 0.543162616 - 0.098101114 - 0.019005100 - 0.026949843
          = 0.399106558, times 36,525 = 14,577.37
    """
    assert played.days(Event.INFECTION, "none", HELD) == [40.0, 50.0, 55.0, 100.0, 190.0, 210.0]
    assert played.total("months_held", "none", HELD) == pytest.approx(53 / 30.4375, abs=MILLIONTH)
    assert played.total("cost:bispecific", "none", HELD) == pytest.approx(14_577.37, abs=CENT)
    undiscounted = 14_700 + 2 * 400 + 4 * 26_500
    assert played.total("cost_undiscounted", "none", HELD) == pytest.approx(undiscounted, abs=CENT)


def test_a_hold_is_still_time_on_treatment(played: Played) -> None:
    """Utility, exposure and the length of treatment go on: 200 days at 0.7, the rest at 0.6."""
    assert played.total("months_on_treatment", "none", HELD) == pytest.approx(200 / 30.4375, abs=MILLIONTH)
    lived = (0.7 * 200 + 0.6 * 165.25) / 365.25
    lost = 2 * 0.001 + 4 * 0.0084
    assert played.total("qaly_undiscounted", "none", HELD) == pytest.approx(lived - lost, abs=MILLIONTH)


def test_an_infection_that_ends_treatment_ends_the_hold_before_it_and_holds_nothing(played: Played) -> None:
    """Held 80 to 90 of 90 days: paid 36,525 * (0.245511396 - 0.027190822) = 7,974.16, undiscounted 8,000."""
    assert played.days(Event.TREATMENT_STOP, "none", STOPPED) == [90.0]
    assert played.total("months_held", "none", STOPPED) == pytest.approx(10 / 30.4375, abs=MILLIONTH)
    assert played.total("cost:bispecific", "none", STOPPED) == pytest.approx(7_974.16, abs=CENT)


def test_a_fatal_infection_holds_nothing(played: Played) -> None:
    """Held 80 to 85 of 85 days: the same 80 days are paid, 36,525 * (0.231918736 - 0.013598162) = 7,974.16."""
    assert played.days(Event.INFECTION_DEATH, "none", KILLED) == [85.0]
    assert played.total("months_held", "none", KILLED) == pytest.approx(5 / 30.4375, abs=MILLIONTH)
    assert played.total("cost:bispecific", "none", KILLED) == pytest.approx(7_974.16, abs=CENT)


def test_a_hold_saves_what_would_have_been_paid_then(played: Played) -> None:
    """Held 40 to 61: 10 days at 100 and 11 at 50 are saved, 1,550 of 50 * 100 + 315.25 * 50 = 20,762.50.

    Discounted 36,525 * (0.136615953 - 0.027278984 + (0.848749197 - 0.029981396) / 2) = 18,946.28
    """
    assert played.total("cost:bispecific", "none", REDUCED) == pytest.approx(18_946.28, abs=CENT)
    undiscounted = 20_762.5 - 1_550 + 26_500
    assert played.total("cost_undiscounted", "none", REDUCED) == pytest.approx(undiscounted, abs=CENT)


def test_a_hold_that_begins_where_the_last_one_ends_is_counted_once(engine: ModuleType) -> None:
    """Grade 1-2 on days 32, 39 and 50: held 32 to 39, 39 to 46 and 50 to 57, 21 days in all."""
    model = worked_model(NONE, infections={"hold": np.array([[months(7), months(21)]])})
    luck = patient_luck(*(Candidate(day, GRADE_1_2) for day in (32, 39, 50)))
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.total("months_held", "none") == pytest.approx(21 / 30.4375, abs=MILLIONTH)
