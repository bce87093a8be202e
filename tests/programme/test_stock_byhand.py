"""Stocks, priorities and shortages worked by hand to the gram: patients of 50 kg who need 20 g every month."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.engines.programme import Record
from sim.model.parts.programme import Arm, Booking, Episode, PriorityRule, Response, Supply
from tests.programme.quiet import FIRST_COME, plan, played, quiet_model, story

MODEL = quiet_model()


def supplied(starts: list[float], arm: Arm = FIRST_COME, months: float = 4.0, **supply: object) -> Record:
    stock = Supply(**({"grams_per_month": 0.0, "delivery_interval": 1.0} | supply))  # type: ignore[arg-type]
    return played(MODEL, plan(months, supply={"IVIG": stock}), starts, arm=arm)


def test_a_stock_that_suffices_is_used_to_the_gram() -> None:
    record = supplied([0.1, 0.2], opening=200.0)
    assert story(record) == [
        (0, 0.1, "GIVEN", 20.0), (1, 0.2, "GIVEN", 20.0), (0, 1.1, "GIVEN", 20.0), (1, 1.2, "GIVEN", 20.0),
        (0, 2.1, "GIVEN", 20.0), (1, 2.2, "GIVEN", 20.0), (0, 3.1, "GIVEN", 20.0), (1, 3.2, "GIVEN", 20.0),
    ]  # fmt: skip
    stock = record.stocks["IVIG"]
    assert (stock.received, stock.used, stock.expired, stock.closing) == (0.0, 160.0, 0.0, 40.0)
    assert list(stock.level) == [160.0, 120.0, 80.0, 40.0]


def test_who_finds_nothing_waits_for_the_delivery_and_the_next_infusion_shifts_with_it() -> None:
    # 30 g come at the start of each month. Patient 0 takes 20 at 0.1; patient 1 finds 10 at 0.6, waits until 1.0, and
    # is then served before patient 0 comes at 1.1; who finds 40 - 20 = 20 and takes them. Patient 1 is due at 2.0,
    # when 30 come; patient 0 finds 10 at 2.1 and would wait until 3.0, but half a month is all he waits.
    record = supplied([0.1, 0.6], grams_per_month=30.0)
    assert story(record) == [
        (0, 0.1, "GIVEN", 20.0), (1, 1.0, "GIVEN", 20.0), (0, 1.1, "GIVEN", 20.0), (1, 2.0, "GIVEN", 20.0),
        (0, 2.6, "NO_STOCK", 0.0), (1, 3.0, "GIVEN", 20.0), (0, 3.1, "GIVEN", 20.0),
    ]  # fmt: skip
    stock = record.stocks["IVIG"]
    assert (stock.received, stock.used, stock.closing) == (120.0, 120.0, 0.0)


def test_where_infusions_keep_their_dates_a_late_one_does_not_shift_the_next() -> None:
    stock = Supply(grams_per_month=30.0, delivery_interval=1.0)
    what = plan(3.0, supply={"IVIG": stock}, booking=Booking(0.1, 0.5, keeps_schedule=True))
    # Patient 1 is served late at 1.0 and due again at 1.6, when 40 - 20 - 20 = 0 are left; he waits until 2.0.
    assert story(played(MODEL, what, [0.1, 0.6])) == [
        (0, 0.1, "GIVEN", 20.0), (1, 1.0, "GIVEN", 20.0), (0, 1.1, "GIVEN", 20.0), (1, 2.0, "GIVEN", 20.0),
        (0, 2.6, "NO_STOCK", 0.0),
    ]  # fmt: skip


def test_a_delivery_fills_up_to_the_level_and_no_further() -> None:
    record = supplied([0.5], opening=50.0, grams_per_month=100.0, order_up_to=60.0)
    # 10 at once, then each month the 20 that were used.
    stock = record.stocks["IVIG"]
    assert (stock.received, stock.used, stock.closing) == (70.0, 80.0, 40.0)


def test_a_shortage_takes_its_share_of_the_deliveries_that_fall_into_it() -> None:
    episode = Episode(start=1.0, end=3.0, missing=0.4)
    record = supplied([3.9], grams_per_month=100.0, episodes=(episode,))
    assert record.stocks["IVIG"].received == pytest.approx(100 + 60 + 60 + 100, rel=1e-15)


def test_what_is_left_of_a_delivery_expires() -> None:
    # 30 g each at 0, 1, 2 and 3, good for 1.45 months. At 0.5 the infusion takes 20 of the first delivery; the 10
    # left expire at 1.45, before the infusion at 1.5 takes 20 of the second; its last 10 expire at 2.45.
    record = supplied([0.5], months=3.4, grams_per_month=30.0, shelf_life=1.45)
    stock = record.stocks["IVIG"]
    assert (stock.received, stock.used, stock.expired, stock.closing) == (120.0, 60.0, 20.0, 40.0)


def test_the_oldest_is_used_first() -> None:
    # Good for 1.55 months: the infusion at 1.5 takes the last 10 of the first delivery and 10 of the second, whose
    # other 20 are taken at 2.5, and 20 of the third at 3.5: nothing expires.
    record = supplied([0.5], months=3.52, grams_per_month=30.0, shelf_life=1.55)
    stock = record.stocks["IVIG"]
    assert (stock.received, stock.used, stock.expired, stock.closing) == (120.0, 80.0, 0.0, 40.0)


@pytest.mark.parametrize(
    ("rule", "order"),
    [("first_come", [0, 1, 2]), ("lowest_igg", [1, 2, 0])],
)
def test_who_waits_is_served_by_the_rule(rule: PriorityRule, order: list[int]) -> None:
    # All three come before the first delivery of 60 g, in the order 0, 1, 2; IgG is 700 exp(0.45 z) with z = 0.84,
    # -0.84 and 0: patient 1 has the lowest, then 2.
    what = plan(1.0, supply={"IVIG": Supply(0.0, 1.0)}, booking=Booking(0.1, 0.9))
    supply = Supply(grams_per_month=20.0 / 0.25, delivery_interval=0.25)
    what = dataclasses.replace(what, supply={"IVIG": supply})
    script = {("patient:igg", 0): [0.8], ("patient:igg", 1): [0.2], ("patient:igg", 2): [0.5]}
    arm = Arm(rule, rule, (1.0,), rule)
    # A patient at 0.0001 takes the first delivery of 20 g; the others come on its heels and wait.
    record = played(MODEL, what, [0.01, 0.02, 0.03, 0.0001], arm=arm, script=script)
    given = [(patient, month) for patient, month, what_became, _ in story(record) if what_became == "GIVEN"]
    assert given == [(3, 0.0001), (order[0], 0.25), (order[1], 0.5), (order[2], 0.75)]


def test_after_a_serious_infection_a_patient_goes_first() -> None:
    # Patient 2 falls seriously ill at 0.1 and lives.
    model = dataclasses.replace(
        quiet_model(),
        infections=dataclasses.replace(quiet_model().infections, rate=np.array([[[0.0, 1.0]]])),
    )
    never = 1 - 1e-12
    script = {
        **{("infection:step:any:0", patient): [never] for patient in (0, 1, 3)},
        ("infection:step:any:0", 2): [1 - np.exp(-0.1), never],
        "infection:accept:any:0": [0.01, 0.99],
        "infection:fatal:any:0": [0.99],
        "infection:stop:any:0": [0.99],
    }
    supply = Supply(grams_per_month=20.0, delivery_interval=1.0, opening=60.0)
    what = plan(2.5, supply={"IVIG": supply}, booking=Booking(0.1, 1.5))
    # 80 g serve all four in the first month. In the second patient 3 takes the 20 g and the others wait for 2.0.
    for rule, first in (("first_come", 0), ("indication", 2), ("risk", 2)):
        record = played(model, what, [0.01, 0.02, 0.03, 0.0001], arm=_arm(rule), script=script)
        given = [(patient, month) for patient, month, became, _ in story(record) if became == "GIVEN"]
        assert given == [(3, 0.0001), (0, 0.01), (1, 0.02), (2, 0.03), (3, 1.0001), (first, 2.0)]


def _arm(rule: PriorityRule, **response: object) -> Arm:
    return Arm(rule, rule, (1.0,), rule, Response(**response))  # type: ignore[arg-type]


def test_under_the_safety_level_doses_are_cut() -> None:
    record = supplied([0.1], _arm("first_come", dose_factor=0.5), opening=70.0, safety=40.0)
    # 70 - 20 = 50; 50 - 20 = 30, under 40; then 10 each.
    assert [grams for *_, grams in story(record)] == [20.0, 20.0, 10.0, 10.0]
    assert list(record.visits.wanted) == [20.0] * 4
    assert record.stocks["IVIG"].closing == 10.0


def test_under_the_safety_level_intervals_are_stretched() -> None:
    record = supplied([0.1], _arm("first_come", interval_factor=1.5), months=6.0, opening=200.0, safety=190.0)
    # At 0.1 there are 200 g; at 1.1 there are 180, so the next is due at 2.6, and then at 4.1 and 5.6.
    assert [month for _, month, *_ in story(record)] == [0.1, 1.1, 2.6, 4.1, 5.6]


def test_under_the_safety_level_nobody_starts() -> None:
    arm = _arm("first_come", new_starts=False)
    record = supplied([0.1, 0.2, 0.5], arm, opening=50.0, safety=41.0, grams_per_month=15.0, months=3.5)
    # 65 g at 0; 45 after patient 0, so patient 1 may start; 25 at 0.5. At 1.0 there are 40, at 2.0 the 15 of that day
    # (patients 0 and 1 took 40), at 3.0 they are 30, for 15 are too few for the infusions due: never 41.
    assert [(m, became) for p, m, became, _ in story(record) if p == 2] == [
        (0.5, "NO_NEW_STARTS"), (1.0, "NO_NEW_STARTS"), (2.0, "NO_NEW_STARTS"), (3.0, "NO_NEW_STARTS")
    ]  # fmt: skip
    assert [(m, became) for p, m, became, _ in story(record) if p == 0] == [
        (0.1, "GIVEN"), (1.1, "GIVEN"), (2.6, "NO_STOCK"), (3.1, "GIVEN")
    ]  # fmt: skip


def test_at_home_nobody_needs_a_chair_or_the_ward_s_stock() -> None:
    scig = dataclasses.replace(MODEL.regimens[0], route="SCIG", interval=0.25, dose_g_per_kg=0.1)
    model = dataclasses.replace(MODEL, regimens=(*MODEL.regimens, scig))
    stock = Supply(grams_per_month=0.0, delivery_interval=1.0, opening=50.0, safety=40.0)
    record = played(model, plan(2.6, supply={"IVIG": stock}), [0.1], arm=_arm("first_come", switch_to=1))
    # 20 g at 0.1 leave 30; at 1.1 the patient changes to 5 g a week at home.
    assert story(record) == [(0, 0.1, "GIVEN", 20.0), *((0, 1.1 + n / 4, "GIVEN", 5.0) for n in range(6))]
    assert record.stocks["IVIG"].used == 20.0
    assert list(record.switched) == [True]


def test_grams_are_conserved_whatever_happens() -> None:
    from sim.streams import AddressedLuck
    from tests.conftest import build_model

    model = dataclasses.replace(build_model(), strategies=build_model().strategies[1:2])
    starts = list(np.linspace(-5, 20, 60))
    for rule in ("first_come", "indication", "lowest_igg", "risk"):
        for shelf in (np.inf, 0.7):
            supply = Supply(300.0, 0.5, order_up_to=400.0, opening=100.0, safety=150.0, shelf_life=shelf,
                            episodes=(Episode(5.0, 8.0, 0.5),))  # fmt: skip
            what = plan(24.0, warm_up=5.0, supply={"IVIG": supply})
            arm = Arm(rule, rule, (1.0,), rule, Response(dose_factor=0.8))  # type: ignore[arg-type]
            record = played(model, what, starts, arm=arm, luck=AddressedLuck(4))
            stock = record.stocks["IVIG"]
            given = record.visits.grams.sum()
            assert stock.opening + stock.received == pytest.approx(
                stock.used + stock.expired + stock.closing, rel=1e-12
            )
            assert stock.used == pytest.approx(given, rel=1e-12)
            assert (stock.expired > 0) == np.isfinite(shelf)
            assert {0, 1} <= set(record.visits.outcome)
