"""An infection that ends the bispecific: deaths, infections, tests and washout move, to the day and the cent.

Costs are discounted at 3.5 %, effects at 1.5 %. Death without infection comes at a cumulative hazard of 0.08,
spent at 0.0002 a day on treatment and 0.001 a day after it; the infection clock runs at half speed after treatment.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import Distribution
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    PREEMPTIVE,
    PRIMARY,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

ALWAYS, SAVED, KEEPS_TREATMENT = 0, 1, 2
"""Patients: infected on day 120 even on Ig; infected only without it; infected without ending treatment."""


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Three patients with candidates of grade >= 3 at 120, 141 and 155 days of exposure; treatment to day 500.

    Polyclonal IgG 800 and M-protein 2,000 mg/dL, threshold 400, a test every 42 days:
    day 84   800 * (1/4 + 3/32) * 0.995012 + 2,000 / 8      = 236.3 + 250.0 = 486.3   the last test that is high
    day 126  800 * (1/4 + 3/256) * 0.995012 + 2,000 / 2^4.5 = 208.3 +  88.4 = 296.7   would order
    """
    person = partial(patient_luck, stop_day=500.0, death_hazard=0.08)
    luck = {
        **person(Candidate(120, accept=0.2, stop=0.1), Candidate(141), Candidate(155), number=ALWAYS),
        **person(Candidate(120, stop=0.1), Candidate(141), Candidate(155, accept=0.3), number=SAVED),
        **person(Candidate(120), Candidate(141), Candidate(155), number=KEEPS_TREATMENT),
        "patient:igg_type": [0.4],
    }
    model = worked_model(
        NONE,
        PRIMARY,
        PREEMPTIVE,
        itself={"horizon": 18.0, "discount_costs": np.log(1.035) / 12},
        population={"m_protein_mg_dl": Distribution("fixed", 2_000.0)},
    )
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_death_and_later_infections_follow_the_end_of_treatment(played: Played) -> None:
    """Day 120 ends treatment. Death: 0.0002 * 120 = 0.024 is spent, 0.056 is left, 0.056 / 0.001 = 56 days: day 176.

    Exposure 141 falls on day 120 + 21 / 0.5 = 162; exposure 155 would fall on day 190, after death.

    Cost  26,500 * (1.035^(-120/365.25) + 1.035^(-162/365.25)) = 26,500 * (0.988761314 + 0.984857688) = 52,300.90
    QALY  0.7 * 0.327739865 (to day 120) + 0.6 * 0.152397500 (to day 176) = 0.320856406
          - 0.0084 * (0.995120408 + 0.993418182) = 0.016703724            -> 0.304153
    Life  176 / 365.25 = 0.481862
    """
    assert played.story("none", ALWAYS) == [
        (Event.INFECTION, 120.0),
        (Event.TREATMENT_STOP, 120.0),
        (Event.INFECTION, 162.0),
        (Event.OTHER_DEATH, 176.0),
    ]
    assert played.total("cost", "none", ALWAYS) == pytest.approx(52_300.90, abs=CENT)
    assert played.total("qaly", "none", ALWAYS) == pytest.approx(0.304153, abs=MILLIONTH)
    assert played.total("life_years", "none", ALWAYS) == pytest.approx(0.481862, abs=MILLIONTH)
    assert played.total("other_death", "none", ALWAYS) == 1.0


def test_washout_ends_immunoglobulin_but_the_last_infusion_still_protects(played: Played) -> None:
    """Infusions every 28 days before 120 + 30 = 150: days 0 to 140, six. Day 162 < 140 + 35 is averted.

    Ig and giving it  3,300 * sum of 1.035^(-28k/365.25) = 3,300 * 5.960632464 = 19,670.09
    Infection         26,500 * 0.988761314                                     = 26,202.17
    Cost                                                                         45,872.26
    QALY  0.320856406 - 0.0084 * 0.995120408 - 0.0001 * 5.982915393
          = 0.320856406 - 0.008359011 - 0.000598292 = 0.311899
    """
    assert played.story("primary", ALWAYS) == [
        (Event.IG_ORDERED, 0.0),
        (Event.INFUSION, 0.0),
        (Event.INFUSION, 28.0),
        (Event.INFUSION, 56.0),
        (Event.INFUSION, 84.0),
        (Event.INFUSION, 112.0),
        (Event.INFECTION, 120.0),
        (Event.TREATMENT_STOP, 120.0),
        (Event.INFUSION, 140.0),
        (Event.AVERTED, 162.0),
        (Event.OTHER_DEATH, 176.0),
    ]
    assert played.total("cost", "primary", ALWAYS) == pytest.approx(45_872.26, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "primary", ALWAYS) == pytest.approx(26_202.17, abs=CENT)
    assert played.total("qaly", "primary", ALWAYS) == pytest.approx(0.311899, abs=MILLIONTH)


def test_a_low_test_scheduled_after_the_end_of_treatment_is_not_taken(played: Played) -> None:
    """Tests on days 0, 42 and 84; the low one of day 126 comes after day 120 and orders nothing.

    Cost  52,300.90 + 10 * (1 + 0.996052003 + 0.992119593) = 52,300.90 + 29.88 = 52,330.79 (before rounding ...785)
    """
    assert played.days(Event.IGG_TEST, "preemptive", ALWAYS) == [0.0, 42.0, 84.0]
    assert played.days(Event.IG_ORDERED, "preemptive", ALWAYS) == []
    assert played.days(Event.INFUSION, "preemptive", ALWAYS) == []
    assert played.total("cost", "preemptive", ALWAYS) == pytest.approx(52_330.79, abs=CENT)
    assert played.total("qaly", "preemptive", ALWAYS) == pytest.approx(0.304153, abs=MILLIONTH)


def test_an_averted_infection_keeps_treatment_death_and_later_candidates_where_they_were(played: Played) -> None:
    """Averted on day 120, so exposure is calendar time: 141 averted, 155 not (0.3 < 0.38); death on day 400.

    Death: all of 0.08 at 0.0002 a day is 400 days.
    Infusions on days 0, 28, ... 392, fifteen.
    Ig and giving it  3,300 * sum of 1.035^(-28k/365.25) = 3,300 * 14.726589385 = 48,597.74
    Infection         26,500 * 0.985507220                                      = 26,115.94
    Cost                                                                          74,713.69 (before rounding ...686)
    QALY  0.7 * 1.086260446 - 0.0084 * 0.993701684 - 0.0001 * 14.880815766
          = 0.760382312 - 0.008347094 - 0.001488082 = 0.750547
    """
    assert played.days(Event.AVERTED, "primary", SAVED) == [120.0, 141.0]
    assert played.days(Event.INFECTION, "primary", SAVED) == [155.0]
    assert played.days(Event.TREATMENT_STOP, "primary", SAVED) == []
    assert played.days(Event.OTHER_DEATH, "primary", SAVED) == [400.0]
    assert played.total("infusions", "primary", SAVED) == 15.0
    assert played.total("cost", "primary", SAVED) == pytest.approx(74_713.69, abs=CENT)
    assert played.total("qaly", "primary", SAVED) == pytest.approx(0.750547, abs=MILLIONTH)
    assert played.story("none", SAVED) == played.story("none", ALWAYS)
    assert played.total("cost", "none", SAVED) == pytest.approx(52_300.90, abs=CENT)


def test_while_treatment_lasts_the_low_test_orders(played: Played) -> None:
    """Day 120 does not end treatment here: the test of day 126 orders, infusions from day 140, protection from 147.

    Exposure 141 is too early to be averted, 155 is. Infusions on days 140, 168, ... 392, ten; death on day 400.
    Ig and giving it  3,300 * 0.986900519 * 9.882310582 = 3,300 * 9.752857439   = 32,184.43
    Infections        26,500 * (0.988761314 + 0.986807571)                      = 52,352.58
    Tests             10 * (1 + 0.996052003 + 0.992119593 + 0.988202708)        =     39.76
    Cost                                                                          84,576.77
    QALY  0.760382312 - 0.0084 * (0.995120408 + 0.994268931) - 0.0001 * 9.892209834
          = 0.760382312 - 0.016710870 - 0.000989221 = 0.742682
    """
    who = KEEPS_TREATMENT
    assert played.days(Event.IGG_TEST, "preemptive", who) == [0.0, 42.0, 84.0, 126.0]
    assert played.days(Event.IG_ORDERED, "preemptive", who) == [126.0]
    infusions = [140.0, 168.0, 196.0, 224.0, 252.0, 280.0, 308.0, 336.0, 364.0, 392.0]
    assert played.days(Event.INFUSION, "preemptive", who) == infusions
    assert played.days(Event.INFECTION, "preemptive", who) == [120.0, 141.0]
    assert played.days(Event.AVERTED, "preemptive", who) == [155.0]
    assert played.days(Event.OTHER_DEATH, "preemptive", who) == [400.0]
    assert played.total("cost", "preemptive", who) == pytest.approx(84_576.77, abs=CENT)
    assert played.total("qaly", "preemptive", who) == pytest.approx(0.742682, abs=MILLIONTH)


def test_an_infection_after_treatment_cannot_end_it_again(engine: ModuleType) -> None:
    """Treatment ends by itself on day 100; exposure 110 falls on day 120, and its mark of 0.1 < 0.2 ends nothing.

    Infusions stop before 100 + 30, not 120 + 30: days 0 to 112. On treatment 100 / 30.4375 = 3.285421 months.
    Death: 0.02 spent by day 100, 0.06 left at 0.001 a day, so day 160.
    """
    luck = patient_luck(Candidate(110, accept=0.2, stop=0.1), stop_day=100, death_hazard=0.08)
    played = play_patients(engine, worked_model(PRIMARY), ScriptedLuck(luck))
    assert played.days(Event.TREATMENT_STOP, "primary") == [100.0]
    assert played.days(Event.INFECTION, "primary") == [120.0]
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0, 56.0, 84.0, 112.0]
    assert played.days(Event.OTHER_DEATH, "primary") == [160.0]
    assert played.total("months_on_treatment", "primary") == pytest.approx(3.285421, abs=MILLIONTH)
