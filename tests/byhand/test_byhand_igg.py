"""IgG that recovers, an antibody the assay counts, the vulnerable window and the laboratory, to the day."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.model.parts import ALWAYS, Condition, Distribution
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    DAYS_PER_MONTH,
    IGG_BELOW_400,
    MILLIONTH,
    NONE,
    PREEMPTIVE,
    PRIMARY,
    SECONDARY,
    Candidate,
    Played,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck

MICROGRAM = 0.0005
"""Half of the last digit of a hand-worked IgG, in mg/dL."""
RECOVERS = {"recovery_start": months(42), "recovered_fraction": 0.8}
NO_M_PROTEIN = {"patient__igg_type": [0.6]}
TESTED_ON = replace(PREEMPTIVE, name="tested_on", test_until_ordered=False)


def readings(played: Played, strategy: int = 0, patient: int = 0) -> tuple[list[float], list[float]]:
    """Measured and true IgG of one patient's tests in mg/dL."""
    log = played.log
    tests = (log.event == Event.IGG_TEST) & (log.strategy == strategy) & (log.patient == patient)
    return log.value[tests].tolist(), log.true_igg[tests].tolist()


# ---------------------------------------------------------------------- recovery and antibody


def test_igg_falls_to_the_spared_production_and_rises_to_the_recovered_one(engine: ModuleType) -> None:
    """Of 800 mg/dL 200 are spared; from day 42 production is 200 + 0.8 * 600 = 680. Half-life 21 days.

    day    0   800
    day   42   200 + 600 / 4                  = 350
    day   84   680 - (680 - 350) / 4          = 597.5
    day  126   680 - 330 / 16                 = 659.375
    day  168   680 - 330 / 64                 = 674.84375
    The assay reads 0.995012 of the truth: 348.254 on day 42 orders; the later ones are normal again.
    """
    played = play_patients(
        engine,
        worked_model(TESTED_ON, target=RECOVERS),
        ScriptedLuck(patient_luck(stop_day=200, **NO_M_PROTEIN)),
    )
    measured, true = readings(played)
    assert true == pytest.approx([800.0, 350.0, 597.5, 659.375, 674.84375], abs=1e-9)
    assert measured == pytest.approx([796.010, 348.254, 594.520, 656.086, 671.478], abs=MICROGRAM)
    assert played.days(Event.IG_ORDERED, "tested_on") == [42.0]


def test_an_antibody_that_the_assay_counts_hides_a_low_igg(engine: ModuleType) -> None:
    """150 mg/dL of bispecific on top of 348.254 read 498.254: no order, and none later as production recovers.

    Five tests at 10: 10 * (1 + 0.996606811 + 0.993225136 + 0.989854936 + 0.986496171) = 49.66.
    """
    played = play_patients(
        engine,
        worked_model(PREEMPTIVE, target={**RECOVERS, "therapeutic_antibody_mg_dl": 150.0}),
        ScriptedLuck(patient_luck(stop_day=200, **NO_M_PROTEIN)),
    )
    measured, true = readings(played)
    assert true == pytest.approx([800.0, 350.0, 597.5, 659.375, 674.84375], abs=1e-9)
    assert measured == pytest.approx([946.010, 498.254, 744.520, 806.086, 821.478], abs=MICROGRAM)
    assert played.days(Event.IG_ORDERED, "preemptive") == []
    assert played.total("cost:igg_tests", "preemptive") == pytest.approx(49.66, abs=CENT)


def test_a_later_test_that_reads_normal_takes_the_order_back_out_of_reach(engine: ModuleType) -> None:
    """IgG low and a serious infection: day 50 counts (latest test 348 on day 42), day 95 does not (595 on day 84)."""
    both = Condition("all_of", parts=(IGG_BELOW_400, Condition("infections", within=1.0)))
    strategy = replace(PREEMPTIVE, start=both)
    ordered = []
    for day in (50, 95):
        luck = patient_luck(Candidate(day), **NO_M_PROTEIN)
        played = play_patients(engine, worked_model(strategy, target=RECOVERS), ScriptedLuck(luck))
        ordered.append(played.days(Event.IG_ORDERED, "preemptive"))
    assert ordered == [[50.0], []]


# ---------------------------------------------------------------------- the vulnerable window


@pytest.fixture
def vulnerable(engine: ModuleType) -> Played:
    """800 mg/dL falls under 400 on day 21 log2(600 / 200) = 33.284213; treatment to day 150.

    Candidates at exposures 20, 50, 60 and 160 (day 170), marks 0.6, before onset of the infusion of day 56 (day 63).
    """
    luck = patient_luck(*(Candidate(day) for day in (20, 50, 60, 160)), stop_day=150, **NO_M_PROTEIN)
    return play_patients(engine, worked_model(NONE, PRIMARY, PREEMPTIVE, SECONDARY), ScriptedLuck(luck))


def test_the_vulnerable_window_opens_with_a_low_igg_and_closes_with_immunoglobulin(vulnerable: Played) -> None:
    """From the day IgG falls under 400 to treatment's end or the first infusion.

    None        to the end of treatment:  150 - 33.284213 = 116.715787 days = 3.834605 months
    Preemptive  to the infusion of day 56: 22.715787 days = 0.746309 months
    Secondary   the infection of day 20 orders, infused on day 34: 0.715787 days = 0.023517 months
    Primary     treated from day 0: nothing
    """
    assert vulnerable.total("vulnerable_months", "none") == pytest.approx(3.834605, abs=MILLIONTH)
    assert vulnerable.total("vulnerable_months", "preemptive") == pytest.approx(0.746309, abs=MILLIONTH)
    assert vulnerable.total("vulnerable_months", "secondary") == pytest.approx(0.023517, abs=MILLIONTH)
    assert vulnerable.total("vulnerable_months", "primary") == 0.0


def test_vulnerable_infections_are_those_met_in_the_window(vulnerable: Played) -> None:
    """Day 20 is before it (IgG 510), 50 and 60 are in it, 170 is after treatment; day 60 is on Ig if preemptive."""
    assert vulnerable.days(Event.INFECTION, "none") == [20.0, 50.0, 60.0, 170.0]
    assert vulnerable.total("vulnerable_infections", "none") == 2.0
    assert vulnerable.days(Event.INFECTION, "preemptive")[:3] == [20.0, 50.0, 60.0]
    assert vulnerable.total("vulnerable_infections", "preemptive") == 1.0
    assert vulnerable.total("vulnerable_infections", "secondary") == 0.0
    assert vulnerable.total("vulnerable_infections", "primary") == 0.0


@pytest.mark.parametrize(
    ("baseline", "recovered", "days"),
    [
        (800.0, 0.0, 116.715787),
        (800.0, 1.0, 12.284213),
        (800.0, 0.2, 116.715787),
        (380.0, 0.0, 150.0),
        (380.0, 1.0, 150.0),
        (420.0, 1.0, 114.819717),
        (2_000.0, 0.0, 0.0),
    ],
    ids=["never recovers", "twice across", "not enough", "low at first", "low for good", "up again", "never low"],
)
def test_vulnerable_months_with_and_without_recovery(
    engine: ModuleType, baseline: float, recovered: float, days: float
) -> None:
    """Recovery from day 42, level 400, treatment to day 150.

    800, all recovers   350 on day 42, back over 400 on day 42 + 21 log2(450 / 400) = 45.568425: 12.284213 days
    800, a fifth        production 200 + 120 = 320 stays under 400
    380                 under 400 from the start, and production cannot lift it over
    420, all recovers   under 400 after 21 log2(315 / 295) = 1.987374 days; on day 42 105 + 315 / 4 = 183.75;
                        420 - 236.25 * 2^(-x/21) = 400 after x = 21 log2(236.25 / 20) = 74.807091,
                        so low until day 116.807091
    2,000               spares 500
    """
    target = {"recovery_start": months(42), "recovered_fraction": recovered} if recovered else {}
    people = {"igg_polyclonal_mg_dl": Distribution("fixed", baseline)}
    model = worked_model(NONE, target=target, population=people)
    played = play_patients(engine, model, ScriptedLuck(patient_luck(stop_day=150)))
    assert played.total("vulnerable_months", "none") * DAYS_PER_MONTH == pytest.approx(days, abs=1e-5)


# ---------------------------------------------------------------------- benefit only under a level


def test_where_benefit_needs_a_low_igg_an_infection_over_the_level_is_not_averted(engine: ModuleType) -> None:
    """True IgG 200 + 600 * 2^(-d/21) under 400 from day 33.28: days 20 and 33 are infections, day 34 is averted.

    Without the level all three are averted (0.6 >= 0.38). After treatment IgG stays low: exposure 120 falls on day
    140, protected to 112 + 35 = 147 and averted.
    """
    luck = patient_luck(*(Candidate(day) for day in (20, 33, 34, 120)), stop_day=100)
    for level, infections in ((400.0, [20.0, 33.0]), (float("inf"), [])):
        model = worked_model(PRIMARY, immunoglobulin={"benefit_below_igg": level})
        played = play_patients(engine, model, ScriptedLuck(luck))
        assert played.days(Event.INFECTION, "primary") == infections
        assert played.days(Event.AVERTED, "primary")[-2:] == [34.0, 140.0]


def test_where_igg_recovers_the_benefit_ends(engine: ModuleType) -> None:
    """Back over 400 on day 45.57: day 45 is averted, day 46 is an infection."""
    target = {"recovery_start": months(42), "recovered_fraction": 1.0}
    model = worked_model(PRIMARY, target=target, immunoglobulin={"benefit_below_igg": 400.0})
    played = play_patients(engine, model, ScriptedLuck(patient_luck(Candidate(45), Candidate(46))))
    assert played.days(Event.AVERTED, "primary") == [45.0]
    assert played.days(Event.INFECTION, "primary") == [46.0]


# ---------------------------------------------------------------------- laboratory


EXPOSED, UNEXPOSED = 0, 1


@pytest.fixture
def laboratory(engine: ModuleType) -> Played:
    """60 % exposed to an anti-CD38 antibody; treatment to day 100, 0.02 transfusions a day until then."""
    luck = {
        **patient_luck(stop_day=100, number=EXPOSED, patient__anti_cd38=[0.59]),
        **patient_luck(stop_day=100, number=UNEXPOSED, patient__anti_cd38=[0.61]),
    }
    model = worked_model(
        NONE,
        replace(NONE, name="other", start=ALWAYS),
        population={"anti_cd38_proportion": 0.6},
        laboratory={
            "phenotyping_cost": 200.0,
            "transfusions_per_month": 0.02 * DAYS_PER_MONTH,
            "crossmatch_cost": 100.0,
            "transfusion_delay_days": 0.5,
            "monitoring_cost_per_month": 3.0 * DAYS_PER_MONTH,
        },
    )
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=2)


def test_the_exposed_pay_for_phenotyping_cross_matches_and_monitoring(laboratory: Played) -> None:
    """200 on day 0, then 0.02 * 100 + 3 = 5 a day on treatment: 365.25 * 0.272680223 * 5 = 497.98.

    697.98 whatever the strategy; 2 transfusions, each half a day late.
    """
    for strategy in ("none", "other"):
        assert laboratory.total("cost:laboratory", strategy, EXPOSED) == pytest.approx(697.98, abs=CENT)
        assert laboratory.total("transfusions", strategy, EXPOSED) == pytest.approx(2.0, abs=1e-9)
        assert laboratory.total("transfusion_delay_days", strategy, EXPOSED) == pytest.approx(1.0, abs=1e-9)
    assert laboratory.total("cost_undiscounted", "none", EXPOSED) == pytest.approx(700.0, abs=CENT)


def test_the_unexposed_have_no_such_work_up(laboratory: Played) -> None:
    for component in ("cost:laboratory", "transfusions", "transfusion_delay_days", "cost"):
        assert laboratory.total(component, "none", UNEXPOSED) == 0.0, component
