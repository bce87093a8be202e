"""Who falls ill of a shortage: one patient worked by hand, and identities that hold for all."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.capacity.attribution import Harm, World, alone, harm
from sim.engines.programme import Record
from sim.model.parts.programme import Arm, Booking, Chairs, Episode, Programme, Response, Supply
from sim.model.structure import ClinicalModel, Event
from sim.streams import AddressedLuck, Luck
from tests.conftest import build_model
from tests.programme.quiet import plan, played, quiet_model
from tests.scripted import ScriptedLuck, uniform_of_exponential

NEVER_AGAIN = 1 - 1e-12


def ill_model() -> ClinicalModel:
    """Only grade >= 3 infections, one a month at frailty 1, hazard ratio 0.38 on immunoglobulin."""
    model = quiet_model()
    return dataclasses.replace(model, infections=dataclasses.replace(model.infections, rate=np.array([[[0.0, 1.0]]])))


def script(fatal: float) -> dict[str, list[float]]:
    """Candidates at months 2.4 and 3.4: the first averted on immunoglobulin alone, the second never."""
    steps = [uniform_of_exponential(2.4), uniform_of_exponential(1.0), NEVER_AGAIN]
    return {
        "infection:step:any:0": steps,
        "infection:accept:any:0": [0.5, 0.1],
        "infection:fatal:any:0": [fatal, 0.99],
        "infection:stop:any:0": [0.99, 0.99],
    }


def compared(model: ClinicalModel, what: Programme, luck: Luck, starts: list[float], arm: Arm | None = None) -> Harm:
    record = played(model, what, starts, luck=luck, **({"arm": arm} if arm else {}))
    limited, free = both_worlds(model, what, luck, record)
    return harm(model, limited, free, len(starts))


def both_worlds(model: ClinicalModel, what: Programme, luck: Luck, record: Record) -> tuple[World, World]:
    patient = np.arange(record.start.size)
    log = alone(model, luck, patient, record.strategy)
    return tuple(World.of(each, patient, record.start, what.months) for each in (record.log, log))  # type: ignore[return-value]


# Two infusions in stock: the patient is protected until 1.0 + 1.25, and falls ill at 2.4 for want of the third.
SHORT = plan(6.0, supply={"IVIG": Supply(0.0, 1.0, opening=40.0)})


def test_a_survived_infection_is_caused_by_the_shortage() -> None:
    found = compared(ill_model(), SHORT, ScriptedLuck(script(fatal=0.99)), [0.0])
    assert (found.serious_caused[0], found.serious_spared[0], found.deaths_caused[0]) == (1, 0, 0)
    assert found.hospital_days[0] == pytest.approx(8.1)


def test_a_fatal_one_spares_the_patient_what_would_have_come_after() -> None:
    found = compared(ill_model(), SHORT, ScriptedLuck(script(fatal=0.01)), [0.0])
    assert (found.serious_caused[0], found.serious_spared[0], found.deaths_caused[0]) == (1, 1, 1)
    assert found.hospital_days[0] == pytest.approx(0.0)


def test_where_the_stock_lasts_nothing_is_caused() -> None:
    enough = plan(6.0, supply={"IVIG": Supply(0.0, 1.0, opening=60.0)})
    # The third infusion is given at 2.0; what comes after 2.0 + 1.25 is not averted by anything.
    found = compared(ill_model(), enough, ScriptedLuck(script(fatal=0.99)), [0.0])
    assert (found.serious_caused.sum(), found.serious_spared.sum()) == (0, 0)


def test_an_infection_before_the_first_day_is_not_counted() -> None:
    early = plan(6.0, warm_up=3.0, supply={"IVIG": Supply(0.0, 1.0, opening=40.0)})
    found = compared(ill_model(), early, ScriptedLuck(script(fatal=0.99)), [-3.0])
    # At 2.4 - 3 = -0.6 the infection is caused, and not counted; the one at 3.4 - 3 = 0.4 happens in both worlds.
    assert found.serious_caused[0] == 0


LIMITS = plan(
    24.0,
    warm_up=6.0,
    booking=Booking(0.1, 0.5),
    chairs=Chairs(places=2, opens=8, closes=17, days_per_week=5, hours_per_dose=1.0, hours_per_infusion=4.0),
    dosing=((0.0, 0.25),),
    supply={"IVIG": Supply(700.0, 0.25, order_up_to=500.0, opening=300.0, safety=200.0,
                           episodes=(Episode(6.0, 12.0, 0.6),))},
)  # fmt: skip


@pytest.mark.parametrize("rule", ["first_come", "indication", "lowest_igg", "risk"])
def test_what_is_caused_less_what_is_spared_is_the_difference_of_every_patient(rule: str) -> None:
    model = dataclasses.replace(build_model(), strategies=build_model().strategies[1:2])
    luck = AddressedLuck(12)
    starts = np.linspace(-6.0, 20.0, 90)
    arm = Arm(rule, rule, (1.0,), rule, Response(dose_factor=0.9))  # type: ignore[arg-type]
    record = played(model, LIMITS, list(starts), arm=arm, luck=luck)
    limited, free = both_worlds(model, LIMITS, luck, record)
    found = harm(model, limited, free, starts.size)

    def count(world: World, event: Event, *, serious: bool = False) -> np.ndarray:
        return np.bincount(world.column[world.counted(event, serious=serious)], minlength=starts.size)

    net = found.infections_caused - found.infections_spared
    np.testing.assert_array_equal(net, count(limited, Event.INFECTION) - count(free, Event.INFECTION))
    net = found.serious_caused - found.serious_spared
    both = (count(world, Event.INFECTION, serious=True) for world in (limited, free))
    np.testing.assert_array_equal(net, np.subtract(*both))
    net = found.deaths_caused - found.deaths_spared
    np.testing.assert_array_equal(net, count(limited, Event.INFECTION_DEATH) - count(free, Event.INFECTION_DEATH))
    assert found.serious_caused.sum() > 0


def test_a_patient_who_never_waited_is_not_harmed() -> None:
    model = dataclasses.replace(build_model(), strategies=build_model().strategies[1:2])
    luck, starts = AddressedLuck(12), np.linspace(-6.0, 20.0, 90)
    record = played(model, LIMITS, list(starts), luck=luck)
    found = harm(model, *both_worlds(model, LIMITS, luck, record), starts.size)
    visits = record.visits
    is_late = (visits.kind == 1) & ((visits.outcome != 0) | (visits.began > visits.due))
    never_late = np.setdiff1d(np.arange(starts.size), visits.column[is_late])
    changed = found.infections_caused + found.infections_spared + found.deaths_caused + found.deaths_spared
    assert changed[never_late].sum() == 0
    assert 0 < never_late.size < starts.size


def test_without_limits_nothing_is_caused() -> None:
    model, luck = build_model(), AddressedLuck(12)
    model = dataclasses.replace(model, strategies=model.strategies[1:2])
    found = compared(model, dataclasses.replace(LIMITS, chairs=None, supply={}), luck, list(np.linspace(-6, 20, 60)))
    assert all(np.all(getattr(found, field.name) == 0) for field in dataclasses.fields(Harm))
