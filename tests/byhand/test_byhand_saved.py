"""A patient whom immunoglobulin saves from a fatal infection, to the day and the cent."""

from __future__ import annotations

from types import ModuleType

import pytest

from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    PRIMARY,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Candidates of grade >= 3 on days 100 (mark 0.60, would kill) and 200 (mark 0.20); treatment until day 300."""
    luck = patient_luck(Candidate(100, accept=0.60, fatal=0.05), Candidate(200, accept=0.20), stop_day=300)
    return play_patients(engine, worked_model(NONE, PRIMARY), ScriptedLuck(luck))


def test_without_immunoglobulin_the_patient_dies_of_the_first_infection(played: Played) -> None:
    """Without Ig the hazard ratio is 1 > 0.60, so day 100 is an infection; fatality mark 0.05 < 0.1, so it kills.

    Cost   26,500 * 1.03^(-100/365.25) = 26,500 * 0.991939899 = 26,286.41
    QALY   on treatment to day 100: 0.7 * (1 - 1.015^(-100/365.25)) / ln 1.015 = 0.7 * 0.273227824 = 0.191259;
           a fatal infection has no QALY loss of its own
    Life   100 / 365.25 = 0.273785 years, 0.273228 discounted
    """
    assert played.story("none") == [(Event.INFECTION, 100.0), (Event.INFECTION_DEATH, 100.0)]
    assert played.total("cost", "none") == pytest.approx(26_286.41, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "none") == pytest.approx(26_286.41, abs=CENT)
    assert played.total("cost_undiscounted", "none") == 26_500.0
    assert played.total("qaly", "none") == pytest.approx(0.191259, abs=MILLIONTH)
    assert played.total("life_years", "none") == pytest.approx(0.273785, abs=MILLIONTH)
    assert played.total("life_years_discounted", "none") == pytest.approx(0.273228, abs=MILLIONTH)
    assert played.total("infection_death", "none") == 1.0
    assert played.total("hospital_days", "none") == 8.0


def test_with_immunoglobulin_the_saved_patient_meets_a_later_infection(played: Played) -> None:
    """Protected from day 7: day 100 (last infusion day 84) is averted as 0.60 >= 0.38; day 200 is not as 0.20 < 0.38.

    Infusions on days 28 k before treatment end + washout = day 330: k = 0 to 11 (day 308), twelve.
    With q = 1.03^(-28/365.25) = 0.997736593:  (1 - q^12) / (1 - q) = (1 - 0.973174695) / 0.002263407 = 11.851736472

    Ig          30 g * 100 * 11.851736472            = 35,555.21
    Giving it   300 * 11.851736472                   =  3,555.52
    Infection   26,500 * 1.03^(-200/365.25)
                = 26,500 * 0.983944764               = 26,074.54
    Cost                                               65,185.27   (undiscounted 12 * 3,300 + 26,500 = 66,100)

    On treatment to day 300   0.7 * 0.816353534      =  0.571447474
    After it to day 365.25    0.6 * 0.176238967      =  0.105743380
    Infection   0.0084 * 1.015^(-200/365.25)         = -0.008331797
    Infusions   0.0001 * sum of 1.015^(-28k/365.25)
                = 0.0001 * 11.924998853              = -0.001192500
    QALY                                                0.667667   (undiscounted 0.672536:
                0.7 * 300/365.25 + 0.6 * 65.25/365.25 - 0.0084 - 12 * 0.0001)
    Life years discounted  0.816353534 + 0.176238967 =  0.992593
    """
    infusions = [0.0, 28.0, 56.0, 84.0, 112.0, 140.0, 168.0, 196.0, 224.0, 252.0, 280.0, 308.0]
    assert played.days(Event.INFUSION, "primary") == infusions
    others = [(event, day) for event, day in played.story("primary") if event is not Event.INFUSION]
    assert others == [
        (Event.IG_ORDERED, 0.0),
        (Event.AVERTED, 100.0),
        (Event.INFECTION, 200.0),
        (Event.TREATMENT_STOP, 300.0),
        (Event.HORIZON, 365.25),
    ]
    assert played.total("cost:immunoglobulin", "primary") == pytest.approx(35_555.21, abs=CENT)
    assert played.total("cost:ig_administration", "primary") == pytest.approx(3_555.52, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "primary") == pytest.approx(26_074.54, abs=CENT)
    assert played.total("cost", "primary") == pytest.approx(65_185.27, abs=CENT)
    assert played.total("cost_undiscounted", "primary") == pytest.approx(66_100.0, abs=CENT)
    assert played.total("qaly", "primary") == pytest.approx(0.667667, abs=MILLIONTH)
    assert played.total("qaly_undiscounted", "primary") == pytest.approx(0.672536, abs=MILLIONTH)
    assert played.total("life_years", "primary") == pytest.approx(1.0, abs=MILLIONTH)
    assert played.total("life_years_discounted", "primary") == pytest.approx(0.992593, abs=MILLIONTH)
    assert played.total("ig_grams", "primary") == pytest.approx(360.0, abs=1e-9)
    assert played.total("alive_at_horizon", "primary") == 1.0
