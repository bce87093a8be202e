"""Entries of an infusion programme: `igsim capacity` reads them, and no output of `igsim run` moves."""

from __future__ import annotations

from tests.walkthrough.changes import reshared, reworded
from tests.walkthrough.entries import Change, put, usual
from tests.walkthrough.expectation import Expectation

NOTE = "read by `igsim capacity` alone"
FIRST = "the first begins at 0"


def _quiet(to: Change = usual) -> Expectation:
    return Expectation(to=to, note=NOTE)


def of_the_programme() -> dict[str, Expectation]:
    """Every entry of [programme]."""
    first = Expectation(to=put(1.0), refused=True, note=FIRST)
    return {
        "programme.first_day": _quiet(put("2027-02-01")),
        "programme.years": _quiet(),
        "programme.warm_up_months": _quiet(),
        "programme.arrivals.1.from_month": first,
        "programme.arrivals.2.from_month": _quiet(),
        "programme.arrivals.{n}.patients_per_year": _quiet(),
        "programme.dosing.1.from_month": first,
        "programme.dosing.2.from_month": _quiet(),
        "programme.dosing.{n}.interval_days": _quiet(),
        "programme.booking.on_time_days": _quiet(),
        "programme.booking.patience_days": _quiet(),
        "programme.booking.after_a_late_one": _quiet(put("keep")),
        "programme.chairs.count": _quiet(),
        "programme.chairs.nurses": _quiet(),
        "programme.chairs.patients_per_nurse": _quiet(),
        "programme.chairs.opens_at_hour": _quiet(),
        "programme.chairs.closes_at_hour": _quiet(),
        "programme.chairs.last_booking_hour": _quiet(),
        "programme.chairs.days_per_week": _quiet(),
        "programme.chairs.hours_per_dose": _quiet(),
        "programme.chairs.hours_per_infusion": _quiet(),
        "programme.chairs.hours_per_gram": _quiet(),
        "programme.chairs.duration": _quiet(put("exponential")),
        "programme.chairs.doses_first": _quiet(),
        "programme.supply.{route}.grams_per_month": _quiet(),
        "programme.supply.{route}.delivery_interval_days": _quiet(),
        "programme.supply.{route}.order_up_to_grams": _quiet(),
        "programme.supply.{route}.opening_grams": _quiet(),
        "programme.supply.{route}.safety_grams": _quiet(),
        "programme.supply.{route}.shelf_life_days": _quiet(),
        "programme.supply.{route}.episodes": _quiet(put([])),
        "programme.supply.{route}.episodes.{n}.from_month": _quiet(),
        "programme.supply.{route}.episodes.{n}.months": _quiet(),
        "programme.supply.{route}.episodes.{n}.share_missing": _quiet(),
        "programme.arms.{arm}.label": Expectation(to=reworded, note="descriptive"),
        "programme.arms.{arm}.strategies.{strategy}": _quiet(reshared),
        "programme.arms.{arm}.priority": _quiet(put("risk")),
        "programme.arms.{arm}.response.dose_factor": _quiet(),
        "programme.arms.{arm}.response.interval_factor": _quiet(),
        "programme.arms.{arm}.response.new_starts": _quiet(),
        "programme.arms.{arm}.response.switch_to": _quiet(put("")),
    }
