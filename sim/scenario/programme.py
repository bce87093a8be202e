"""The infusion programme of a centre: arrivals by calendar, chairs, supply, who comes first, and what is compared.

`igsim capacity` plays it. Patients compete for what is limited here, so a scenario with chairs or a supply cannot be
played patient by patient: `limits` says whether it has any.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sim.scenario.fields import Days, LoweringFactor, Months, Name, Number, PositiveDays, Reference, Table, Text
from sim.scenario.periods import StartMonth, in_order
from sim.scenario.quantity import Fault, Quantity, Spec, faulty, shown

GramsPerMonth = Annotated[Quantity, Spec("g per month", ge=0, le=1e7)]
StockGrams = Annotated[Quantity, Spec("g", ge=0, le=1e7)]
PositiveGrams = Annotated[Quantity, Spec("g", gt=0, le=1e7)]
PerYear = Annotated[Quantity, Spec("patients per year", ge=0, le=1e7)]
Hours = Annotated[Quantity, Spec("hours", ge=0, le=24)]
HoursPerGram = Annotated[Quantity, Spec("hours per gram", ge=0, le=1)]
Share = Annotated[Quantity, Spec("proportion", ge=0, le=1)]
Stretch = Annotated[Quantity, Spec("multiplier", ge=1, le=10)]
Hour = Annotated[Number, Field(ge=0, le=24)]


def _a_day(text: str) -> str:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise faulty([Fault((), shown(text), 'must be a day, such as "2026-01-01"')]) from None
    return text


class ArrivalPeriod(Table):
    """A stretch of the programme with one rate of new patients."""

    from_month: StartMonth = Field(
        description="Month of the programme from which the rate holds; the first also holds in the warm-up."
    )
    patients_per_year: PerYear = Field(description="Patients who start a bispecific, by a Poisson process.")


class DosingPeriod(Table):
    """A stretch of treatment with one interval between doses of the bispecific."""

    from_month: StartMonth = Field(description="Month of treatment, 0 for the first.")
    interval_days: PositiveDays = Field(description="Days between doses given in a chair.")


class Chairs(Table):
    """Infusion chairs, shared by doses of the bispecific and infusions of immunoglobulin by vein."""

    count: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(description="Chairs.")
    nurses: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = Field(
        default=None, description="Nurses on duty; default as many as the chairs need."
    )
    patients_per_nurse: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(
        default=1, description="Visits that one nurse can look after at a time."
    )
    opens_at_hour: Hour = Field(description="Hour of the day at which they open.")
    closes_at_hour: Hour = Field(description="Hour by which every visit must end.")
    last_booking_hour: Hour | None = Field(
        default=None,
        description="Hour from which on nobody comes any more that day; default until they close.",
    )
    days_per_week: Annotated[int, Field(strict=True, ge=1, le=7)] = Field(description="Days open, from Monday.")
    hours_per_dose: Hours = Field(description="Chair hours of a dose of the bispecific.")
    hours_per_infusion: Hours = Field(description="Chair hours of an infusion of immunoglobulin, whatever its grams.")
    hours_per_gram: HoursPerGram = Field(description="Chair hours of each gram on top.")
    duration: Literal["fixed", "exponential"] = Field(
        default="fixed", description="Whether every visit takes these hours, or varies exponentially around them."
    )
    doses_first: bool = Field(
        default=True, strict=True, description="Whether doses of the bispecific go before infusions in the queue."
    )


class Episode(Table):
    """A shortage of supply."""

    from_month: StartMonth = Field(description="Month of the programme it begins in.")
    months: Annotated[Number, Field(gt=0, le=1200)] = Field(description="How long it lasts.")
    share_missing: Share = Field(description="Share of the quota that does not come.")


class Supply(Table):
    """Immunoglobulin of one route: what can be had, and what is kept."""

    grams_per_month: GramsPerMonth = Field(description="Quota.")
    delivery_interval_days: PositiveDays = Field(description="Days between deliveries.")
    order_up_to_grams: PositiveGrams | None = Field(
        default=None, description="Stock up to which deliveries are taken; default all of the quota."
    )
    opening_grams: StockGrams = Field(description="Stock when the warm-up begins.")
    safety_grams: StockGrams = Field(description="Stock under which the response of an arm is in force.")
    shelf_life_days: PositiveDays | None = Field(default=None, description="Default: nothing expires.")
    episodes: tuple[Episode, ...] = Field(default=(), description="Shortages.")


class Supplies(Table):
    """Supply by route; a route that is left out has as much as needed."""

    ivig: Supply | None = Field(default=None, description="Immunoglobulin given by vein, in a chair.")
    scig: Supply | None = Field(default=None, description="Immunoglobulin given under the skin, at home.")


class Booking(Table):
    """When a visit is on time, and what becomes of one that is not."""

    on_time_days: Days = Field(description="A visit that begins within these days of its due date is on time.")
    patience_days: Days = Field(description="A visit that has not begun by then is missed.")
    after_a_late_one: Literal["shift", "keep"] = Field(
        default="shift", description="Whether later infusions shift with a late one, or keep their dates."
    )


class Response(Table):
    """What is done while the stock is under its safety level."""

    dose_factor: LoweringFactor | None = Field(default=None, description="Factor on the dose; default 1.")
    interval_factor: Stretch | None = Field(default=None, description="Factor on the interval; default 1.")
    new_starts: bool = Field(default=True, strict=True, description="Whether patients may start immunoglobulin.")
    switch_to: Reference = Field(
        default="",
        description="Regimen, under the skin at home, to which patients change for good; empty for none.",
    )


class Arm(Table):
    """One way of running the programme; all arms are played on the same arrivals and luck."""

    label: Text = Field(description="In words.")
    strategies: dict[Name, Share] = Field(
        min_length=1, description="Share of patients under each strategy; shares add up to 1."
    )
    priority: Literal["first_come", "indication", "lowest_igg", "risk"] = Field(
        description="Who is served first: by time of coming; after an infection before the rest; lowest latest "
        "measured IgG (baseline IgG where none was); most serious infections so far, then highest rate of them."
    )
    response: Response | None = Field(default=None, description="What is done in a shortage; default nothing.")


class Programme(Table):
    """An infusion programme on calendar time."""

    first_day: Annotated[Text, AfterValidator(_a_day)] = Field(
        description='Day from which things are counted, such as "2026-01-01"; months have 365.25/12 days.'
    )
    years: Annotated[int, Field(strict=True, ge=1, le=20)] = Field(description="Years that are counted.")
    warm_up_months: Months = Field(description="Months played before the first day, so that it finds patients there.")
    arrivals: Annotated[tuple[ArrivalPeriod, ...], Field(min_length=1), AfterValidator(in_order)] = Field(
        description="New patients over time."
    )
    dosing: Annotated[tuple[DosingPeriod, ...], AfterValidator(in_order)] = Field(
        default=(), description="Doses of the bispecific that take a chair; default none."
    )
    booking: Booking = Field(description="When a visit is on time.")
    chairs: Chairs | None = Field(default=None, description="Default: as many as needed.")
    supply: Supplies = Field(default_factory=Supplies, description="Immunoglobulin by route.")
    arms: dict[Name, Arm] = Field(min_length=1, description="What is compared, by name; the first is the reference.")

    @property
    def limits(self) -> bool:
        """Whether patients compete for anything."""
        return self.chairs is not None or self.supply.ivig is not None or self.supply.scig is not None
