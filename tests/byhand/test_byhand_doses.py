"""Doses that answer to the course, missed infusions, and a weekly subcutaneous regimen, to the day and the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.model.parts import GRADE_1_2, DoseAdjustment, Regimen
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    IVIG,
    MILLIONTH,
    NONE,
    PRIMARY,
    SECONDARY,
    Candidate,
    Played,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck


def grams(played: Played, strategy: str, patient: int = 0) -> list[float]:
    """Grams of each infusion in order of time."""
    log = played.log
    index = [one.name for one in played.model.strategies].index(strategy)
    these = (log.event == Event.INFUSION) & (log.strategy == index) & (log.patient == patient)
    return [round(float(value), 9) for value in log.value[these]]


# ---------------------------------------------------------------------- adherence


def test_a_missed_infusion_leaves_a_gap_in_protection(engine: ModuleType) -> None:
    """Four in five infusions are given. Marks 0.9 (the first is always given), 0.5, 0.85 (missed), 0.5, 0.1.

    Treatment to day 100, washout to day 130: days 0, 28, 84, 112. Protected to 28 + 35 = 63 and again from day 84.
    day 60  averted      day 70  infection      day 85  averted     (marks 0.6)

    Sum of 1.03^(-d/365.25) = 3.981938792
    Ig 11,945.82 + giving it 1,194.58 + infection 26,500 * 0.994351068 = 26,350.30: 39,490.70
    QALY 0.622878283 - 0.0084 * 0.997150671 - 0.0001 * 3.990886045 = 0.614103
    """
    model = worked_model(PRIMARY, regimen={"adherence": 0.8})
    candidates = [Candidate(60), Candidate(70), Candidate(85)]
    luck = patient_luck(*candidates, stop_day=100, ig__adherence=[0.9, 0.5, 0.85, 0.5, 0.1])
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0, 84.0, 112.0]
    assert played.days(Event.INFECTION, "primary") == [70.0]
    assert played.days(Event.AVERTED, "primary") == [60.0, 85.0]
    assert played.total("infusions", "primary") == 4.0
    assert played.total("ig_grams", "primary") == pytest.approx(120.0, abs=1e-9)
    assert played.total("cost:immunoglobulin", "primary") == pytest.approx(11_945.82, abs=CENT)
    assert played.total("cost:ig_administration", "primary") == pytest.approx(1_194.58, abs=CENT)
    assert played.total("cost", "primary") == pytest.approx(39_490.70, abs=CENT)
    assert played.total("qaly", "primary") == pytest.approx(0.614103, abs=MILLIONTH)
    assert played.total("ig_months", "primary") == pytest.approx(130 / 30.4375, abs=MILLIONTH)


# ---------------------------------------------------------------------- step-up


TWICE, ONCE, MILD = 0, 1, 2


@pytest.fixture
def stepped_up(engine: ModuleType) -> Played:
    """Half as much again after a serious infection, at most double; hazard ratio 0.38^factor for grade >= 3.

    TWICE  serious infections on days 20 and 25: the dose of day 0 is still in force, 0.3 < 0.38
    ONCE   on day 20 alone
    MILD   a mild infection on day 20
    """
    luck = {
        **patient_luck(
            Candidate(20, accept=0.3),
            Candidate(25, accept=0.3),
            Candidate(40, accept=0.2),
            Candidate(50, accept=0.1),
            stop_day=60,
            number=TWICE,
        ),
        **patient_luck(Candidate(20, accept=0.3), Candidate(40, accept=0.3), stop_day=60, number=ONCE),
        **patient_luck(Candidate(20, GRADE_1_2), Candidate(40, accept=0.3), stop_day=60, number=MILD),
    }
    adjustment = DoseAdjustment(step_up=1.5, maximum=2.0, exponent=1.0)
    model = worked_model(NONE, PRIMARY, SECONDARY, immunoglobulin={"adjustment": adjustment})
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_two_serious_infections_reach_the_cap(stepped_up: Played) -> None:
    """1.5^2 = 2.25 is cut to 2: 30, then 60 g on days 28, 56 and 84. Hazard ratio 0.38^2 = 0.1444 from day 28 on.

    Day 40 (0.2 >= 0.1444) is averted, though not at 0.38^1.5 = 0.2342; day 50 (0.1) is an infection, and 2 stays 2.
    Ig  100 * (30 + 60 * 2.986440038) = 20,918.64; giving it 300 * 3.986440038 = 1,195.93
    """
    assert stepped_up.days(Event.INFECTION, "primary", TWICE) == [20.0, 25.0, 50.0]
    assert stepped_up.days(Event.AVERTED, "primary", TWICE) == [40.0]
    assert grams(stepped_up, "primary", TWICE) == [30.0, 60.0, 60.0, 60.0]
    assert stepped_up.total("cost:immunoglobulin", "primary", TWICE) == pytest.approx(20_918.64, abs=CENT)
    assert stepped_up.total("cost:ig_administration", "primary", TWICE) == pytest.approx(1_195.93, abs=CENT)


def test_one_serious_infection_steps_up_once(stepped_up: Played) -> None:
    """45 g from day 28; 0.38^1.5 = 0.2342 <= 0.3 averts day 40. 100 * (30 + 45 * 2.986440038) = 16,438.98."""
    assert stepped_up.days(Event.INFECTION, "primary", ONCE) == [20.0]
    assert stepped_up.days(Event.AVERTED, "primary", ONCE) == [40.0]
    averted = (stepped_up.log.event == Event.AVERTED) & (stepped_up.log.patient == ONCE)
    assert stepped_up.log.value[averted] == pytest.approx([0.234248], abs=MILLIONTH)
    assert grams(stepped_up, "primary", ONCE) == [30.0, 45.0, 45.0, 45.0]
    assert stepped_up.total("cost:immunoglobulin", "primary", ONCE) == pytest.approx(16_438.98, abs=CENT)


def test_a_mild_infection_does_not_step_up(stepped_up: Played) -> None:
    """Day 28 is still at 30 g, so 0.3 < 0.38 makes day 40 a serious infection, and only that steps up."""
    assert grams(stepped_up, "primary", MILD) == [30.0, 30.0, 45.0, 45.0]
    assert stepped_up.days(Event.INFECTION, "primary", MILD) == [20.0, 40.0]


def test_infections_before_the_first_infusion_do_not_step_up(stepped_up: Played) -> None:
    """Ordered on day 20, first infusion on day 34; the infection of day 25 comes before it.

    That of day 40 is met before onset (day 41) and steps up to 45 g; that of day 50 (0.1 < 0.38) to 60 g.
    """
    assert stepped_up.days(Event.INFECTION, "secondary", TWICE) == [20.0, 25.0, 40.0, 50.0]
    assert stepped_up.days(Event.INFUSION, "secondary", TWICE) == [34.0, 62.0]
    assert grams(stepped_up, "secondary", TWICE) == [30.0, 60.0]
    assert grams(stepped_up, "secondary", ONCE) == [30.0, 45.0]


def test_without_an_exponent_the_hazard_ratio_is_that_of_the_standard_dose(engine: ModuleType) -> None:
    """45 g from day 28, but day 40 (0.3 < 0.38) is an infection; then 1.5^2, cut to 2."""
    adjustment = DoseAdjustment(step_up=1.5, maximum=2.0)
    luck = patient_luck(Candidate(20, accept=0.3), Candidate(40, accept=0.3), stop_day=60)
    model = worked_model(PRIMARY, immunoglobulin={"adjustment": adjustment})
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "primary") == [20.0, 40.0]
    assert grams(played, "primary") == [30.0, 45.0, 60.0, 60.0]


# ---------------------------------------------------------------------- step-down and stop


def test_the_dose_is_halved_after_quiet_months_and_restored_by_an_infection(engine: ModuleType) -> None:
    """Halved from 70 quiet days on. Day 84: 84 >= 70, 15 g and a hazard ratio of 0.38^0.5 = 0.6164.

    Day 60 (0.5 >= 0.38) is averted, day 90 (0.5 < 0.6164) is not and restores the dose: days 112 and 140 are 22 and
    50 days after it, day 168 is 78. Treatment to day 150, washout to day 180.
    Ig  3,000 * 4.972926043 + 1,500 * 1.979721307 = 17,888.36
    """
    adjustment = DoseAdjustment(down_after=months(70), down=0.5, exponent=1.0)
    model = worked_model(PRIMARY, immunoglobulin={"adjustment": adjustment})
    luck = patient_luck(Candidate(60, accept=0.5), Candidate(90, accept=0.5), stop_day=150)
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.AVERTED, "primary") == [60.0]
    assert played.days(Event.INFECTION, "primary") == [90.0]
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0, 56.0, 84.0, 112.0, 140.0, 168.0]
    assert grams(played, "primary") == [30.0, 30.0, 30.0, 15.0, 30.0, 30.0, 15.0]
    assert played.total("ig_grams", "primary") == pytest.approx(180.0, abs=1e-9)
    assert played.total("cost:immunoglobulin", "primary") == pytest.approx(17_888.36, abs=CENT)


QUIET, LATE, SHORT = 0, 1, 2


@pytest.fixture
def stopped(engine: ModuleType) -> Played:
    """Immunoglobulin ends at the first infusion that is due 100 quiet days or more after the start.

    QUIET  no infection while the course runs
    LATE   a serious infection on day 80
    SHORT  treatment to day 60, so that the washout ends on day 90
    """
    luck = {
        **patient_luck(Candidate(115), Candidate(125), number=QUIET),
        **patient_luck(Candidate(80, accept=0.2), Candidate(198), Candidate(210), number=LATE),
        **patient_luck(stop_day=60, number=SHORT),
    }
    model = worked_model(PRIMARY, immunoglobulin={"adjustment": DoseAdjustment(stop_after=months(100))})
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_quiet_months_end_immunoglobulin_for_good(stopped: Played) -> None:
    """Days 0, 28, 56, 84; day 112 is 100 quiet days or more. Protected to 84 + 35 = 119: 115 averted, 125 not.

    The serious infection of day 125 does not bring it back. 3,300 * 3.986440038 + 26,500 * 0.989935045 = 39,388.53
    """
    assert stopped.story("primary", QUIET) == [
        (Event.IG_ORDERED, 0.0),
        (Event.INFUSION, 0.0),
        (Event.INFUSION, 28.0),
        (Event.INFUSION, 56.0),
        (Event.INFUSION, 84.0),
        (Event.IG_STOPPED, 112.0),
        (Event.AVERTED, 115.0),
        (Event.INFECTION, 125.0),
        (Event.HORIZON, 365.25),
    ]
    assert stopped.total("ig_months", "primary", QUIET) == pytest.approx(112 / 30.4375, abs=MILLIONTH)
    assert stopped.total("infusions", "primary", QUIET) == 4.0
    assert stopped.total("cost", "primary", QUIET) == pytest.approx(39_388.53, abs=CENT)


def test_an_infection_begins_the_quiet_months_anew(stopped: Played) -> None:
    """Quiet from day 80: 168 is before 180, 196 is not. Seven infusions; protected to 168 + 35 = 203.

    3,300 * 6.952647350 + 26,500 * (0.993546705 + 0.983148803) = 75,326.17
    """
    assert stopped.days(Event.INFUSION, "primary", LATE) == [0.0, 28.0, 56.0, 84.0, 112.0, 140.0, 168.0]
    assert stopped.days(Event.IG_STOPPED, "primary", LATE) == [196.0]
    assert stopped.days(Event.INFECTION, "primary", LATE) == [80.0, 210.0]
    assert stopped.days(Event.AVERTED, "primary", LATE) == [198.0]
    assert stopped.total("cost", "primary", LATE) == pytest.approx(75_326.17, abs=CENT)


def test_a_course_that_ends_before_is_not_stopped(stopped: Played) -> None:
    """The washout ends on day 90, before the rule could speak on day 112."""
    assert stopped.days(Event.IG_STOPPED, "primary", SHORT) == []
    assert stopped.days(Event.INFUSION, "primary", SHORT) == [0.0, 28.0, 56.0, 84.0]
    assert stopped.total("ig_months", "primary", SHORT) == pytest.approx(90 / 30.4375, abs=MILLIONTH)


# ---------------------------------------------------------------------- subcutaneous


SCIG = Regimen(
    route="SCIG",
    dose_g_per_kg=0.1,
    vial_size_g=0.0,
    interval=months(7),
    onset_lag=months(3),
    protection=months(10),
    price_per_gram=120.0,
    administration_cost=50.0,
    qaly_loss=0.00002,
)


@pytest.fixture
def both_routes(engine: ModuleType) -> Played:
    """Treatment to day 30, washout to day 42; candidates on days 2, 5, 44 and 50 (exposures 37 and 40)."""
    weekly = replace(PRIMARY, name="weekly", regimen=1)
    model = worked_model(PRIMARY, weekly, immunoglobulin={"washout": months(12)}, itself={"regimens": (IVIG, SCIG)})
    luck = patient_luck(Candidate(2), Candidate(5), Candidate(37), Candidate(40), stop_day=30)
    return play_patients(engine, model, ScriptedLuck(luck))


def test_a_strategy_uses_the_timing_of_its_own_regimen(both_routes: Played) -> None:
    """Weekly, onset on day 3, protected to 35 + 10 = 45; every 28 days, onset on day 7, protected to 28 + 35 = 63."""
    assert both_routes.days(Event.INFUSION, "weekly") == [0.0, 7.0, 14.0, 21.0, 28.0, 35.0]
    assert both_routes.days(Event.AVERTED, "weekly") == [5.0, 44.0]
    assert both_routes.days(Event.INFECTION, "weekly") == [2.0, 50.0]
    assert both_routes.days(Event.INFUSION, "primary") == [0.0, 28.0]
    assert both_routes.days(Event.AVERTED, "primary") == [44.0, 50.0]
    assert both_routes.days(Event.INFECTION, "primary") == [2.0, 5.0]


def test_a_strategy_pays_the_prices_of_its_own_regimen(both_routes: Played) -> None:
    """Sum of 1.03^(-7k/365.25), k = 0 to 5: 5.991511421. 7.5 g at 120 are 900.

    Weekly   900 * 5.991511421 = 5,392.36; 50 * 5.991511421 = 299.58
    Primary  3,000 * 1.997736593 = 5,993.21; 300 * 1.997736593 = 599.32
    QALYs weekly  0.603764033 - 0.00002 * 5.995722144 - 0.0084 * (0.999918478 + 0.997963936) = 0.586862
    """
    assert both_routes.total("cost:immunoglobulin", "weekly") == pytest.approx(5_392.36, abs=CENT)
    assert both_routes.total("cost:ig_administration", "weekly") == pytest.approx(299.58, abs=CENT)
    assert both_routes.total("ig_grams", "weekly") == pytest.approx(45.0, abs=1e-9)
    assert both_routes.total("cost:immunoglobulin", "primary") == pytest.approx(5_993.21, abs=CENT)
    assert both_routes.total("cost:ig_administration", "primary") == pytest.approx(599.32, abs=CENT)
    assert both_routes.total("qaly", "weekly") == pytest.approx(0.586862, abs=MILLIONTH)
