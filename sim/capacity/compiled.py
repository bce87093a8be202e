"""From the programme of a scenario to the compiled one: names to indices, days and years to months."""

from __future__ import annotations

import datetime

import numpy as np

from sim.model.parts import DAYS_PER_MONTH, MONTHS_PER_YEAR
from sim.model.parts import programme as m
from sim.scenario import Scenario, programme


def compile_programme(scenario: Scenario) -> m.Programme:
    """The programme of a scenario that has one.

    Args:
        scenario: A validated scenario.

    Returns:
        Months of 365.25/12 days from the first day; strategies and regimens by their index in the compiled model.
    """
    plan = scenario.programme
    if plan is None:
        message = "the scenario has no programme"
        raise ValueError(message)
    supply = {"IVIG": plan.supply.ivig, "SCIG": plan.supply.scig}
    return m.Programme(
        months=plan.years * MONTHS_PER_YEAR,
        warm_up=plan.warm_up_months.value,
        arrivals=tuple((p.from_month, p.patients_per_year.value / MONTHS_PER_YEAR) for p in plan.arrivals),
        dosing=tuple((p.from_month, p.interval_days.value / DAYS_PER_MONTH) for p in plan.dosing),
        booking=m.Booking(
            on_time=plan.booking.on_time_days.value / DAYS_PER_MONTH,
            patience=plan.booking.patience_days.value / DAYS_PER_MONTH,
            keeps_schedule=plan.booking.after_a_late_one == "keep",
        ),
        chairs=_chairs(plan) if plan.chairs else None,
        supply={route: _supply(stock) for route, stock in supply.items() if stock is not None},
        arms=tuple(_arm(name, arm, scenario) for name, arm in plan.arms.items()),
    )


def _chairs(plan: programme.Programme) -> m.Chairs:
    chairs = plan.chairs
    assert chairs is not None
    looked_after = chairs.nurses * chairs.patients_per_nurse if chairs.nurses is not None else chairs.count
    return m.Chairs(
        places=min(chairs.count, looked_after),
        opens=chairs.opens_at_hour,
        closes=chairs.closes_at_hour,
        last_booking=chairs.closes_at_hour if chairs.last_booking_hour is None else chairs.last_booking_hour,
        days_per_week=chairs.days_per_week,
        first_weekday=datetime.date.fromisoformat(plan.first_day).weekday(),
        hours_per_dose=chairs.hours_per_dose.value,
        hours_per_infusion=chairs.hours_per_infusion.value,
        hours_per_gram=chairs.hours_per_gram.value,
        exponential=chairs.duration == "exponential",
        doses_first=chairs.doses_first,
    )


def _supply(stock: programme.Supply) -> m.Supply:
    return m.Supply(
        grams_per_month=stock.grams_per_month.value,
        delivery_interval=stock.delivery_interval_days.value / DAYS_PER_MONTH,
        order_up_to=stock.order_up_to_grams.value if stock.order_up_to_grams else np.inf,
        opening=stock.opening_grams.value,
        safety=stock.safety_grams.value,
        shelf_life=stock.shelf_life_days.value / DAYS_PER_MONTH if stock.shelf_life_days else np.inf,
        episodes=tuple(
            m.Episode(e.from_month, e.from_month + e.months, e.share_missing.value) for e in stock.episodes
        ),
    )


def _arm(name: str, arm: programme.Arm, scenario: Scenario) -> m.Arm:
    shares = {strategy: share.value for strategy, share in arm.strategies.items()}
    return m.Arm(
        name=name,
        label=arm.label,
        shares=tuple(shares.get(strategy, 0.0) for strategy in scenario.strategy_names),
        priority=arm.priority,
        response=_response(arm.response, scenario),
    )


def _response(response: programme.Response | None, scenario: Scenario) -> m.Response:
    if response is None:
        return m.NO_RESPONSE
    # Regimen 0 is that of [immunoglobulin]; those of [regimens] follow in order.
    other = 1 + list(scenario.regimens).index(response.switch_to) if response.switch_to else -1
    return m.Response(
        dose_factor=response.dose_factor.value if response.dose_factor else 1.0,
        interval_factor=response.interval_factor.value if response.interval_factor else 1.0,
        new_starts=response.new_starts,
        switch_to=other,
    )
