"""Months to the first infection, of any grade and of grade >= 3: or else to the end of the history."""

from __future__ import annotations

from types import ModuleType

import pytest

from sim.model.parts import GRADE_1_2
from tests.byhand.worked import NONE, PRIMARY, Candidate, Played, months, patient_luck, play_patients, worked_model
from tests.scripted import ScriptedLuck

BOTH, SPARED, DIES = range(3)


@pytest.fixture
def played(engine: ModuleType) -> Played:
    """Three patients; the accept mark of severe candidates, 0.6, is under 1 and over the 0.38 of immunoglobulin.

    0  mild on day 40, severe on days 60 and 120; on immunoglobulin neither severe one comes
    1  none
    2  none, and dies of something else on day 50: 0.0002 a day, at a cumulative hazard of 0.01
    """
    luck = {
        **patient_luck(Candidate(40, GRADE_1_2), Candidate(60), Candidate(120), number=BOTH),
        **patient_luck(number=SPARED),
        **patient_luck(number=DIES, death_hazard=0.01),
    }
    return play_patients(engine, worked_model(NONE, PRIMARY), ScriptedLuck(luck), n_patients=3)


def test_months_run_to_the_first_infection_or_to_the_end(played: Played) -> None:
    found = [played.total("infection_free_months", "none", who) for who in range(3)]
    assert found == pytest.approx([months(40), 12.0, months(50)])
    found = [played.total("serious_infection_free_months", "none", who) for who in range(3)]
    assert found == pytest.approx([months(60), 12.0, months(50)])


def test_an_infection_averted_is_not_the_first(played: Played) -> None:
    assert played.total("infection_free_months", "primary", BOTH) == pytest.approx(months(40))
    assert played.total("serious_infection_free_months", "primary", BOTH) == 12.0
