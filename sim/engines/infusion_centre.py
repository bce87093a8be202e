"""What patients of a programme share: chairs with opening hours, and stocks of immunoglobulin (SimPy resources).

Calendar time is in months from the first day of the programme, midnight; the warm-up has negative months.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy
from simpy.resources.resource import SortedQueue

from sim.model.parts import DAYS_PER_MONTH
from sim.model.parts.programme import HOURS_PER_DAY, Chairs, Supply

HOURS_PER_MONTH = DAYS_PER_MONTH * HOURS_PER_DAY
_SLACK = 1e-6
"""Hours: what rounding between months and hours may make of a time."""

Key = tuple[float, ...]
Waiting = Generator[simpy.Event, Any, Any]


def opening(chairs: Chairs, time: float) -> float:
    """The earliest moment, not before `time`, at which somebody may come to the chairs; months."""
    if chairs.never_close:
        return time
    day, hour = divmod(time * HOURS_PER_MONTH, HOURS_PER_DAY)
    if _is_workday(chairs, day) and hour < min(chairs.closes, chairs.last_booking) - _SLACK:
        if hour >= chairs.opens - _SLACK:
            return time
    else:
        day += 1
        while not _is_workday(chairs, day):
            day += 1
    return (day * HOURS_PER_DAY + chairs.opens) / HOURS_PER_MONTH


def _is_workday(chairs: Chairs, day: float) -> bool:
    return (chairs.first_weekday + int(day)) % 7 < chairs.days_per_week


class Ward:
    """Chairs and the queue before them.

    Args:
        env: Simulation.
        chairs: How many, and when they are open.
    """

    def __init__(self, env: simpy.Environment, chairs: Chairs) -> None:
        self.env, self.plan = env, chairs
        self.chairs = simpy.PriorityResource(env, capacity=chairs.places)

    def opening(self, time: float) -> float:
        """The earliest moment, not before `time`, at which somebody may come."""
        return opening(self.plan, time)

    def begin(self, time: float, hours: float) -> float:
        """When a visit begins that has a chair at `time`: then if it ends before closing, else the next morning."""
        plan = self.plan
        if plan.never_close:
            return time
        hour = (time * HOURS_PER_MONTH) % HOURS_PER_DAY
        # A visit longer than a day begins in the morning and overruns.
        if hour + hours <= plan.closes + _SLACK or hour <= plan.opens + _SLACK:
            return time
        return self.opening(time + (HOURS_PER_DAY - hour) / HOURS_PER_MONTH)

    def seat_now(self, key: Key, hours: float) -> bool:
        """Begin a visit at once, if a chair is free and the visit ends before closing."""
        chairs = self.chairs
        if chairs.queue or chairs.count >= chairs.capacity or self.begin(self.env.now, hours) > self.env.now:
            return False
        self.occupy(chairs.request(priority=key), hours)  # type: ignore[arg-type]
        return True

    def occupy(self, seat: Any, hours: float) -> None:
        """Keep a chair for a visit that begins now."""
        end = self.env.timeout(hours / HOURS_PER_MONTH)
        end.callbacks.append(lambda _: self._leave(seat))

    def _leave(self, seat: Any) -> None:
        self.chairs.release(seat)

    def queue_for(self, key: Key, hours: float, deadline: float) -> Waiting:
        """Wait for a chair; the seat when the visit begins, or None if it has not by the deadline."""
        env, seat = self.env, self.chairs.request(priority=key)  # type: ignore[arg-type]
        try:
            if not seat.triggered:
                if deadline > env.now:
                    yield seat | env.timeout(deadline - env.now)
                if not seat.triggered:
                    seat.cancel()
                    return None
            begins = self.begin(env.now, hours)
            if begins > deadline:
                self.chairs.release(seat)
                return None
            if begins > env.now:
                # The chair is kept for the first visit of the next morning.
                yield env.timeout(begins - env.now)
        except simpy.Interrupt:
            if seat.triggered:
                self.chairs.release(seat)
            else:
                seat.cancel()
            raise
        return seat


class _Claim(simpy.resources.container.ContainerGet):
    """A request for grams that waits in the order of its key."""

    def __init__(self, container: simpy.Container, amount: float, key: Key) -> None:
        self.key = key
        super().__init__(container, amount)


class _Shelf(simpy.Container):
    """Grams in stock. Who waits is served in order; a large request is not overtaken by a smaller one behind it."""

    GetQueue = SortedQueue

    def __init__(self, env: simpy.Environment, store: Store, opening: float) -> None:
        self._store = store
        super().__init__(env, init=opening)

    def _do_get(self, event: Any) -> bool | None:
        served = super()._do_get(event)
        if served:
            self._store.taken(event.amount)
        return served

    def withdraw(self, claim: _Claim) -> None:
        """Leave the queue; whoever waited behind may now be served."""
        claim.cancel()
        self._trigger_get(None)


class Store:
    """The stock of one route: deliveries, shortages, expiry, and claims by priority.

    Args:
        env: Simulation, at the beginning of the warm-up.
        supply: What can be had.
    """

    def __init__(self, env: simpy.Environment, supply: Supply) -> None:
        self.env, self.supply = env, supply
        self._batches: deque[list[float]] = deque([[env.now + supply.shelf_life, supply.opening]])
        self.shelf = _Shelf(env, self, supply.opening)
        self._began, self._deliveries, self._claims = env.now, 0, 0
        self.received = self.used = self.expired = self.returned = 0.0
        self.waits: list[tuple[float, float]] = []
        env.process(self._deliver())
        if supply.shelf_life < float("inf"):
            env.process(self._expire(env.now + supply.shelf_life))

    @property
    def is_short(self) -> bool:
        """Whether the stock is under its safety level."""
        return bool(self.shelf.level < self.supply.safety)

    @property
    def next_delivery(self) -> float:
        """Month of the next delivery."""
        return self._began + self._deliveries * self.supply.delivery_interval

    def taken(self, grams: float) -> None:
        """Book grams that left the shelf, the oldest first."""
        self.used += grams
        while grams > 0 and self._batches:
            oldest = self._batches[0]
            part = min(oldest[1], grams)
            oldest[1] -= part
            grams -= part
            if oldest[1] <= 0:
                self._batches.popleft()

    def take_now(self, grams: float) -> bool:
        """Take grams at once, if nobody waits and they are there."""
        if self.shelf.get_queue or self.shelf.level < grams:
            return False
        _Claim(self.shelf, grams, (0.0,))
        return True

    def queue_for(self, rank: float, grams: float, deadline: float) -> Waiting:
        """Wait for grams; whether they came by the deadline."""
        env, self._claims = self.env, self._claims + 1
        claim, began = _Claim(self.shelf, grams, (rank, env.now, self._claims)), env.now
        try:
            if not claim.triggered and deadline > env.now:
                yield claim | env.timeout(deadline - env.now)
        except simpy.Interrupt:
            if claim.triggered:
                self.give_back(grams)
            else:
                self.shelf.withdraw(claim)
            raise
        finally:
            if env.now > began:
                self.waits.append((began, env.now))
        if not claim.triggered:
            self.shelf.withdraw(claim)
            return False
        return True

    def give_back(self, grams: float) -> None:
        """Return grams that were claimed and not given; they count as old as the oldest on the shelf."""
        self.used -= grams
        day = self._batches[0][0] if self._batches else self.env.now + self.supply.shelf_life
        self._batches.appendleft([day, grams])
        self.shelf.put(grams)

    def _missing(self, time: float) -> float:
        """Share of the quota that does not come at a month."""
        return max((e.missing for e in self.supply.episodes if e.start <= time < e.end), default=0.0)

    def _deliver(self) -> Waiting:
        env, supply = self.env, self.supply
        while True:
            self._deliveries += 1
            quota = supply.grams_per_month * supply.delivery_interval * (1 - self._missing(env.now))
            grams = max(0.0, min(quota, supply.order_up_to - self.shelf.level))
            if grams > 0:
                self.received += grams
                batch = [env.now + supply.shelf_life, grams]
                self._batches.append(batch)
                self.shelf.put(grams)
                if supply.shelf_life < float("inf"):
                    env.process(self._expire(batch[0]))
            # From the beginning each time, so that no rounding adds up over years.
            yield env.timeout(max(0.0, self.next_delivery - env.now))

    def _expire(self, day: float) -> Waiting:
        yield self.env.timeout(day - self.env.now)
        gone = sum(batch[1] for batch in self._batches if batch[0] <= day)
        gone = min(gone, self.shelf.level)
        if gone > 0:
            # Ahead of everybody who waits; what has expired is always on the shelf.
            _Claim(self.shelf, gone, (-float("inf"),))
            self.used -= gone
            self.expired += gone
