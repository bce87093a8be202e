"""Step-up, CRS, ICANS and tocilizumab, by the patient's own marks and to the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.model.parts import StepUpDose
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

PREVENTED = replace(NONE, name="prevented", tocilizumab=True)


def model_with_toxicities(**parts: dict[str, object]) -> ClinicalModel:
    """CRS of grade 1-2 in 60 %, of grade >= 3 in 10 %; ICANS in 20 % and 5 %; six days of step-up at 2,500."""
    return worked_model(
        NONE,
        PREVENTED,
        agent={"step_up": (StepUpDose(0.0, "1 mg", 6.0),), "crs": (0.6, 0.1), "icans": (0.2, 0.05)},
        treatment={"hospital_day_cost": 2_500.0},
        crs={"cost": (1_000.0, 20_000.0), "qaly_loss": (0.001, 0.01), "hospital_days": (1.0, 5.0)},
        icans={"cost": (800.0, 30_000.0), "qaly_loss": (0.002, 0.02), "hospital_days": (2.0, 7.0)},
        tocilizumab={"crs_multiplier": (0.5, 0.4), "icans_multiplier": (1.0, 0.8), "cost": 1_700.0},
        **parts,
    )


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Four patients without infections, a year on treatment.

    Severe where the mark is under the probability of grade >= 3, mild where it is under that of any grade.
    CRS: under 0.1 and 0.7, with tocilizumab 0.04 and 0.34. ICANS: 0.05 and 0.25, with tocilizumab 0.04 and 0.24.

                CRS mark   without   with       ICANS mark   without   with
    patient 0   0.03       severe    severe     0.045        severe    mild
    patient 1   0.08       severe    mild       0.245        mild      none
    patient 2   0.50       mild      none       0.90         none      none
    patient 3   0.90       none      none       0.90         none      none
    """
    marks = [(0.03, 0.045), (0.08, 0.245), (0.5, 0.9), (0.9, 0.9)]
    luck = {}
    for number, (crs, icans) in enumerate(marks):
        luck |= patient_luck(number=number, toxicity__crs=[crs], toxicity__icans=[icans])
    return play_patients(engine, model_with_toxicities(), ScriptedLuck(luck), n_patients=4)


def test_small_marks_are_severe_and_tocilizumab_only_moves_patients_down(played: Played) -> None:
    for event, without, with_it in (
        (Event.CRS, [1, 1, 0, None], [1, 0, None, None]),
        (Event.ICANS, [1, 0, None, None], [0, None, None, None]),
    ):
        for strategy, grades in enumerate((without, with_it)):
            log = played.log
            these = (log.event == event) & (log.strategy == strategy)
            found = dict(zip(log.patient[these].tolist(), log.grade[these].tolist(), strict=True))
            assert [found.get(number) for number in range(4)] == grades
            assert log.time[these].tolist() == [0.0] * len(found)
    assert [played.total("crs_grade_3plus", "none", who) for who in range(4)] == [1.0, 1.0, 0.0, 0.0]
    assert [played.total("crs", "prevented", who) for who in range(4)] == [1.0, 1.0, 0.0, 0.0]
    assert [played.total("icans", "none", who) for who in range(4)] == [1.0, 1.0, 0.0, 0.0]
    assert [played.total("icans_grade_3plus", "prevented", who) for who in range(4)] == [0.0] * 4


def test_costs_of_the_start(played: Played) -> None:
    """Everything on day 0, so nothing is discounted; 6 step-up days at 2,500 are 15,000 for everybody.

    patient 0   15,000 + 20,000 + 30,000 = 65,000      15,000 + 1,700 + 20,000 + 800 = 37,500
    patient 1   15,000 + 20,000 +    800 = 35,800      15,000 + 1,700 +  1,000       = 17,700
    patient 2   15,000 +  1,000          = 16,000      15,000 + 1,700                = 16,700
    patient 3   15,000                                 15,000 + 1,700                = 16,700
    """
    assert [played.total("cost", "none", who) for who in range(4)] == [65_000.0, 35_800.0, 16_000.0, 15_000.0]
    assert [played.total("cost", "prevented", who) for who in range(4)] == [37_500.0, 17_700.0, 16_700.0, 16_700.0]
    assert played.total("cost:step_up_hospital", "none", 0) == 15_000.0
    assert played.total("cost:crs_icans", "none", 0) == 50_000.0
    assert played.total("cost:tocilizumab", "prevented", 3) == 1_700.0
    assert played.total("cost:tocilizumab", "none", 3) == 0.0


def test_health_and_hospital_days_of_the_start(played: Played) -> None:
    """A year at 0.7 is 0.7 * 0.992592502 = 0.694815 QALYs.

    patient 0   less 0.01 + 0.02  = 0.664815; 6 + 5 + 7 = 18 days   with  less 0.01 + 0.002 = 0.682815; 6 + 5 + 2 = 13
    patient 1   less 0.01 + 0.002 = 0.682815; 6 + 5 + 2 = 13        with  less 0.001        = 0.693815; 6 + 1 = 7
    patient 2                                 6 + 1     =  7                                            6
    patient 3                       0.694815; 6                                                         6
    """
    assert played.total("qaly", "none", 0) == pytest.approx(0.664815, abs=MILLIONTH)
    assert played.total("qaly", "prevented", 0) == pytest.approx(0.682815, abs=MILLIONTH)
    assert played.total("qaly", "none", 1) == pytest.approx(0.682815, abs=MILLIONTH)
    assert played.total("qaly", "prevented", 1) == pytest.approx(0.693815, abs=MILLIONTH)
    assert played.total("qaly", "none", 3) == pytest.approx(0.694815, abs=MILLIONTH)
    assert [played.total("hospital_days", "none", who) for who in range(4)] == [18.0, 13.0, 7.0, 6.0]
    assert [played.total("hospital_days", "prevented", who) for who in range(4)] == [13.0, 7.0, 6.0, 6.0]
    assert [played.total("step_up_hospital_days", "none", who) for who in range(4)] == [6.0] * 4


def test_who_is_never_treated_is_never_admitted(engine: ModuleType) -> None:
    """At a horizon of 0 there is no step-up, no toxicity and no tocilizumab."""
    luck = patient_luck(toxicity__crs=[0.01], toxicity__icans=[0.01])
    played = play_patients(engine, model_with_toxicities(itself={"horizon": 0.0}), ScriptedLuck(luck))
    for strategy in ("none", "prevented"):
        assert played.story(strategy) == [(Event.HORIZON, 0.0)]
        for component in ("cost", "qaly", "hospital_days", "crs", "icans", "step_up_doses", "step_up_hospital_days"):
            assert played.total(component, strategy) == 0.0, component


@pytest.fixture
def infected(engine: ModuleType) -> Played:
    """Tocilizumab multiplies infection rates by 1.4 for 30 days; natural candidates on days 10 and 90."""
    excess = [Candidate(15, accept=0.5), Candidate(25, accept=0.3), Candidate(45, accept=0.3)]
    luck = patient_luck(Candidate(10, accept=0.99), Candidate(90, accept=0.99), excess=excess)
    model = worked_model(NONE, PREVENTED, tocilizumab={"infection_multiplier": 1.4, "infection_months": 30 / 30.4375})
    return play_patients(engine, model, ScriptedLuck(luck))


def test_a_risk_of_tocilizumab_adds_infections_while_it_lasts(infected: Played) -> None:
    """Excess candidates need a mark under 1.4 - 1 = 0.4 before day 30.

    Day 15 (0.5) no, day 25 (0.3) yes, day 45 no longer.
    26,500 * (0.999191051 + 0.992742977) = 52,786.25, and 26,500 * 0.997978856 = 26,446.44 on top: 79,232.69.
    """
    assert infected.days(Event.INFECTION, "none") == [10.0, 90.0]
    assert infected.days(Event.INFECTION, "prevented") == [10.0, 25.0, 90.0]
    assert infected.total("cost:infections_grade_3plus", "none") == pytest.approx(52_786.25, abs=CENT)
    assert infected.total("cost:infections_grade_3plus", "prevented") == pytest.approx(79_232.69, abs=CENT)


def test_a_benefit_of_tocilizumab_averts_infections_while_it_lasts(engine: ModuleType) -> None:
    """A factor of 0.5 for 30 days: day 20 (mark 0.6) is averted, by tocilizumab alone; day 40 is not."""
    luck = patient_luck(Candidate(20), Candidate(40))
    model = worked_model(NONE, PREVENTED, tocilizumab={"infection_multiplier": 0.5, "infection_months": 30 / 30.4375})
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "none") == [20.0, 40.0]
    assert played.days(Event.AVERTED, "prevented") == [20.0]
    assert played.days(Event.INFECTION, "prevented") == [40.0]
    assert played.log.by[played.log.event == Event.AVERTED].tolist() == [2]
    assert played.log.value[played.log.event == Event.AVERTED].tolist() == [0.5]
