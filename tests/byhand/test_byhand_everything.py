"""One patient to whom everything happens, by item, to the cent: drug, tests, infusions, infections, end of life."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import GRADE_1_2, Distribution
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    PREEMPTIVE,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

TESTED_ON = replace(PREEMPTIVE, name="tested_on", test_until_ordered=False)


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """68.5 kg, IgG 800 and M-protein 600 mg/dL; bispecific 1,000 a month, end of life 5,000; 3.5 % and 1.5 % a year.

    Candidates at 30 (mild), 60, 120, 150 (ends treatment) and 170 (kills) days of exposure.
    """
    luck = patient_luck(
        Candidate(30, GRADE_1_2),
        Candidate(60),
        Candidate(120, accept=0.6),
        Candidate(150, accept=0.3, stop=0.1),
        Candidate(170, accept=0.6, fatal=0.05),
        stop_day=500,
        patient__igg_type=[0.4],
    )
    model = worked_model(
        NONE,
        TESTED_ON,
        itself={"discount_costs": np.log(1.035) / 12},
        population={"weight_kg": Distribution("fixed", 68.5)},
        regimen={"vial_size_g": 2.5},
        agent={"drug_cost_per_month": 1_000.0},
        treatment={"end_of_life_cost": 5_000.0},
    )
    return play_patients(engine, model, ScriptedLuck(luck))


def test_the_history_is_the_one_worked_out(played: Played) -> None:
    """The assay reads at its median, 0.995012 of the truth, and adds the M-protein.

    day 0    800                    * 0.995012 + 600         = 1396.0
    day 42   800 * 7/16 = 350       * 0.995012 + 600 / 2^1.5 =  560.4
    day 84   800 * 19/64 = 237.5    * 0.995012 + 600 / 8     =  311.3 < 400: order, first infusion on day 98
    day 126  the last before treatment ends on day 150
    Protected from day 105. Day 120: 0.6 >= 0.38, averted. Day 150: 0.3 < 0.38, an infection that ends treatment, so
    infusions end before day 180: days 98, 126, 154. Exposure 170 falls on day 150 + 20 / 0.5 = 190; protection has
    ended on day 154 + 35 = 189, so it is an infection, and fatal.
    """
    assert played.story("tested_on") == [
        (Event.IGG_TEST, 0.0),
        (Event.INFECTION, 30.0),
        (Event.IGG_TEST, 42.0),
        (Event.INFECTION, 60.0),
        (Event.IGG_TEST, 84.0),
        (Event.IG_ORDERED, 84.0),
        (Event.INFUSION, 98.0),
        (Event.AVERTED, 120.0),
        (Event.IGG_TEST, 126.0),
        (Event.INFUSION, 126.0),
        (Event.INFECTION, 150.0),
        (Event.TREATMENT_STOP, 150.0),
        (Event.INFUSION, 154.0),
        (Event.INFECTION, 190.0),
        (Event.INFECTION_DEATH, 190.0),
    ]
    assert played.days(Event.INFECTION, "none") == [30.0, 60.0, 120.0, 150.0, 190.0]


def test_costs_by_item(played: Played) -> None:
    """Discount factors 1.035^(-d/365.25), each infusion and test at its own. 0.4 * 68.5 = 27.4 g, in vials 27.5 g.

    Ig           27.5 * 100 * (0.990812242 + 0.988202708 + 0.985600046) = 2,750 * 2.964614996    =  8,152.69
    Giving it    300 * 2.964614996                                                               =    889.38
    Tests        10 * (1 + 0.996052003 + 0.992119593 + 0.988202708)                              =     39.76
    Grade 1-2    400 * 0.997178409                                                               =    398.87
    Grade >= 3   26,500 * (0.994364779 + 0.985971434 + 0.982263836), the fatal one included      = 78,508.90
    Bispecific   12,000 * (1 - 0.985971434) / ln 1.035 = 12,000 * 0.407790226                    =  4,893.48
    End of life  5,000 * 0.982263836                                                             =  4,911.32
    Cost                                                                                           97,794.41
    Without Ig   398.87 + 26,500 * (2.962600049 + 0.988761314) + 4,893.48 + 4,911.32
                 = 398.87 + 104,711.08 + 4,893.48 + 4,911.32                                     = 114,914.75
    Undiscounted 3 * 2,750 + 3 * 300 + 40 + 400 + 3 * 26,500 + 1,000 * 150/30.4375 + 5,000       = 99,018.13
    """
    for item, amount in {
        "immunoglobulin": 8_152.69,
        "ig_administration": 889.38,
        "igg_tests": 39.76,
        "infections_grade_1_2": 398.87,
        "infections_grade_3plus": 78_508.90,
        "bispecific": 4_893.48,
        "end_of_life": 4_911.32,
    }.items():
        assert played.total(f"cost:{item}", "tested_on") == pytest.approx(amount, abs=CENT), item
    assert played.total("cost", "tested_on") == pytest.approx(97_794.41, abs=CENT)
    assert played.total("cost_undiscounted", "tested_on") == pytest.approx(99_018.13, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "none") == pytest.approx(104_711.08, abs=CENT)
    assert played.total("cost", "none") == pytest.approx(114_914.75, abs=CENT)


def test_qalys_and_counts(played: Played) -> None:
    """Discount factors 1.015^(-d/365.25). The fatal infection of day 190 costs, but takes no QALYs of its own.

    Lived        0.7 * 0.409424645 (to day 150) + 0.6 * 0.108757770 (to day 190)                 =  0.351851914
    Grade 1-2    0.001 * 0.998777863                                                             = -0.000998778
    Grade >= 3   0.0084 * (0.997557220 + 0.993904235)                                            = -0.016728276
    Infusions    0.0001 * (0.996013214 + 0.994877055 + 0.993742191)                              = -0.000298463
    QALY                                                                                            0.333826
    Without Ig   0.351851914 - 0.000998778 - 0.0084 * (0.997557220 + 0.995120408 + 0.993904235)  =  0.325766
    Undiscounted (0.7 * 150 + 0.6 * 40) / 365.25 - 0.001 - 2 * 0.0084 - 3 * 0.0001               =  0.335083
    """
    assert played.total("qaly", "tested_on") == pytest.approx(0.333826, abs=MILLIONTH)
    assert played.total("qaly", "none") == pytest.approx(0.325766, abs=MILLIONTH)
    assert played.total("qaly_undiscounted", "tested_on") == pytest.approx(0.335083, abs=MILLIONTH)
    assert played.total("life_years", "tested_on") == pytest.approx(0.520192, abs=MILLIONTH)
    assert played.total("infection_death", "tested_on") == 1.0
    assert played.total("infections_grade_1_2", "tested_on") == 1.0
    assert played.total("infections_grade_3plus", "tested_on") == 3.0
    assert played.total("hospital_days", "tested_on") == 24.0
    assert played.total("infusions", "tested_on") == 3.0
    assert played.total("ig_grams", "tested_on") == pytest.approx(82.5, abs=1e-9)
    assert played.total("ig_months", "tested_on") == pytest.approx(82 / 30.4375, abs=1e-9)
    assert played.total("igg_tests", "tested_on") == 4.0
    assert played.total("months_on_treatment", "tested_on") == pytest.approx(150 / 30.4375, abs=1e-9)
