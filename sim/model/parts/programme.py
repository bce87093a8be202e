"""An infusion programme: who comes when, and the chairs and the immunoglobulin they share. Months unless said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

PriorityRule = Literal["first_come", "indication", "lowest_igg", "risk"]
PRIORITY_RULES: tuple[str, ...] = get_args(PriorityRule)
HOURS_PER_DAY = 24.0


@dataclass(frozen=True)
class Chairs:
    """Infusion chairs with opening hours, shared by doses of the bispecific and infusions of immunoglobulin.

    Attributes:
        places: Visits that can go on at a time: chairs, or what the nurses can look after if that is less.
        opens: Hour of the day.
        closes: Hour of the day; a visit that would end later waits for the next morning.
        last_booking: Hour of the day from which on nobody comes; who is due then comes when they next open.
        days_per_week: Days open, from Monday.
        first_weekday: Weekday of the first day of the programme, 0 for Monday.
        hours_per_dose: Chair hours of a dose of the bispecific.
        hours_per_infusion: Chair hours of an infusion of immunoglobulin, whatever it holds.
        hours_per_gram: Chair hours of each gram on top.
        exponential: Whether the length of a visit varies exponentially around these; else it is fixed.
        doses_first: Whether doses of the bispecific go before infusions in the queue; else by time of coming alone.
    """

    places: int
    opens: float = 0.0
    closes: float = HOURS_PER_DAY
    last_booking: float = HOURS_PER_DAY
    days_per_week: int = 7
    first_weekday: int = 0
    hours_per_dose: float = 0.0
    hours_per_infusion: float = 0.0
    hours_per_gram: float = 0.0
    exponential: bool = False
    doses_first: bool = True

    @property
    def never_close(self) -> bool:
        """Whether they are open day and night."""
        return self.last_booking - self.opens >= HOURS_PER_DAY and self.days_per_week == 7


@dataclass(frozen=True)
class Episode:
    """A shortage: from `start` until `end`, deliveries lack the share `missing`."""

    start: float
    end: float
    missing: float


@dataclass(frozen=True)
class Supply:
    """Immunoglobulin of one route of administration.

    Attributes:
        grams_per_month: Quota: what can be had.
        delivery_interval: Between deliveries, each of the quota of one interval.
        order_up_to: Stock in grams up to which deliveries are taken; inf takes all of the quota.
        opening: Stock in grams when the warm-up begins.
        safety: Grams under which the response to a shortage is in force.
        shelf_life: After which what is left of a delivery is discarded; inf for never.
        episodes: Shortages, counted from the first day of the programme.
    """

    grams_per_month: float
    delivery_interval: float
    order_up_to: float = np.inf
    opening: float = 0.0
    safety: float = 0.0
    shelf_life: float = np.inf
    episodes: tuple[Episode, ...] = ()


@dataclass(frozen=True)
class Booking:
    """When a visit is on time, and what becomes of one that is not.

    Attributes:
        on_time: A visit that begins this long after it was due, or sooner, is on time.
        patience: A visit that has not begun by then is missed.
        keeps_schedule: Whether later infusions keep their dates after a late one; else they shift with it.
    """

    on_time: float
    patience: float
    keeps_schedule: bool = False


@dataclass(frozen=True)
class Response:
    """What is done while the stock of a route is under its safety level.

    Attributes:
        dose_factor: Factor on the dose.
        interval_factor: Factor on the interval to the next infusion.
        new_starts: Whether patients may start immunoglobulin; else they are asked again at the next delivery.
        switch_to: Regimen index to which patients change for good, of another route; -1 for none.
    """

    dose_factor: float = 1.0
    interval_factor: float = 1.0
    new_starts: bool = True
    switch_to: int = -1


NO_RESPONSE = Response()


@dataclass(frozen=True)
class Arm:
    """One way of running the programme.

    Attributes:
        name: As in the scenario.
        label: For people.
        shares: Share of patients under each strategy of the model; adds up to 1.
        priority: Who is served first.
        response: What is done in a shortage.
    """

    name: str
    label: str
    shares: tuple[float, ...]
    priority: PriorityRule = "first_come"
    response: Response = NO_RESPONSE


@dataclass(frozen=True)
class Programme:
    """Everything about a programme that is not about single patients.

    Attributes:
        months: Length, from the first day, in months of 365.25/12 days.
        warm_up: Months played before the first day, of which nothing is counted.
        arrivals: Pairs of the month from which a rate holds and patients a month; the first reaches back to the
            warm-up.
        dosing: Pairs of the month of treatment from which an interval holds and the interval between doses of the
            bispecific; empty for none given in the chairs.
        booking: When a visit is on time.
        chairs: None for as many as needed.
        supply: Route to its supply; a route without one has as much as needed.
        arms: What is compared.
    """

    months: float
    warm_up: float
    arrivals: tuple[tuple[float, float], ...]
    booking: Booking
    arms: tuple[Arm, ...]
    dosing: tuple[tuple[float, float], ...] = ()
    chairs: Chairs | None = None
    supply: Mapping[str, Supply] = field(default_factory=dict)
