"""A hazard ratio above 1: immunoglobulin adds infections and leaves the natural ones where they were."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import GRADE_1_2
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
    """Hazard ratios 1.5 (grade 1-2) and 0.38; natural candidates on days 40 and 130; treatment to day 150."""
    natural = [Candidate(40, GRADE_1_2, accept=0.9), Candidate(130, accept=0.2)]
    excess = [
        Candidate(3, GRADE_1_2, accept=0.3),
        Candidate(20, GRADE_1_2, accept=0.3),
        Candidate(60, GRADE_1_2, accept=0.6),
        Candidate(80, accept=0.01),
        Candidate(175, GRADE_1_2, accept=0.45),
        Candidate(178, GRADE_1_2, accept=0.01),
    ]
    model = worked_model(NONE, PRIMARY, infections={"hazard_ratio": np.array([[1.5, 0.38]])})
    luck = patient_luck(*natural, excess=excess, stop_day=150)
    return play_patients(engine, model, ScriptedLuck(luck))


def infections(played: Played, strategy: int) -> list[tuple[float, int, int]]:
    """(day, layer, candidate) of each infection."""
    log = played.log
    these = (log.event == Event.INFECTION) & (log.strategy == strategy)
    days = np.round(log.time[these] * 30.4375, 6).tolist()
    return list(zip(days, log.layer[these].tolist(), log.candidate[these].tolist(), strict=True))


def test_excess_candidates_count_only_under_immunoglobulin(played: Played) -> None:
    """An excess candidate needs its mark under 1.5 - 1 = 0.5 (grade 1-2) or 0.38 - 1 < 0 (never), while protected.

    day   3  before onset (day 7): ratio 1, 1 - 1 = 0      no
    day  20  0.30 < 0.5                                    infection
    day  60  0.60 >= 0.5                                   no
    day  80  grade >= 3                                    no
    day 150 + 25/0.5 = 200  last infusion day 168 (the next, 196, is past 150 + 30), 200 < 168 + 35, 0.45   infection
    day 150 + 28/0.5 = 206  no longer protected            no
    The natural candidates of days 40 (0.9 < 1.5) and 130 (0.2 < 0.38) are infections under both strategies.
    """
    assert infections(played, 0) == [(40.0, 0, 0), (130.0, 0, 1)]
    assert infections(played, 1) == [(20.0, 1, 1), (40.0, 0, 0), (130.0, 0, 1), (200.0, 1, 4)]
    assert played.days(Event.AVERTED, "none") == []
    assert played.days(Event.AVERTED, "primary") == []


def test_excess_infections_cost_and_hurt_like_any_other(played: Played) -> None:
    """Discount factors 1.03^(-d/365.25): day 20 0.998382757, 40 0.996768130, 130 0.989534561, 200 0.983944764.

    None     400 * 0.996768130 + 26,500 * 0.989534561 = 398.71 + 26,222.67             = 26,621.37 (...373)
             QALY 0.7 * 0.409424645 + 0.6 * 0.583167856 = 0.636497966
                  - 0.001 * 0.998370817 - 0.0084 * 0.994714852                          = 0.627144
    Primary  infusions on days 0, 28, ... 168: 3,300 * 6.952647350                     = 22,943.74
             400 * (0.998382757 + 0.996768130 + 0.983944764)                           =  1,191.64
             26,500 * 0.989534561                                                      = 26,222.67
             Cost                                                                        50,358.04 (...037)
             QALY 0.636497966 - 0.001 * (0.999185076 + 0.998370817 + 0.991880582)
                  - 0.0084 * 0.994714852 - 0.0001 * 6.976090638                         = 0.624455
    """
    assert played.total("cost", "none") == pytest.approx(26_621.37, abs=CENT)
    assert played.total("qaly", "none") == pytest.approx(0.627144, abs=MILLIONTH)
    assert played.total("cost:infections_grade_1_2", "primary") == pytest.approx(1_191.64, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "primary") == pytest.approx(26_222.67, abs=CENT)
    assert played.total("cost", "primary") == pytest.approx(50_358.04, abs=CENT)
    assert played.total("qaly", "primary") == pytest.approx(0.624455, abs=MILLIONTH)
