"""Two agents against two targets, and a cause that strikes one serostatus alone, to the day and the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, GRADE_1_2, Agent, Population, StepUpDose, Target
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import (
    BEYOND,
    CENT,
    MILLIONTH,
    NONE,
    Candidate,
    Played,
    candidates_of,
    infections_of,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck, uniform_of_exponential

TECLISTAMAB, TALQUETAMAB = 0, 1
"""Patients: agent marks 0.55 and 0.65 where 60 % get teclistamab."""


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """The same luck but for the agent: candidates at cumulative hazards 0.5 and 1.1, end of treatment at 0.6.

                  target   candidates a day   grade >= 3   stops a day   price a day   step-up
    teclistamab   BCMA     0.010              40 %         0.002         100           6 days
    talquetamab   GPRC5D   0.005              80 %         0.004         200           9 days
    """
    per_month = DAYS_PER_MONTH
    rate = np.array([[[0.006, 0.004]], [[0.001, 0.004]]]) * per_month
    model = worked_model(
        NONE,
        infections={"rate": rate},
        population={"agent_share": (0.6, 0.4)},
        treatment={"hospital_day_cost": 500.0},
        itself={
            "targets": (Target("BCMA", suppressed_fraction=0.75), Target("GPRC5D", suppressed_fraction=0.25)),
            "agents": (
                Agent("teclistamab", 0, 0.002 * per_month, 100 * per_month, step_up=(StepUpDose(0.0, "1 mg", 6.0),)),
                Agent("talquetamab", 1, 0.004 * per_month, 200 * per_month, step_up=(StepUpDose(0.0, "1 mg", 9.0),)),
            ),
        },
    )
    luck = {
        ("patient:agent", TECLISTAMAB): [0.55],
        ("patient:agent", TALQUETAMAB): [0.65],
        "treatment:stop": [uniform_of_exponential(0.6)],
        "death:other": [uniform_of_exponential(10.0)],
        "infection:step:any:0": [uniform_of_exponential(step) for step in (0.5, 0.6, 0.01 * BEYOND)],
        "infection:grade:any:0": [0.5, 0.3],
    }
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_one_luck_means_other_days_under_another_agent(played: Played) -> None:
    """Teclistamab: 0.5 / 0.01 = day 50 and 1.1 / 0.01 = day 110; treatment to 0.6 / 0.002 = day 300.

    Talquetamab: day 100; treatment to day 150; exposure 220 falls on day 150 + 70 / 0.5 = 290.
    """
    assert played.story("none", TECLISTAMAB) == [
        (Event.STEP_UP, 0.0),
        (Event.INFECTION, 50.0),
        (Event.INFECTION, 110.0),
        (Event.TREATMENT_STOP, 300.0),
        (Event.HORIZON, 365.25),
    ]
    assert played.story("none", TALQUETAMAB) == [
        (Event.STEP_UP, 0.0),
        (Event.INFECTION, 100.0),
        (Event.TREATMENT_STOP, 150.0),
        (Event.INFECTION, 290.0),
        (Event.HORIZON, 365.25),
    ]


def test_one_mark_means_another_grade_where_the_target_has_other_shares(played: Played) -> None:
    """The mark 0.5 is mild at 40 % and severe at 80 %; 0.3 is severe at both."""
    grades = {who: played.log.grade[(played.log.patient == who) & (played.log.grade >= 0)].tolist() for who in (0, 1)}
    assert grades == {TECLISTAMAB: [0, 1], TALQUETAMAB: [1, 1]}


def test_each_agent_has_its_own_prices(played: Played) -> None:
    """Discount factors 1.03^(-d/365.25); a price of 100 a day is 36,525 a year.

    Teclistamab   36,525 * 0.811464893 (300 days) = 29,638.76; 400 * 0.995961796 = 398.38; 26,500 * 0.991137471
                  = 26,265.14; 6 * 500 = 3,000; cost 59,302.28
                  QALY 0.7 * 0.816353534 + 0.6 * 0.176238967 - 0.001 * 0.997963936 - 0.0084 * 0.995526130 = 0.667830
    Talquetamab   73,050 * 0.408195037 (150 days) = 29,818.65; 26,500 * (0.991939899 + 0.976804254) = 52,171.72;
                  9 * 500 = 4,500; cost 86,490.37
                  QALY 0.7 * 0.409424645 + 0.6 * 0.583167856 - 0.0084 * (0.995932017 + 0.988248384) = 0.619831
    """
    assert played.total("cost:bispecific", "none", TECLISTAMAB) == pytest.approx(29_638.76, abs=CENT)
    assert played.total("cost:infections_grade_1_2", "none", TECLISTAMAB) == pytest.approx(398.38, abs=CENT)
    assert played.total("cost", "none", TECLISTAMAB) == pytest.approx(59_302.28, abs=CENT)
    assert played.total("qaly", "none", TECLISTAMAB) == pytest.approx(0.667830, abs=MILLIONTH)
    assert played.total("hospital_days", "none", TECLISTAMAB) == 14.0
    assert played.total("cost:bispecific", "none", TALQUETAMAB) == pytest.approx(29_818.65, abs=CENT)
    assert played.total("cost:infections_grade_3plus", "none", TALQUETAMAB) == pytest.approx(52_171.72, abs=CENT)
    assert played.total("cost", "none", TALQUETAMAB) == pytest.approx(86_490.37, abs=CENT)
    assert played.total("qaly", "none", TALQUETAMAB) == pytest.approx(0.619831, abs=MILLIONTH)
    assert played.total("hospital_days", "none", TALQUETAMAB) == 25.0


POSITIVE, NEGATIVE = 0, 1


@pytest.fixture
def reactivating(engine: ModuleType) -> Played:
    """Hepatitis B strikes the positive alone, whoever else has the same candidates; 30 % are positive."""
    base = worked_model(NONE)
    people = replace(base.population, serostatus=("hbv",), serostatus_proportion=(0.3,))
    causes = infections_of("bacterial", "hbv_reactivation", only_in=np.array([-1, 0]))
    model: ClinicalModel = replace(base, population=people, infections=causes)
    luck = {}
    for number, mark in ((POSITIVE, 0.29), (NEGATIVE, 0.31)):
        luck |= {
            **patient_luck(number=number, patient__serostatus__hbv=[mark]),
            **candidates_of("bacterial", Candidate(40, GRADE_1_2), Candidate(120), number=number),
            **candidates_of("hbv_reactivation", Candidate(60), Candidate(90, GRADE_1_2), number=number),
        }
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_reactivation_befalls_the_positive_alone(reactivating: Played) -> None:
    assert reactivating.days(Event.INFECTION, "none", POSITIVE) == [40.0, 60.0, 90.0, 120.0]
    assert reactivating.days(Event.INFECTION, "none", NEGATIVE) == [40.0, 120.0]
    assert reactivating.total("infections:hbv_reactivation:grade_3plus", "none", POSITIVE) == 1.0
    assert reactivating.total("infections:hbv_reactivation:grade_1_2", "none", POSITIVE) == 1.0
    assert reactivating.total("infections:hbv_reactivation:grade_3plus", "none", NEGATIVE) == 0.0
    assert reactivating.total("infections:bacterial:grade_3plus", "none", NEGATIVE) == 1.0


def test_a_cause_without_a_rate_for_a_target_never_comes(engine: ModuleType) -> None:
    """Pneumocystis has no rate under GPRC5D: the same candidates, only the other cause's infections."""
    base = worked_model(NONE)
    causes = infections_of("bacterial", "pneumocystis")
    rate = np.concatenate([causes.rate, causes.rate])
    rate[1, 1] = 0.0
    people: Population = replace(base.population, agent_share=(0.6, 0.4))
    model = replace(
        base,
        population=people,
        targets=(*base.targets, Target("GPRC5D", suppressed_fraction=0.25)),
        agents=(*base.agents, replace(base.agents[0], name="talquetamab", target=1)),
        infections=replace(causes, rate=rate),
    )
    luck = {}
    for number, mark in ((TECLISTAMAB, 0.1), (TALQUETAMAB, 0.9)):
        luck |= {
            **patient_luck(number=number, patient__agent=[mark]),
            **candidates_of("bacterial", Candidate(40), number=number),
            **candidates_of("pneumocystis", Candidate(60), number=number),
        }
    played = play_patients(engine, model, ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.INFECTION, "none", TECLISTAMAB) == [40.0, 60.0]
    assert played.days(Event.INFECTION, "none", TALQUETAMAB) == [40.0]
