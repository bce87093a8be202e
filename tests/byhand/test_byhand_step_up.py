"""Step-up dosing by the calendar: which doses a patient lives to have, and what their stays cost on their days."""

from __future__ import annotations

from types import ModuleType

import pytest

from sim.model.parts import StepUpDose
from sim.model.structure import ClinicalModel, Event
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

SCHEDULE = (
    StepUpDose(0.0, "12 mg", 2.0),
    StepUpDose(months(3), "32 mg", 1.0),
    StepUpDose(months(7), "76 mg", 0.5),
)
LEAVES, STAYS, KILLED, DRIVEN_OUT, DIES = range(5)


def model_with_a_schedule(**parts: dict[str, object]) -> ClinicalModel:
    """48, 24 and 12 hours in hospital after doses on days 0, 3 and 7, at 2,000 a day."""
    return worked_model(NONE, PRIMARY, agent={"step_up": SCHEDULE}, treatment={"hospital_day_cost": 2_000.0}, **parts)


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Five patients.

    0  leaves the bispecific by herself on day 2
    1  stays on it past every dose, through a severe infection on day 1
    2  dies of an infection on day 5
    3  survives one on day 4 that ends her treatment
    4  dies of something else on day 6: 0.0002 a day on treatment, so at a cumulative hazard of 0.0012
    """
    luck = {
        **patient_luck(number=LEAVES, stop_day=2.0),
        **patient_luck(Candidate(1, accept=0.1), number=STAYS),
        **patient_luck(Candidate(5, accept=0.1, fatal=0.05), number=KILLED),
        **patient_luck(Candidate(4, accept=0.1, stop=0.1), number=DRIVEN_OUT),
        **patient_luck(number=DIES, death_hazard=0.0012),
    }
    return play_patients(engine, model_with_a_schedule(), ScriptedLuck(luck), n_patients=5)


def test_a_dose_is_given_to_whoever_is_still_on_treatment(played: Played) -> None:
    for strategy in ("none", "primary"):
        given = [played.days(Event.STEP_UP, strategy, who) for who in range(5)]
        assert given == [[0.0], [0.0, 3.0, 7.0], [0.0, 3.0], [0.0, 3.0], [0.0, 3.0]]
        assert [played.total("step_up_doses", strategy, who) for who in range(5)] == [1.0, 3.0, 2.0, 2.0, 2.0]


def test_the_log_says_which_dose_and_how_long_a_stay(played: Played) -> None:
    these = (played.log.event == Event.STEP_UP) & (played.log.strategy == 0) & (played.log.patient == STAYS)
    assert played.log.by[these].tolist() == [0, 1, 2]
    assert played.log.value[these].tolist() == [2.0, 1.0, 0.5]


def test_a_stay_costs_on_the_day_of_its_dose(played: Played) -> None:
    """Patient 0 has 2 days at 2,000 on day 0. Others add 2,000 * 1.03^(-3/365.25) = 2,000 * 0.999757247 = 1,999.51.

    Patient 1 adds half a day too: 1,000 * 1.03^(-7/365.25) = 999.43. 4,000 + 1,999.51 + 999.43 = 6,998.95.
    """
    found = [played.total("cost:step_up_hospital", "none", who) for who in range(5)]
    assert found == pytest.approx([4_000.0, 6_998.95, 5_999.51, 5_999.51, 5_999.51], abs=CENT)
    assert [played.total("step_up_hospital_days", "none", who) for who in range(5)] == [2.0, 3.5, 3.0, 3.0, 3.0]


def test_hospital_days_are_those_of_the_doses_given_and_of_infections(played: Played) -> None:
    """8 days for each severe infection."""
    assert [played.total("hospital_days", "none", who) for who in range(5)] == [2.0, 11.5, 11.0, 11.0, 3.0]


def test_a_dose_at_the_very_horizon_is_not_given(engine: ModuleType) -> None:
    model = model_with_a_schedule(itself={"horizon": months(7)})
    played = play_patients(engine, model, ScriptedLuck(patient_luck()))
    assert played.days(Event.STEP_UP, "none") == [0.0, 3.0]
    assert played.total("step_up_doses", "none") == 2.0


def test_a_patient_whose_treatment_ends_at_the_moment_of_a_dose_does_not_have_it(engine: ModuleType) -> None:
    """A severe infection at the very instant of the second dose comes first, and ends treatment."""
    luck = ScriptedLuck(patient_luck(Candidate(1, accept=0.1, stop=0.1)))
    alone = worked_model(NONE, agent={"step_up": ()})
    (ends,) = play_patients(engine, alone, luck).log.time[
        play_patients(engine, alone, luck).log.event == Event.INFECTION
    ]
    doses = (StepUpDose(0.0, "12 mg", 2.0), StepUpDose(float(ends), "32 mg", 1.0))
    played = play_patients(engine, worked_model(NONE, agent={"step_up": doses}), luck)
    assert played.story("none")[:3] == [(Event.STEP_UP, 0.0), (Event.INFECTION, 1.0), (Event.TREATMENT_STOP, 1.0)]
    assert played.total("step_up_doses", "none") == 1.0
