"""Deaths of the general population beside those of the disease, to the day.

A year is 365.25 days, so a patient of 69.5 has a birthday on day 182.625. Men die at 0.0004 a day in their seventieth
year of life (age 69), at 0.001 at 70 and at 0.002 from 71 on, women of this table never. The disease adds 0.0002 a
day on treatment and 0.001 after it.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, Distribution, LifeTable
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import NONE, PRIMARY, Candidate, patient_luck, play_patients, worked_model
from tests.scripted import ScriptedLuck

MAN, WOMAN = (0.9,), (0.1,)
DEATH = 0.275675


def model(horizon: float = 24.0) -> ClinicalModel:
    """Half men, all of 69.5 years."""
    rate = np.array([[0.0, 0.0, 0.0], [0.0004, 0.001, 0.002]]) * DAYS_PER_MONTH
    return worked_model(
        NONE,
        PRIMARY,
        population={"age_years": Distribution("fixed", 69.5), "male_proportion": 0.5},
        treatment={"life_table": LifeTable(69, rate)},
        itself={"horizon": horizon},
    )


def test_a_birthday_and_the_end_of_treatment_change_the_hazard(engine: ModuleType) -> None:
    """Man: 100 days at 0.0002 + 0.0004 spend 0.06; 82.625 at 0.001 + 0.0004 spend 0.115675; 0.1 is left at 0.002.

    That is 50 days after the birthday, day 232.625. Woman: 100 days at 0.0002 spend 0.02; 0.255675 at 0.001 is
    255.675 days, day 355.675.
    """
    luck = {
        **patient_luck(stop_day=100, death_hazard=DEATH, patient__sex=MAN, number=0),
        **patient_luck(stop_day=100, death_hazard=DEATH, patient__sex=WOMAN, number=1),
    }
    played = play_patients(engine, model(), ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.OTHER_DEATH, "none", 0) == [232.625]
    assert played.days(Event.OTHER_DEATH, "none", 1) == [355.675]
    assert played.total("life_years", "none", 0) == pytest.approx(232.625 / 365.25, rel=1e-12)


def test_an_infection_that_ends_treatment_leaves_the_luck_of_death_as_it_was(engine: ModuleType) -> None:
    """Without Ig a severe infection ends treatment on day 60; with it the infection is averted and day 100 ends it.

    60 days at 0.0006 spend 0.036, 122.625 at 0.0014 spend 0.171675; 0.068 is left, 34 days at 0.002: day 216.625.
    """
    luck = patient_luck(Candidate(60, stop=0.1), stop_day=100, death_hazard=DEATH, patient__sex=MAN)
    played = play_patients(engine, model(), ScriptedLuck(luck))
    assert played.days(Event.TREATMENT_STOP, "none") == [60.0]
    assert played.days(Event.OTHER_DEATH, "none") == [216.625]
    assert played.days(Event.TREATMENT_STOP, "primary") == [100.0]
    assert played.days(Event.OTHER_DEATH, "primary") == [232.625]


def test_the_last_age_stands_for_all_later_ones(engine: ModuleType) -> None:
    """To day 547.875, the birthday of 71, 0.06 + 0.115675 + 365.25 x 0.002 = 0.906175; then 0.003 a day.

    A hazard of 2.406175 leaves 1.5, 500 days: day 1047.875, past the birthday of 72, which changes nothing.
    """
    luck = patient_luck(stop_day=100, death_hazard=2.406175, patient__sex=MAN)
    played = play_patients(engine, model(horizon=60.0), ScriptedLuck(luck))
    assert played.days(Event.OTHER_DEATH, "none") == [1047.875]


def test_a_man_is_one_whose_luck_is_high(engine: ModuleType) -> None:
    """At a share of 0.5 a man has luck of 0.5 or more: just under it is a woman, who outlives the year."""
    luck = {
        **patient_luck(death_hazard=0.3, patient__sex=(0.5,), number=0),
        **patient_luck(death_hazard=0.3, patient__sex=(0.4999,), number=1),
    }
    played = play_patients(engine, model(horizon=12.0), ScriptedLuck(luck), n_patients=2)
    # 182.625 days at 0.0006 spend 0.109575, and 0.190425 at 0.0012 is 158.6875 days.
    assert played.days(Event.OTHER_DEATH, "none", 0) == [341.3125]
    assert played.days(Event.OTHER_DEATH, "none", 1) == []
