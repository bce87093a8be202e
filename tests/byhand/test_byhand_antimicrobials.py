"""Antimicrobials beside immunoglobulin: who takes them, what they avert, what they cost, to the day and the cent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, GRADE_1_2, Antimicrobial, Strategy
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import (
    CENT,
    MILLIONTH,
    NONE,
    PRIMARY,
    Candidate,
    Played,
    Script,
    candidates_of,
    infections_of,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

VZV, HBV, CMV = 0, 1, 2
CAUSES = ("vzv", "hbv_reactivation", "cmv")


def ratios(cause: int, grade_1_2: float, grade_3plus: float) -> np.ndarray:
    """Hazard ratios [cause, grade] of a drug against one cause."""
    table = np.ones((len(CAUSES), 2))
    table[cause] = grade_1_2, grade_3plus
    return table


ACICLOVIR = Antimicrobial(
    "aciclovir",
    given_to=-1,
    adherence=0.8,
    hazard_ratio=ratios(VZV, 0.2, 0.1),
    start_cost=50.0,
    cost_per_month=1.0 * DAYS_PER_MONTH,
    months_after=months(30),
)
ENTECAVIR = Antimicrobial(
    "entecavir",
    given_to=0,
    adherence=1.0,
    hazard_ratio=ratios(HBV, 0.05, 0.05),
    start_cost=20.0,
    cost_per_month=0.5 * DAYS_PER_MONTH,
    months_after=months(180),
)
CMV_PCR = Antimicrobial(
    "cmv_pcr",
    given_to=-1,
    adherence=0.9,
    hazard_ratio=ratios(CMV, 1.0, 0.3),
    cost_per_month=3.0 * DAYS_PER_MONTH,
    is_surveillance=True,
    course_cost=2_000.0,
)
PREVENTED = replace(NONE, name="prevented", antimicrobials=(0,))


def model_with(*drugs: Antimicrobial, strategies: tuple[Strategy, ...]) -> ClinicalModel:
    """Three causes, hepatitis B in the 30 % positive alone."""
    base = worked_model(*strategies, itself={"antimicrobials": drugs})
    people = replace(base.population, serostatus=("hbv",), serostatus_proportion=(0.3,))
    return replace(base, population=people, infections=infections_of(*CAUSES, only_in=np.array([-1, 0, -1])))


def quiet(*causes: str, number: int = 0) -> Script:
    """No candidates of the given causes."""
    return {key: values for cause in causes for key, values in candidates_of(cause, number=number).items()}


TAKES, LEAVES = 0, 1


@pytest.fixture
def antiviral(engine: ModuleType) -> Played:
    """Aciclovir for everybody, taken by 80 %, to 30 days after treatment, which ends on day 100.

    Candidates of grade >= 3 at exposures 50, 110 and 120: days 50, 100 + 10 / 0.5 = 120 and 140, marks 0.6.
    """
    luck: Script = {}
    for number, mark in ((TAKES, 0.79), (LEAVES, 0.81)):
        luck |= {
            **patient_luck(number=number, stop_day=100, patient__takes__aciclovir=[mark]),
            **candidates_of("vzv", Candidate(50), Candidate(110), Candidate(120), number=number),
            **quiet("hbv_reactivation", "cmv", number=number),
        }
    model = model_with(ACICLOVIR, strategies=(NONE, PREVENTED))
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_an_antiviral_averts_until_some_months_after_treatment(antiviral: Played) -> None:
    """In force before day 100 + 30 = 130: 50 and 120 are averted (0.6 >= 0.1), 140 is not."""
    assert antiviral.days(Event.INFECTION, "none", TAKES) == [50.0, 120.0, 140.0]
    assert antiviral.days(Event.AVERTED, "prevented", TAKES) == [50.0, 120.0]
    assert antiviral.days(Event.INFECTION, "prevented", TAKES) == [140.0]
    averted = antiviral.log.event == Event.AVERTED
    assert antiviral.log.by[averted].tolist() == [4, 4]
    assert antiviral.log.value[averted].tolist() == [0.1, 0.1]
    assert antiviral.total("antimicrobial_months:aciclovir", "prevented", TAKES) == pytest.approx(130 / 30.4375)


def test_the_start_costs_everybody_and_the_months_those_who_take_it(antiviral: Played) -> None:
    """50 at the start; 1 a day to day 130, discounted 365.25 * 0.354054904 = 129.32.

    Takes   50 + 129.32 + 26,500 * 0.988734079                             = 26,380.77
            QALY 0.622878283 - 0.0084 * 0.994309461                        = 0.614526
    Leaves  50 + 26,500 * (0.995961796 + 0.990335692 + 0.988734079)        = 78,888.34
            QALY 0.622878283 - 0.0084 * (0.997963936 + 0.995120408 + 0.994309461) = 0.597784
    """
    assert antiviral.total("cost:antimicrobials", "prevented", TAKES) == pytest.approx(179.32, abs=CENT)
    assert antiviral.total("cost", "prevented", TAKES) == pytest.approx(26_380.77, abs=CENT)
    assert antiviral.total("qaly", "prevented", TAKES) == pytest.approx(0.614526, abs=MILLIONTH)
    assert antiviral.days(Event.INFECTION, "prevented", LEAVES) == [50.0, 120.0, 140.0]
    assert antiviral.total("cost:antimicrobials", "prevented", LEAVES) == 50.0
    assert antiviral.total("cost", "prevented", LEAVES) == pytest.approx(78_888.34, abs=CENT)
    assert antiviral.total("qaly", "prevented", LEAVES) == pytest.approx(0.597784, abs=MILLIONTH)
    assert antiviral.total("antimicrobial_months:aciclovir", "prevented", LEAVES) == 0.0
    assert antiviral.total("cost:antimicrobials", "none", TAKES) == 0.0


POSITIVE, NEGATIVE = 0, 1


def test_hepatitis_b_prophylaxis_is_screened_for_in_all_and_given_to_the_exposed(engine: ModuleType) -> None:
    """Serology 20 for both; 0.5 a day for the positive, 182.625 * 0.985365150 = 179.95 over the year.

    The positive's candidates of day 60 (hepatitis B) are averted (0.6 >= 0.05), of day 40 (zoster) are not;
    the negative has only the zoster, whether it takes the drug or not.
    """
    luck: Script = {}
    for number, mark in ((POSITIVE, 0.1), (NEGATIVE, 0.9)):
        luck |= {
            **patient_luck(number=number, patient__serostatus__hbv=[mark]),
            **candidates_of("vzv", Candidate(40, GRADE_1_2), number=number),
            **candidates_of("hbv_reactivation", Candidate(60), number=number),
            **quiet("cmv", number=number),
        }
    model = model_with(ENTECAVIR, strategies=(NONE, PREVENTED))
    played = play_patients(engine, model, ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.INFECTION, "none", POSITIVE) == [40.0, 60.0]
    assert played.days(Event.INFECTION, "prevented", POSITIVE) == [40.0]
    assert played.days(Event.AVERTED, "prevented", POSITIVE) == [60.0]
    assert played.total("cost:antimicrobials", "prevented", POSITIVE) == pytest.approx(199.95, abs=CENT)
    assert played.days(Event.INFECTION, "none", NEGATIVE) == [40.0]
    assert played.days(Event.INFECTION, "prevented", NEGATIVE) == [40.0]
    assert played.total("cost:antimicrobials", "prevented", NEGATIVE) == 20.0
    assert played.total("antimicrobial_months:entecavir", "prevented", NEGATIVE) == 0.0


# ---------------------------------------------------------------------- surveillance and preemptive treatment


WATCHED, UNWATCHED = 0, 1
SURVEILLED = replace(NONE, name="surveilled", antimicrobials=(0,))
SURVEILLED_ON_IG = replace(PRIMARY, name="surveilled_on_ig", antimicrobials=(0,))


@pytest.fixture
def surveilled(engine: ModuleType) -> Played:
    """Cytomegalovirus of grade >= 3 on days 70 (mark 0.6) and 90 (0.2), of grade 1-2 on day 110 (0.9)."""
    luck: Script = {}
    for number, mark in ((WATCHED, 0.1), (UNWATCHED, 0.95)):
        these = Candidate(70), Candidate(90, accept=0.2), Candidate(110, GRADE_1_2, accept=0.9)
        luck |= {
            **patient_luck(number=number, patient__takes__cmv_pcr=[mark]),
            **candidates_of("cmv", *these, number=number),
            **quiet("vzv", "hbv_reactivation", number=number),
        }
    model = model_with(CMV_PCR, strategies=(NONE, SURVEILLED, PRIMARY, SURVEILLED_ON_IG))
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_a_caught_infection_is_a_course_and_not_an_infection(surveilled: Played) -> None:
    """Day 70: 0.6 >= 0.3, caught; day 90: 0.2 < 0.3, an infection all the same; day 110: hazard ratio 1.

    PCR       3 a day, 1,095.75 * 0.985365150 = 1,079.71
    Course    2,000 * 0.994351084             = 1,988.70
    Infection 26,500 * 0.992742977            = 26,307.69;  grade 1-2  400 * 0.991137471 = 396.45
    Cost                                        29,772.56
    """
    assert surveilled.story("surveilled", WATCHED) == [
        (Event.AVERTED, 70.0),
        (Event.COURSE, 70.0),
        (Event.INFECTION, 90.0),
        (Event.INFECTION, 110.0),
        (Event.HORIZON, 365.25),
    ]
    assert surveilled.total("preemptive_courses:cmv_pcr", "surveilled", WATCHED) == 1.0
    assert surveilled.total("infections:cmv:grade_3plus", "surveilled", WATCHED) == 1.0
    assert surveilled.total("infections:cmv:grade_3plus", "none", WATCHED) == 2.0
    assert surveilled.total("cost:antimicrobials", "surveilled", WATCHED) == pytest.approx(3_068.42, abs=CENT)
    assert surveilled.total("cost", "surveilled", WATCHED) == pytest.approx(29_772.56, abs=CENT)


def test_what_immunoglobulin_averts_anyway_costs_no_course(surveilled: Played) -> None:
    """On Ig day 70 (0.6 >= 0.38) never begins. Day 90: 0.38 * 0.3 = 0.114 <= 0.2 < 0.38, caught by surveillance.

    2,000 * 0.992742977 + 1,079.71 = 3,065.20
    """
    assert surveilled.days(Event.INFECTION, "primary", WATCHED) == [90.0, 110.0]
    assert surveilled.days(Event.INFECTION, "surveilled_on_ig", WATCHED) == [110.0]
    assert surveilled.days(Event.AVERTED, "surveilled_on_ig", WATCHED) == [70.0, 90.0]
    assert surveilled.days(Event.COURSE, "surveilled_on_ig", WATCHED) == [90.0]
    assert surveilled.total("cost:antimicrobials", "surveilled_on_ig", WATCHED) == pytest.approx(3_065.20, abs=CENT)
    averted = surveilled.log.event == Event.AVERTED
    averted &= (surveilled.log.strategy == 3) & (surveilled.log.patient == WATCHED)
    assert surveilled.log.by[averted].tolist() == [1 + 4, 1 + 4]
    assert surveilled.log.value[averted] == pytest.approx([0.114, 0.114])


def test_who_does_not_come_to_surveillance_is_not_caught(surveilled: Played) -> None:
    assert surveilled.days(Event.INFECTION, "surveilled", UNWATCHED) == [70.0, 90.0, 110.0]
    assert surveilled.days(Event.COURSE, "surveilled", UNWATCHED) == []
    assert surveilled.total("cost:antimicrobials", "surveilled", UNWATCHED) == 0.0


def test_what_prophylaxis_averts_anyway_costs_no_course(engine: ModuleType) -> None:
    """Letermovir at 0.5 and PCR at 0.3: day 50 (0.6 >= 0.5) never begins; day 70 (0.15 <= 0.4 < 0.5) is caught.

    Day 90 (0.1 < 0.15) is an infection despite both.
    """
    letermovir = replace(ACICLOVIR, name="letermovir", adherence=1.0, hazard_ratio=ratios(CMV, 1.0, 0.5))
    both = replace(NONE, name="both", antimicrobials=(0, 1))
    luck = {
        **patient_luck(patient__takes__cmv_pcr=[0.1]),
        **candidates_of("cmv", Candidate(50), Candidate(70, accept=0.4), Candidate(90, accept=0.1)),
        **quiet("vzv", "hbv_reactivation"),
    }
    model = model_with(letermovir, CMV_PCR, strategies=(both,))
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.AVERTED, "both") == [50.0, 70.0]
    assert played.days(Event.COURSE, "both") == [70.0]
    assert played.days(Event.INFECTION, "both") == [90.0]
    assert played.log.by[played.log.event == Event.INFECTION].tolist() == [4 + 8]
    assert played.log.by[played.log.event == Event.COURSE].tolist() == [1]


def test_a_course_after_treatment_is_only_given_while_surveillance_lasts(engine: ModuleType) -> None:
    """Surveillance ends with treatment on day 100: exposure 90 is caught, exposure 110 (day 120) is an infection."""
    luck = {
        **patient_luck(stop_day=100, patient__takes__cmv_pcr=[0.1]),
        **candidates_of("cmv", Candidate(90), Candidate(110)),
        **quiet("vzv", "hbv_reactivation"),
    }
    played = play_patients(engine, model_with(CMV_PCR, strategies=(SURVEILLED,)), ScriptedLuck(luck))
    assert played.days(Event.COURSE, "surveilled") == [90.0]
    assert played.days(Event.INFECTION, "surveilled") == [120.0]


def test_an_extra_infection_that_surveillance_averts_costs_a_course(engine: ModuleType) -> None:
    """1.4: an excess mark of 0.1 < 0.4 is an infection; with PCR 1.4 x 0.3 = 0.42 < 1 it is not, but is caught."""
    both = replace(NONE, name="both", antimicrobials=(0,), tocilizumab=True)
    model = model_with(CMV_PCR, strategies=(both,))
    model = replace(model, tocilizumab=replace(model.tocilizumab, infection_multiplier=1.4, infection_months=99.0))
    luck = {
        **patient_luck(patient__takes__cmv_pcr=[0.1]),
        **candidates_of("cmv"),
        **candidates_of("cmv", Candidate(50, accept=0.1), layer=1),
        **quiet("vzv", "hbv_reactivation"),
    }
    for cause in ("vzv", "hbv_reactivation"):
        luck |= candidates_of(cause, layer=1)
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.COURSE, "both") == [50.0]


def test_viraemia_that_would_have_gone_by_itself_is_found_and_in_part_treated(engine: ModuleType) -> None:
    """0.004 a day found under surveillance, a quarter of it treated; surveillance ends with treatment on day 100.

    Found     100 * 0.004 = 0.4, and the infection caught on day 70: 1.4
    Courses   0.4 / 4 + 1 = 1.1
    PCR       3 a day, courses 0.004 / 4 * 2,000 = 2 a day: 5 * 100 days, discounted on average by 0.995967, = 497.98
    Course    2,000 * 0.994351084 = 1,988.70; together 2,486.68
    """
    watchful = replace(CMV_PCR, silent_per_month=(0.004 * DAYS_PER_MONTH,), silent_treated=0.25)
    luck: Script = {}
    for number, mark in ((WATCHED, 0.1), (UNWATCHED, 0.95)):
        luck |= {
            **patient_luck(number=number, stop_day=100, patient__takes__cmv_pcr=[mark]),
            **candidates_of("cmv", Candidate(70), number=number),
            **quiet("vzv", "hbv_reactivation", number=number),
        }
    model = model_with(watchful, strategies=(NONE, SURVEILLED))
    played = play_patients(engine, model, ScriptedLuck(luck), n_patients=2)
    assert played.total("viraemias_found:cmv_pcr", "surveilled", WATCHED) == pytest.approx(1.4)
    assert played.total("preemptive_courses:cmv_pcr", "surveilled", WATCHED) == pytest.approx(1.1)
    assert played.total("cost:antimicrobials", "surveilled", WATCHED) == pytest.approx(2_486.68, abs=CENT)
    for strategy, who in (("none", WATCHED), ("surveilled", UNWATCHED)):
        for component in ("viraemias_found:cmv_pcr", "preemptive_courses:cmv_pcr", "cost:antimicrobials"):
            assert played.total(component, strategy, who) == 0.0
