"""Immunoglobulin ordered by infections: what triggers it and when it protects, to the day and the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.model.parts import GRADE_1_2, GRADE_3PLUS, Condition
from sim.model.structure import Event
from tests.byhand.worked import (
    AFTER_SEVERE,
    CENT,
    MILLIONTH,
    NONE,
    SECONDARY,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

TWO_SERIOUS = replace(SECONDARY, name="two_serious", start=replace(AFTER_SEVERE, count=2, within=6.0))
TWO_ANY = replace(
    SECONDARY, name="two_any", start=Condition("infections", minimum_grade=GRADE_1_2, count=2, within=6.0)
)
THREE_ANY = replace(TWO_ANY, name="three_any", start=replace(TWO_ANY.start, count=3))


@pytest.fixture
def triggered(engine: ModuleType) -> Played:
    """Half a year (182.625 days) on treatment; all marks are 0.6, above the hazard ratio of grade >= 3."""
    candidates = [Candidate(day) for day in (50, 60, 68, 75)] + [Candidate(90, GRADE_1_2)]
    model = worked_model(NONE, SECONDARY, itself={"horizon": 6.0})
    return play_patients(engine, model, ScriptedLuck(patient_luck(*candidates)))


def test_without_immunoglobulin_every_candidate_is_an_infection(triggered: Played) -> None:
    """Discount factors 1.03^(-d/365.25): 0.995961796, 0.995156114, 0.994512038, 0.993948813; day 90: 0.992742977.

    Cost  26,500 * 3.979578761 + 400 * 0.992742977 = 105,458.837 + 397.097 = 105,855.93
    QALY  0.7 * 0.498143533 - 0.0084 * (0.997963936 + 0.997557220 + 0.997231968 + 0.996947459) - 0.001 * 0.996338069
          = 0.348700473 - 0.033513485 - 0.000996338 = 0.314191
    """
    assert triggered.days(Event.INFECTION, "none") == [50.0, 60.0, 68.0, 75.0, 90.0]
    assert triggered.total("cost", "none") == pytest.approx(105_855.93, abs=CENT)
    assert triggered.total("qaly", "none") == pytest.approx(0.314191, abs=MILLIONTH)


def test_protection_waits_for_the_order_the_delay_and_the_onset(triggered: Played) -> None:
    """The grade >= 3 infection of day 50 orders; first infusion on day 64; protection from 64 + 7 = 71 on.

    day 60  before the first infusion   infection
    day 68  infused, before onset       infection
    day 75  protected, 0.6 >= 0.38      averted
    day 90  grade 1-2, hazard ratio 1   infection
    Infusions on days 64, 92, 120, 148, 176; the horizon is day 182.625.

    Grade >= 3  26,500 * (0.995961796 + 0.995156114 + 0.994512038) = 26,500 * 2.985629948 = 79,119.19
    Grade 1-2   400 * 0.992742977                                                        =    397.10
    Ig          3,000 * 0.994834024 * 4.977417101 = 3,000 * 4.951703884                  = 14,855.11
    Giving it     300 * 4.951703884                                                      =  1,485.51
    Cost                                                                                   95,856.91

    QALY  0.348700473 - 0.0084 * (0.997963936 + 0.997557220 + 0.997231968) - 0.001 * 0.996338069
          - 0.0001 * 4.975608522 = 0.348700473 - 0.025139126 - 0.000996338 - 0.000497561 = 0.322067
    """
    assert triggered.story("secondary") == [
        (Event.INFECTION, 50.0),
        (Event.IG_ORDERED, 50.0),
        (Event.INFECTION, 60.0),
        (Event.INFUSION, 64.0),
        (Event.INFECTION, 68.0),
        (Event.AVERTED, 75.0),
        (Event.INFECTION, 90.0),
        (Event.INFUSION, 92.0),
        (Event.INFUSION, 120.0),
        (Event.INFUSION, 148.0),
        (Event.INFUSION, 176.0),
        (Event.HORIZON, 182.625),
    ]
    assert triggered.total("cost:infections_grade_3plus", "secondary") == pytest.approx(79_119.19, abs=CENT)
    assert triggered.total("cost:infections_grade_1_2", "secondary") == pytest.approx(397.10, abs=CENT)
    assert triggered.total("cost:immunoglobulin", "secondary") == pytest.approx(14_855.11, abs=CENT)
    assert triggered.total("cost:ig_administration", "secondary") == pytest.approx(1_485.51, abs=CENT)
    assert triggered.total("cost", "secondary") == pytest.approx(95_856.91, abs=CENT)
    assert triggered.total("qaly", "secondary") == pytest.approx(0.322067, abs=MILLIONTH)


@pytest.fixture
def recurrent(engine: ModuleType) -> Played:
    """Serious infections in months 2, 9 and 14 (days 60.875, 273.9375, 426.125), a mild one in month 12 (day 365.25).

    Eighteen months (547.875 days), on treatment throughout.
    """
    candidates = [
        Candidate(60.875),
        Candidate(273.9375),
        Candidate(365.25, GRADE_1_2),
        Candidate(426.125, GRADE_3PLUS),
    ]
    model = worked_model(TWO_SERIOUS, TWO_ANY, THREE_ANY, itself={"horizon": 18.0})
    return play_patients(engine, model, ScriptedLuck(patient_luck(*candidates)))


def test_two_infections_seven_months_apart_do_not_order_but_two_five_months_apart_do(recurrent: Played) -> None:
    """Two serious ones within 6 months: 9 - 2 = 7 no; the mild one of month 12 does not count; 14 - 9 = 5 yes.

    Infusions from day 426.125 + 14 = 440.125: 440.125, 468.125, 496.125, 524.125 (552.125 is past the horizon).

    Grade >= 3  26,500 * (0.995085648 + 0.978074827 + 0.966102571) = 26,500 * 2.939263046 = 77,890.47
    Grade 1-2   400 / 1.03                                                               =    388.35
    Infusions   3,300 * 0.965008610 * 3.986440038 = 3,300 * 3.846948959                  = 12,694.93
    Cost                                                                                   90,973.75

    QALY  0.7 * 1.483374308 = 1.038362015
          - 0.0084 * (0.997521641 + 0.988895654 + 0.982779942) - 0.001 / 1.015 - 0.0001 * 3.922159561
          = 1.038362015 - 0.024941257 - 0.000985222 - 0.000392216 = 1.012043
    """
    assert recurrent.story("two_serious") == [
        (Event.INFECTION, 60.875),
        (Event.INFECTION, 273.9375),
        (Event.INFECTION, 365.25),
        (Event.INFECTION, 426.125),
        (Event.IG_ORDERED, 426.125),
        (Event.INFUSION, 440.125),
        (Event.INFUSION, 468.125),
        (Event.INFUSION, 496.125),
        (Event.INFUSION, 524.125),
        (Event.HORIZON, 547.875),
    ]
    assert recurrent.total("cost", "two_serious") == pytest.approx(90_973.75, abs=CENT)
    assert recurrent.total("qaly", "two_serious") == pytest.approx(1.012043, abs=MILLIONTH)


def test_a_mild_infection_counts_where_the_minimum_grade_says_so(recurrent: Played) -> None:
    """Two of any grade within 6 months: 12 - 9 = 3, so the mild one of month 12 (day 365.25) orders.

    First infusion on day 379.25, protected from 386.25, so month 14 is averted. Infusions on days 379.25, 407.25,
    435.25, 463.25, 491.25, 519.25 and 547.25; the horizon is day 547.875.

    Cost  26,500 * (0.995085648 + 0.978074827) + 388.35 + 3,300 * 0.969774423 * 6.952647350
          = 52,288.75 + 388.35 + 22,250.25 = 74,927.35
    QALY  1.038362015 - 0.0084 * (0.997521641 + 0.988895654) - 0.000985222 - 0.0001 * 6.869074545
          = 1.038362015 - 0.016685905 - 0.000985222 - 0.000686907 = 1.020004
    """
    assert recurrent.days(Event.IG_ORDERED, "two_any") == [365.25]
    infusions = [379.25, 407.25, 435.25, 463.25, 491.25, 519.25, 547.25]
    assert recurrent.days(Event.INFUSION, "two_any") == infusions
    assert recurrent.days(Event.INFECTION, "two_any") == [60.875, 273.9375, 365.25]
    assert recurrent.days(Event.AVERTED, "two_any") == [426.125]
    assert recurrent.total("cost", "two_any") == pytest.approx(74_927.35, abs=CENT)
    assert recurrent.total("qaly", "two_any") == pytest.approx(1.020004, abs=MILLIONTH)


def test_three_infections_have_to_fall_within_the_window_all_of_them(recurrent: Played) -> None:
    """Three of any grade within 6 months: months 2, 9, 12 span 10 and do not; 9, 12, 14 span 5 and do."""
    assert recurrent.days(Event.IG_ORDERED, "three_any") == [426.125]


def test_first_infections_are_the_first_of_any_grade_and_of_grade_3_or_more(engine: ModuleType) -> None:
    """Mild on day 40, serious on days 70 and 90: 40 / 30.4375 = 1.314168, 70 / 30.4375 = 2.299795 months."""
    candidates = [Candidate(40, GRADE_1_2), Candidate(70), Candidate(90)]
    played = play_patients(engine, worked_model(NONE), ScriptedLuck(patient_luck(*candidates)))
    assert played.histories.illnesses.first[0, 0] == pytest.approx(1.314168, abs=MILLIONTH)
    assert played.histories.illnesses.first_grade_3plus[0, 0] == pytest.approx(2.299795, abs=MILLIONTH)


@pytest.mark.parametrize(
    ("infection", "ordered", "infused"),
    [(115.0, [115.0], [129.0]), (120.0, [120.0], []), (135.0, [], [])],
    ids=["in time", "too late to infuse", "too late to order"],
)
def test_after_treatment_only_the_washout_is_left_to_order_and_infuse(
    engine: ModuleType, infection: float, ordered: list[float], infused: list[float]
) -> None:
    """Treatment ends on day 100, the washout on day 130; ordering takes 14 days; the clock runs at half speed.

    Exposure 100 + (d - 100) / 2 falls on day d. Ordered on day 115, infused on day 129 and not again (157 > 130);
    ordered on day 120 the infusion would be due on day 134; on day 135 nothing is ordered any more.
    """
    luck = patient_luck(Candidate(100 + (infection - 100) / 2), stop_day=100)
    played = play_patients(engine, worked_model(SECONDARY), ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "secondary") == [infection]
    assert played.days(Event.IG_ORDERED, "secondary") == ordered
    assert played.days(Event.INFUSION, "secondary") == infused
    assert played.total("ig_ever", "secondary") == len(infused)
