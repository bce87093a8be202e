"""Gaps in protection, whole vials, and events due at the very instant that ends them."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from sim.model.parts import GRADE_1_2, Distribution
from sim.model.structure import ClinicalModel, Event
from tests.byhand.worked import (
    CENT,
    NONE,
    PRIMARY,
    Candidate,
    months,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck


def test_protection_shorter_than_the_interval_leaves_a_gap(engine: ModuleType) -> None:
    """Infusions every 28 days protect for 21; washout 10 days after day 100. Weight 73 kg, vials of 5 g.

    day  5  before onset (day 7)                     infection
    day 45  17 days after the infusion of day 28     averted
    day 50  22 days after it                         infection
    day 57  1 day after the infusion of day 56       averted
    Infusions on days 0, 28, 56 and 84 (112 is past 110); 0.4 * 73 = 29.2 g is six vials, 30 g; 120 g in all.

    Ig          3,000 * sum of 1.03^(-28k/365.25) = 3,000 * 3.986440038       = 11,959.32
    Giving it     300 * 3.986440038                                           =  1,195.93
    Infections  26,500 * (0.999595444 + 0.995961796)                          = 52,882.27
    Cost                                                                        66,037.52
    """
    model = worked_model(
        PRIMARY,
        immunoglobulin={"washout": months(10)},
        regimen={"protection": months(21), "vial_size_g": 5.0},
        population={"weight_kg": Distribution("fixed", 73.0)},
    )
    luck = patient_luck(*(Candidate(day) for day in (5, 45, 50, 57)), stop_day=100)
    played = play_patients(engine, model, ScriptedLuck(luck))
    assert played.days(Event.INFECTION, "primary") == [5.0, 50.0]
    assert played.days(Event.AVERTED, "primary") == [45.0, 57.0]
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0, 56.0, 84.0]
    assert played.total("ig_grams", "primary") == pytest.approx(120.0, abs=1e-9)
    assert played.total("cost:immunoglobulin", "primary") == pytest.approx(11_959.32, abs=CENT)
    assert played.total("cost:ig_administration", "primary") == pytest.approx(1_195.93, abs=CENT)
    assert played.total("cost", "primary") == pytest.approx(66_037.52, abs=CENT)


@pytest.mark.parametrize(
    ("weight_kg", "vial_size_g", "grams"),
    [(73.0, 0.0, 29.2), (73.0, 10.0, 30.0), (75.0, 5.0, 30.0), (75.1, 5.0, 35.0), (70.0, 0.7, 28.0)],
)
def test_whole_vials_are_charged_and_an_even_dose_takes_no_vial_more(
    engine: ModuleType, weight_kg: float, vial_size_g: float, grams: float
) -> None:
    """At 0.4 g/kg 73 kg take 29.2 g; 75 kg 30 g, six vials of 5; 75.1 kg 30.04 g, seven; 70 kg 28 g, forty of 0.7."""
    model = worked_model(
        PRIMARY,
        regimen={"vial_size_g": vial_size_g},
        population={"weight_kg": Distribution("fixed", weight_kg)},
    )
    played = play_patients(engine, model, ScriptedLuck(patient_luck(stop_day=14)))
    assert played.days(Event.INFUSION, "primary") == [0.0, 28.0]
    assert played.total("ig_grams", "primary") == pytest.approx(2 * grams, abs=1e-9)
    assert played.log.value[played.log.event == Event.INFUSION] == pytest.approx([grams, grams], abs=1e-9)


def binary_model(horizon: float) -> ClinicalModel:
    """Rates that are log 2 over a power of two: with every uniform 1/2, each time below is exact in binary.

    Candidates every log 2 / (log 2 / 2) = 2 months of exposure, treatment to month log 2 / (log 2 / 4) = 4, death:
    log 2 / 8 * 4 = log 2 / 2 spent by month 4, the other half at log 2 / 4 a month, so month 4 + 2 = 6.
    """
    log2 = float(np.log(2.0))
    return worked_model(
        NONE,
        PRIMARY,
        itself={"horizon": horizon},
        agent={"stop_rate": log2 / 4},
        treatment={"death_rate_on": log2 / 8, "death_rate_off": log2 / 4},
        infections={"rate": np.array([[[log2 / 4, log2 / 4]]]), "off_multiplier": 1.0},
        immunoglobulin={"washout": 1.0},
        regimen={"interval": 1.0, "onset_lag": 1.0, "protection": 1.0},
    )


def events(engine: ModuleType, model: ClinicalModel, event: Event, strategy: int) -> list[float]:
    """Months, exactly as the engine has them, of one kind of event."""
    log = engine.event_log(model, ScriptedLuck(), np.array([0]))
    months_: list[float] = log.time[(log.event == event) & (log.strategy == strategy)].tolist()
    return months_


def test_an_infusion_at_the_end_of_the_washout_is_not_given(engine: ModuleType) -> None:
    """Treatment to month 4, washout 1: infusions in months 0, 1, 2, 3 and 4, but not in month 5."""
    assert events(engine, binary_model(60.0), Event.INFUSION, strategy=1) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_an_infusion_at_the_horizon_is_not_given(engine: ModuleType) -> None:
    assert events(engine, binary_model(3.0), Event.INFUSION, strategy=1) == [0.0, 1.0, 2.0]


def test_an_infection_at_the_horizon_does_not_happen(engine: ModuleType) -> None:
    """Candidates in months 2 and 4; the marks of 1/2 make both infections of grade 1-2 (1/2 is not under 1/2)."""
    log = engine.event_log(binary_model(4.0), ScriptedLuck(), np.array([0]))
    assert log.grade[log.event == Event.INFECTION].tolist() == [GRADE_1_2, GRADE_1_2]
    assert events(engine, binary_model(4.0), Event.INFECTION, strategy=0) == [2.0]
    assert events(engine, binary_model(np.nextafter(4.0, 5.0)), Event.INFECTION, strategy=0) == [2.0, 4.0]


def test_a_death_at_the_horizon_does_not_happen(engine: ModuleType) -> None:
    assert events(engine, binary_model(6.0), Event.OTHER_DEATH, strategy=0) == []
    assert events(engine, binary_model(6.0), Event.HORIZON, strategy=0) == [6.0]
    assert events(engine, binary_model(np.nextafter(6.0, 7.0)), Event.OTHER_DEATH, strategy=0) == [6.0]


def test_the_end_of_treatment_at_the_horizon_does_not_happen(engine: ModuleType) -> None:
    assert events(engine, binary_model(4.0), Event.TREATMENT_STOP, strategy=0) == []
    assert events(engine, binary_model(np.nextafter(4.0, 5.0)), Event.TREATMENT_STOP, strategy=0) == [4.0]


def test_an_infection_at_the_instant_of_an_infusion_meets_only_the_earlier_infusions(engine: ModuleType) -> None:
    """Protection lasts one month: in month 2 that of month 1 is over and the infusion of month 2 not yet given.

    All infections are of grade >= 3 here and no mark of 1/2 is under 0.38, so protection would have averted it.
    """
    model = binary_model(3.0)
    infections = replace(model.infections, rate=np.array([[[0.0, float(np.log(2.0)) / 2]]]))
    model = replace(model, infections=infections)
    assert events(engine, model, Event.INFECTION, strategy=1) == [2.0]
    longer = replace(model, regimens=(replace(model.regimens[0], protection=1.5),))
    assert events(engine, longer, Event.INFECTION, strategy=1) == []
    assert events(engine, longer, Event.AVERTED, strategy=1) == [2.0]
