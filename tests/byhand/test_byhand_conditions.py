"""Start rules joined by and / or: at which moment of a patient's course they first hold, to the day."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import DAYS_PER_MONTH, GRADE_1_2, Antimicrobial, Condition, Distribution, Strategy
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import (
    IGG_BELOW_400,
    NONE,
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

# The standard normal's distribution function at 1, so that the assay reads one standard deviation high.
ONE_SD_HIGH = 0.8413447460685429
A_SERIOUS_ONE = Condition("infections", within=12.0)
RECURRENT = Condition("infections", minimum_grade=GRADE_1_2, count=2, within=months(30))


def with_tests(name: str, start: Condition) -> Strategy:
    """A test every 42 days, two weeks from order to infusion."""
    return Strategy(name=name, label=name, start=start, delay=months(14), test_interval=months(42))


def all_of(*parts: Condition) -> Condition:
    return Condition("all_of", parts=parts)


def any_of(*parts: Condition) -> Condition:
    return Condition("any_of", parts=parts)


def play(engine: ModuleType, patients: list[Script], *strategies: Strategy) -> Played:
    """Patients without M-protein, so that tests read 796.0, 348.3 and 236.3 mg/dL on days 0, 42 and 84."""
    luck: Script = {}
    for script in patients:
        luck |= script
    model = worked_model(*strategies, population={"igg_type_proportion": 0.0})
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=len(patients))


def mild(*days: float) -> list[Candidate]:
    return [Candidate(day, GRADE_1_2) for day in days]


# ---------------------------------------------------------------------- IgG low and recurrent infection


AT_INFECTION, AT_TEST, EXPIRED, REVIVED = range(4)


@pytest.fixture
def both(engine: ModuleType) -> Played:
    """Measured IgG under 400 and two infections within 30 days."""
    patients = [
        patient_luck(*mild(30, 50), number=AT_INFECTION),
        patient_luck(*mild(20, 35), number=AT_TEST),
        patient_luck(*mild(5, 10), number=EXPIRED),
        patient_luck(*mild(5, 10, 60, 75), number=REVIVED),
    ]
    return play(engine, patients, with_tests("both", all_of(IGG_BELOW_400, RECURRENT)))


def test_and_orders_at_the_infection_where_the_latest_test_was_low(both: Played) -> None:
    """Day 42 reads 348 but only one infection has come; day 50 is the second within 30 days: infused on day 64."""
    assert both.story("both", AT_INFECTION)[:6] == [
        (Event.IGG_TEST, 0.0),
        (Event.INFECTION, 30.0),
        (Event.IGG_TEST, 42.0),
        (Event.INFECTION, 50.0),
        (Event.IG_ORDERED, 50.0),
        (Event.INFUSION, 64.0),
    ]


def test_and_orders_at_the_test_where_the_infections_are_still_within_the_window(both: Played) -> None:
    """Two infections by day 35 while the latest test read 796; day 42 reads 348 and 42 - 20 = 22 <= 30: order."""
    assert both.story("both", AT_TEST)[:6] == [
        (Event.IGG_TEST, 0.0),
        (Event.INFECTION, 20.0),
        (Event.INFECTION, 35.0),
        (Event.IGG_TEST, 42.0),
        (Event.IG_ORDERED, 42.0),
        (Event.INFUSION, 56.0),
    ]
    assert both.days(Event.IGG_TEST, "both", AT_TEST) == [0.0, 42.0]


def test_and_never_orders_where_the_window_has_expired(both: Played) -> None:
    """Day 42 reads 348, but 42 - 5 = 37 > 30; tests go on to the end, days 0, 42, ... 336."""
    assert both.days(Event.IG_ORDERED, "both", EXPIRED) == []
    assert both.days(Event.IGG_TEST, "both", EXPIRED) == [42.0 * number for number in range(9)]
    assert both.total("ig_ever", "both", EXPIRED) == 0.0


def test_and_orders_once_the_window_fills_again(both: Played) -> None:
    """Day 60: 60 - 10 = 50 > 30. Day 75: 75 - 60 = 15 <= 30, latest test 348: order."""
    assert both.days(Event.IG_ORDERED, "both", REVIVED) == [75.0]


def test_an_order_awaited_at_a_test_lapses_with_treatment(engine: ModuleType) -> None:
    """The serious infection of day 35 ends treatment, so the test of day 42 is not taken."""
    luck = patient_luck(Candidate(20, GRADE_1_2), Candidate(35, stop=0.1))
    played = play(engine, [luck], with_tests("both", all_of(IGG_BELOW_400, RECURRENT)))
    assert played.days(Event.TREATMENT_STOP, "both") == [35.0]
    assert played.days(Event.IGG_TEST, "both") == [0.0]
    assert played.days(Event.IG_ORDERED, "both") == []


@pytest.mark.parametrize(("exposure", "ordered"), [(107.5, [115.0]), (117.0, [])], ids=["in washout", "after it"])
def test_after_treatment_an_infection_still_asks_for_the_latest_test(
    engine: ModuleType, exposure: float, ordered: list[float]
) -> None:
    """Treatment to day 100, washout to day 130; exposure 107.5 falls on day 115 and 117 on day 134.

    The latest test, of day 84, read 236; the infection of day 110 (exposure 105) is within 30 days of both.
    """
    luck = patient_luck(*mild(105, exposure), stop_day=100)
    strategy = with_tests("both", all_of(IGG_BELOW_400, replace(RECURRENT, count=2)))
    played = play(engine, [luck], strategy)
    assert played.days(Event.INFECTION, "both") == [110.0, 100 + 2 * (exposure - 100)]
    assert played.days(Event.IG_ORDERED, "both") == ordered


# ---------------------------------------------------------------------- or


def test_or_orders_at_whichever_comes_first(engine: ModuleType) -> None:
    """A serious infection on day 20, before the low test of day 42; none; on day 60, after it; a mild one."""
    patients = [
        patient_luck(Candidate(20), number=0),
        patient_luck(number=1),
        patient_luck(Candidate(60), number=2),
        patient_luck(*mild(20), number=3),
    ]
    played = play(engine, patients, with_tests("either", any_of(IGG_BELOW_400, A_SERIOUS_ONE)))
    assert [played.days(Event.IG_ORDERED, "either", who) for who in range(4)] == [[20.0], [42.0], [42.0], [42.0]]


def test_conditions_nest(engine: ModuleType) -> None:
    """A serious infection, or a low test together with two infections of any grade within 30 days."""
    nested = any_of(A_SERIOUS_ONE, all_of(IGG_BELOW_400, RECURRENT))
    patients = [
        patient_luck(*mild(20), Candidate(25), number=0),
        patient_luck(*mild(20, 35), number=1),
        patient_luck(*mild(5, 10), Candidate(80), number=2),
    ]
    played = play(engine, patients, with_tests("nested", nested))
    assert [played.days(Event.IG_ORDERED, "nested", who) for who in range(3)] == [[25.0], [42.0], [80.0]]


def test_two_counts_in_one_rule_keep_apart(engine: ModuleType) -> None:
    """Two serious ones within 30 days and three of any grade within 60.

    Serious 20, 40 with mild 30: at day 40 two serious (20 days) and three of any (20 days): order.
    Serious 20, 70 with mild 60 and 75: serious are 50 days apart, never.
    Mild 20, 25 and serious 30, 55: at day 55 serious 25 days apart; of any grade 25, 30, 55, 30 days: order.
    """
    serious = Condition("infections", count=2, within=months(30))
    any_grade = Condition("infections", minimum_grade=GRADE_1_2, count=3, within=months(60))
    patients = [
        patient_luck(Candidate(20), *mild(30), Candidate(40), number=0),
        patient_luck(Candidate(20), *mild(60), Candidate(70), *mild(75), number=1),
        patient_luck(*mild(20, 25), Candidate(30), Candidate(55), number=2),
    ]
    played = play(engine, patients, with_tests("counts", all_of(serious, any_grade)))
    assert [played.days(Event.IG_ORDERED, "counts", who) for who in range(3)] == [[40.0], [], [55.0]]


# ---------------------------------------------------------------------- anti-CD38, IgA and IgM


EXPOSED, NOISY, UNEXPOSED, ONE_ALONE = range(4)


def isotypes_model(*strategies: Strategy) -> ClinicalModel:
    """IgA 100 and IgM 80 mg/dL with half-lives of 14 and 7 days, a quarter of their production spared."""
    return worked_model(
        *strategies,
        population={
            "igg_type_proportion": 0.0,
            "anti_cd38_proportion": 0.6,
            "iga_mg_dl": Distribution("fixed", 100.0),
            "igm_mg_dl": Distribution("fixed", 80.0),
        },
        igg={"iga_decay_rate": np.log(2) / months(14), "igm_decay_rate": np.log(2) / months(7)},
    )


@pytest.fixture
def isotypes(engine: ModuleType) -> Played:
    """Exposed to anti-CD38 and IgA under 36 and IgM under 25 mg/dL.

    day 42  IgA 100 (1/4 + 3/4 / 8)  = 34.375     IgM 80 (1/4 + 3/4 / 64) = 20.9375   times 0.995012: 34.20 and 20.83
    day 84  IgA 100 (1/4 + 3/4 / 64) = 26.171875
    NOISY reads IgA one standard deviation high on day 42: 34.375 * 1.099659 = 37.80.
    """
    iga, igm = Condition("iga_below", threshold_mg_dl=36.0), Condition("igm_below", threshold_mg_dl=25.0)
    exposed = Condition("anti_cd38")
    luck = {
        **patient_luck(number=EXPOSED, patient__anti_cd38=[0.5]),
        **patient_luck(number=NOISY, patient__anti_cd38=[0.5], iga__assay=[0.5, ONE_SD_HIGH]),
        **patient_luck(number=UNEXPOSED, patient__anti_cd38=[0.7]),
    }
    model = isotypes_model(
        with_tests("isotypes", all_of(exposed, iga, igm)),
        with_tests("isotype", any_of(replace(iga, threshold_mg_dl=34.0), replace(igm, threshold_mg_dl=20.9))),
        Strategy("exposed", "Exposed", start=exposed, delay=months(14)),
    )
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_low_iga_and_igm_order_at_the_test_that_finds_both(isotypes: Played) -> None:
    ordered = [isotypes.days(Event.IG_ORDERED, "isotypes", who) for who in (EXPOSED, NOISY, UNEXPOSED)]
    assert ordered == [[42.0], [84.0], []]


def test_either_isotype_is_enough_where_the_rule_says_so(isotypes: Played) -> None:
    """IgM 20.83 < 20.9 on day 42, whatever IgA (34.20 is not under 34) and whoever was exposed."""
    ordered = [isotypes.days(Event.IG_ORDERED, "isotype", who) for who in (EXPOSED, NOISY, UNEXPOSED)]
    assert ordered == [[42.0], [42.0], [42.0]]


def test_exposure_to_anti_cd38_orders_at_the_start(isotypes: Played) -> None:
    """Known on day 0, infused from day 14, without any test."""
    assert isotypes.days(Event.IG_ORDERED, "exposed", EXPOSED) == [0.0]
    assert isotypes.days(Event.INFUSION, "exposed", EXPOSED)[0] == 14.0
    assert isotypes.days(Event.IGG_TEST, "exposed", EXPOSED) == []
    assert isotypes.days(Event.IG_ORDERED, "exposed", UNEXPOSED) == []


def test_anti_cd38_with_recurrent_infection_orders_at_the_infection(engine: ModuleType) -> None:
    """Exposed and two infections within 30 days, no test needed: days 40 and 65 order on day 65."""
    rule = Strategy("rule", "Rule", start=all_of(Condition("anti_cd38"), RECURRENT))
    luck = {
        **patient_luck(*mild(40, 65), number=EXPOSED, patient__anti_cd38=[0.5]),
        **patient_luck(*mild(40, 65), number=1, patient__anti_cd38=[0.7]),
    }
    played = play_patients(engine, isotypes_model(rule), ScriptedLuck(luck), n_patients=2)
    assert played.days(Event.IG_ORDERED, "rule", EXPOSED) == [65.0]
    assert played.days(Event.IG_ORDERED, "rule", 1) == []


# ---------------------------------------------------------------------- infection despite prophylaxis


TAKES, LEAVES, LATE = range(3)


@pytest.fixture
def despite(engine: ModuleType) -> Played:
    """Aciclovir (zoster: 0.2 mild, 0.1 serious) to the end of treatment; a serious infection despite it orders.

    TAKES   bacterial, serious, day 20; zoster, mild, day 30 (0.05 < 0.2); zoster, serious, day 40 (0.05 < 0.1)
    LEAVES  the same, but does not take it
    LATE    takes it; treatment ends on day 50, zoster at exposure 55 = day 60
    """
    luck: Script = {}
    for number, mark, stop_day, zoster in (
        (TAKES, 0.5, 3_500.0, [Candidate(30, GRADE_1_2, accept=0.05), Candidate(40, accept=0.05)]),
        (LEAVES, 0.9, 3_500.0, [Candidate(30, GRADE_1_2, accept=0.05), Candidate(40, accept=0.05)]),
        (LATE, 0.5, 50.0, [Candidate(55, accept=0.05)]),
    ):
        luck |= {
            **patient_luck(number=number, stop_day=stop_day, patient__takes__aciclovir=[mark]),
            **candidates_of("bacterial", Candidate(20), number=number),
            **candidates_of("vzv", *zoster, number=number),
        }
    serious = Condition("despite_prophylaxis")
    base = worked_model(
        Strategy("serious", "Serious", start=serious, antimicrobials=(0,)),
        Strategy("any", "Any", start=replace(serious, minimum_grade=GRADE_1_2), antimicrobials=(0,)),
        Strategy("without", "Without", start=serious),
        itself={
            "antimicrobials": (
                Antimicrobial("aciclovir", -1, 0.8, np.array([[1.0, 1.0], [0.2, 0.1]]), 0.0, DAYS_PER_MONTH),
            )
        },
    )
    model = replace(base, infections=infections_of("bacterial", "vzv"))
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_only_an_infection_that_a_measure_in_force_should_have_averted_orders(despite: Played) -> None:
    """Not the bacterial one, against which aciclovir does nothing; not the mild one, unless grade 1-2 counts."""
    assert despite.days(Event.INFECTION, "serious", TAKES) == [20.0, 30.0, 40.0]
    assert despite.days(Event.IG_ORDERED, "serious", TAKES) == [40.0]
    assert despite.days(Event.IG_ORDERED, "any", TAKES) == [30.0]


def test_without_prophylaxis_in_force_nothing_happens_despite_it(despite: Played) -> None:
    """Not taken; taken until day 50 and infected on day 60; not part of the strategy."""
    assert despite.days(Event.IG_ORDERED, "serious", LEAVES) == []
    assert despite.days(Event.INFECTION, "serious", LATE) == [20.0, 60.0]
    assert despite.days(Event.IG_ORDERED, "serious", LATE) == []
    assert despite.days(Event.INFECTION, "without", TAKES) == [20.0, 30.0, 40.0]
    assert despite.days(Event.IG_ORDERED, "without", TAKES) == []


def test_a_rule_of_nothing_never_starts_and_a_rule_without_demands_starts_at_once(engine: ModuleType) -> None:
    """any_of nothing is never, all_of nothing is always, as in Python."""
    luck = patient_luck(Candidate(20))
    played = play(engine, [luck], replace(NONE, start=any_of()), replace(NONE, name="at_once", start=all_of()))
    assert played.days(Event.IG_ORDERED, "none") == []
    assert played.days(Event.IG_ORDERED, "at_once") == [0.0]


def test_without_a_window_infections_count_for_ever_but_have_to_come(engine: ModuleType) -> None:
    """Two serious infections, however far apart, and not before there are two: days 20 and 300 order on day 300."""
    luck = patient_luck(Candidate(20), Candidate(300))
    played = play(engine, [luck], replace(NONE, name="ever", start=Condition("infections", count=2)))
    assert played.days(Event.IG_ORDERED, "ever") == [300.0]
