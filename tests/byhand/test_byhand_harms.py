"""Adverse events of immunoglobulin: those that end it, at their own time, and reactions at every infusion."""

from __future__ import annotations

from types import ModuleType

import pytest

from sim.model.parts import Harm
from sim.model.structure import Event
from tests.byhand.worked import (
    CENT,
    DAYS_PER_MONTH,
    MILLIONTH,
    NONE,
    PRIMARY,
    SECONDARY,
    Candidate,
    Played,
    patient_luck,
    play_patients,
    worked_model,
)
from tests.scripted import ScriptedLuck, uniform_of_exponential

CLOTTED, BOTH, SPARED = 0, 1, 2
THROMBOSIS, RENAL = 0, 1


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Thrombosis at 0.002 and renal failure at 0.001 a day of immunoglobulin; a reaction in a tenth of infusions.

    CLOTTED   thrombosis after 60 days of immunoglobulin
    BOTH      renal failure after 40 days, before the thrombosis of day 60
    SPARED    thrombosis after 60 days, but treatment ends on day 20 and immunoglobulin on day 50
    """

    def harmed(thrombosis: float, renal: float) -> dict[str, list[float]]:
        return {
            "ig__harm__thrombosis": [uniform_of_exponential(0.002 * thrombosis)],
            "ig__harm__renal": [uniform_of_exponential(0.001 * renal)],
        }

    luck = {
        **patient_luck(Candidate(50), Candidate(80), Candidate(95), number=CLOTTED, **harmed(60, 500)),
        **patient_luck(number=BOTH, **harmed(60, 40)),
        **patient_luck(stop_day=20, number=SPARED, **harmed(60, 500)),
    }
    harms = (
        Harm("thrombosis", 0.002 * DAYS_PER_MONTH, cost=9_000.0, qaly_loss=0.03, hospital_days=6.0),
        Harm("renal", 0.001 * DAYS_PER_MONTH, cost=4_000.0, qaly_loss=0.05, hospital_days=10.0),
    )
    reactions = {"reaction_probability": 0.1, "reaction_cost": 60.0, "reaction_qaly_loss": 0.0005}
    model = worked_model(NONE, PRIMARY, SECONDARY, immunoglobulin={"harms": harms, **reactions})
    return play_patients(engine, model, ScriptedLuck(luck), n_patients=3)


def test_a_harm_ends_infusions_but_not_the_protection_of_the_last_one(played: Played) -> None:
    """Infusions on days 0, 28, 56; thrombosis on day 60; protection ends on day 56 + 35 = 91.

    Days 50 and 80 (mark 0.6 >= 0.38) are averted, day 95 is not.
    """
    assert played.story("primary", CLOTTED) == [
        (Event.IG_ORDERED, 0.0),
        (Event.INFUSION, 0.0),
        (Event.INFUSION, 28.0),
        (Event.AVERTED, 50.0),
        (Event.INFUSION, 56.0),
        (Event.IG_HARM, 60.0),
        (Event.AVERTED, 80.0),
        (Event.INFECTION, 95.0),
        (Event.HORIZON, 365.25),
    ]
    assert played.total("ig_months", "primary", CLOTTED) == pytest.approx(60 / 30.4375, abs=MILLIONTH)


def test_a_harm_costs_at_its_own_time(played: Played) -> None:
    """Factors 1.03^(-d/365.25): infusions 2.993214902, day 60 0.995156114, day 95 0.992341357.

    Ig and giving it  3,300 * 2.993214902                 =  9,877.61
    Adverse events    0.1 * 60 * 2.993214902              =     17.96
                      9,000 * 0.995156114                 =  8,956.41
    Infection         26,500 * 0.992341357                = 26,297.05
    Cost                                                    45,149.02
    QALY  0.7 * 0.992592502 - 0.0084 * 0.996135022 - 0.03 * 0.997557220 - (0.0001 + 0.1 * 0.0005) * 2.996579179
          = 0.694814751 - 0.008367534 - 0.029926717 - 0.000449487 = 0.656071
    """
    assert played.total("cost:ig_adverse_events", "primary", CLOTTED) == pytest.approx(8_974.36, abs=CENT)
    assert played.total("cost", "primary", CLOTTED) == pytest.approx(45_149.02, abs=CENT)
    assert played.total("qaly", "primary", CLOTTED) == pytest.approx(0.656071, abs=MILLIONTH)
    assert played.total("hospital_days", "primary", CLOTTED) == 8.0 + 6.0
    assert played.total("infection_hospital_days", "primary", CLOTTED) == 8.0
    assert played.total("ig_reactions", "primary", CLOTTED) == pytest.approx(0.3, abs=1e-12)
    assert played.total("ig_harms:thrombosis", "primary", CLOTTED) == 1.0
    assert played.total("ig_harms:renal", "primary", CLOTTED) == 0.0


def test_the_time_to_harm_counts_from_the_first_infusion(played: Played) -> None:
    """The infection of day 50 orders; infusions on days 64, 92 and 120; thrombosis on day 64 + 60 = 124.

    9,000 * 0.990015162 + 6 * 2.977752025 = 8,928.00
    """
    assert played.days(Event.INFUSION, "secondary", CLOTTED) == [64.0, 92.0, 120.0]
    assert played.days(Event.IG_HARM, "secondary", CLOTTED) == [124.0]
    assert played.days(Event.AVERTED, "secondary", CLOTTED) == [80.0, 95.0]
    assert played.total("cost:ig_adverse_events", "secondary", CLOTTED) == pytest.approx(8_928.00, abs=CENT)
    assert played.total("ig_harms", "none", CLOTTED) == 0.0


def test_the_first_of_two_harms_is_the_only_one(played: Played) -> None:
    """Renal failure on day 40 ends the course before the thrombosis of day 60: infusions on days 0 and 28.

    4,000 * 1.03^(-40/365.25) = 4,000 * 0.996768130 = 3,987.07; reactions 6 * 1.997736593 = 11.99
    """
    assert played.days(Event.IG_HARM, "primary", BOTH) == [40.0]
    assert played.days(Event.INFUSION, "primary", BOTH) == [0.0, 28.0]
    harm = played.log.by[(played.log.event == Event.IG_HARM) & (played.log.patient == BOTH)]
    assert harm.tolist() == [RENAL]
    assert played.total("cost:ig_adverse_events", "primary", BOTH) == pytest.approx(3_999.06, abs=CENT)
    assert played.total("hospital_days", "primary", BOTH) == 10.0
    assert played.total("ig_harms:renal", "primary", BOTH) == 1.0
    assert played.total("ig_harms", "primary", BOTH) == 1.0


def test_after_the_end_of_the_course_no_harm_comes(played: Played) -> None:
    """The course ends with the washout on day 20 + 30 = 50, before the harm of day 60; only reactions are paid."""
    assert played.days(Event.IG_HARM, "primary", SPARED) == []
    assert played.days(Event.INFUSION, "primary", SPARED) == [0.0, 28.0]
    assert played.total("ig_harms", "primary", SPARED) == 0.0
    assert played.total("cost:ig_adverse_events", "primary", SPARED) == pytest.approx(11.99, abs=CENT)
    assert played.total("ig_months", "primary", SPARED) == pytest.approx(50 / 30.4375, abs=MILLIONTH)
