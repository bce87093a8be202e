"""What is measured of one replication of one arm: numbers by name, by month, by hour of the day, and by group."""

from __future__ import annotations

import numpy as np

from sim.capacity.attribution import Harm, World
from sim.engines.infusion_centre import HOURS_PER_MONTH
from sim.engines.programme import Outcome, Record, Visit, Visits
from sim.model.parts import DAYS_PER_MONTH, Booleans, Floats
from sim.model.parts.programme import HOURS_PER_DAY, Programme
from sim.model.structure import ClinicalModel, Event

NUMBERS = {
    "patients_started": "patients who started after the first day",
    "infusions_wanted": "infusions due, deferred starts left out",
    "infusions_given": "infusions given",
    "infusions_on_time": "infusions begun within the days that count as on time",
    "infusions_delayed": "infusions given later than that",
    "infusions_missed": "infusions given up",
    "share_on_time": "share of infusions due that were given on time",
    "starts_deferred": "times a start of immunoglobulin was put off",
    "patients_switched": "patients who changed to immunoglobulin at home",
    "infusion_delay_days": "days from due to begun, mean of infusions given",
    "infusion_delay_days_p95": "the same, 95th percentile",
    "infusion_wait_hours": "hours from coming to begun, for grams or a chair, mean of infusions given in a chair",
    "doses_wanted": "doses of the bispecific due in a chair",
    "doses_on_time": "doses begun on time",
    "doses_missed": "doses given up",
    "dose_wait_hours": "hours from coming to begun, mean of doses given: the wait for a chair alone",
    "utilisation": "share of the chairs' opening hours in use",
    "grams_wanted": "grams due at full doses",
    "grams_given": "grams given",
    "grams_received": "grams delivered, warm-up included",
    "grams_expired": "grams discarded, warm-up included",
    "stock_outs": "spells in which somebody waited for grams",
    "stock_out_days": "days on which somebody waited for grams",
    "infections": "infections of any grade",
    "infections_grade3plus": "infections of grade 3 or more",
    "hospital_days": "days in hospital for infection",
    "infection_deaths": "deaths of infection",
    "infections_caused": "infections that happen with the limits alone",
    "infections_spared": "infections that happen without the limits alone",
    "grade3plus_caused": "grade >= 3 infections that happen with the limits alone",
    "grade3plus_spared": "grade >= 3 infections that happen without the limits alone",
    "grade3plus_net": "grade >= 3 infections caused less spared",
    "hospital_days_net": "days in hospital caused less spared",
    "deaths_caused": "deaths of infection with the limits alone",
    "deaths_spared": "deaths of infection without the limits alone",
    "deaths_net": "deaths of infection caused less spared",
}
"""Numbers of one replication, and what they are."""

MONTHLY = {
    "patients": "patients on the bispecific at the end of the month",
    "utilisation": "share of opening hours in use",
    "infusions_wanted": "infusions due",
    "infusions_late": "of these, given late",
    "infusions_missed": "of these, given up",
    "waiting": "visits waiting past their due date, on average",
    "grams_wanted": "grams due at full doses",
    "grams_given": "grams given",
    "stock_grams": "stock at the end of the month, of all routes with a supply",
}
"""Series over the months of the programme."""

MONTH_AFTER = 1.0

GROUP = {
    "patients": "patients of the group who started or were there after the first day",
    "infusions_wanted": "infusions due in a shortage or the month after it (at any time where there is none)",
    "infusions_late": "of these, given late",
    "infusions_missed": "of these, given up",
    "delay_days": "days of delay, all of these that were given together",
    "grams_short": "grams due less grams given, of these",
    "grade3plus_net": "grade >= 3 infections caused less spared",
    "hospital_days_net": "days in hospital caused less spared",
    "deaths_net": "deaths of infection caused less spared",
}
"""What a group of patients paid."""


class Counted:
    """The visits of a record that count: due after the first day and settled.

    Args:
        record: One arm of one replication.
        programme: When a visit is on time.
    """

    def __init__(self, record: Record, programme: Programme) -> None:
        visits = record.visits
        own = np.flatnonzero((visits.due >= 0) & (visits.outcome != Outcome.WITHDRAWN))
        self.visits = Visits(*(getattr(visits, name)[own] for name in Visits.__dataclass_fields__))
        self.n_patients = record.start.size
        v = self.visits
        self.given: Booleans = v.outcome == Outcome.GIVEN
        self.missed: Booleans = (v.outcome == Outcome.NO_STOCK) | (v.outcome == Outcome.NO_CHAIR)
        self.delay = v.began - v.due
        # A second's slack: a visit begun on the last moment is on time however the calendar rounds.
        self.on_time: Booleans = self.given & (self.delay <= programme.booking.on_time + 1e-6)
        self.infusion: Booleans = (v.kind == Visit.INFUSION) & (v.outcome != Outcome.NO_NEW_STARTS)
        self.dose: Booleans = v.kind == Visit.DOSE
        self.late: Booleans = self.given & ~self.on_time


def numbers(programme: Programme, record: Record, world: World, model: ClinicalModel, harm: Harm) -> dict[str, float]:
    """The numbers of `NUMBERS`."""
    c = Counted(record, programme)
    v, infusion = c.visits, c.infusion
    delays = c.delay[infusion & c.given] * DAYS_PER_MONTH
    waited = (v.began - v.came) * HOURS_PER_MONTH
    in_chair = infusion & c.given & (v.hours > 0)
    ill, serious = world.counted(Event.INFECTION), world.counted(Event.INFECTION, serious=True)
    days = model.infections.hospital_days[world.log.cause[ill], world.log.grade[ill]]
    spells, out = _stock_outs(record)
    stocks = record.stocks.values()
    wanted, on_time = float(infusion.sum()), float((infusion & c.on_time).sum())
    return {
        "patients_started": float((record.start >= 0).sum()),
        "infusions_wanted": wanted,
        "infusions_given": float((infusion & c.given).sum()),
        "infusions_on_time": on_time,
        "infusions_delayed": float((infusion & c.late).sum()),
        "infusions_missed": float((infusion & c.missed).sum()),
        "share_on_time": on_time / wanted if wanted else np.nan,
        "starts_deferred": float((v.outcome == Outcome.NO_NEW_STARTS).sum()),
        "patients_switched": float(record.switched.sum()),
        "infusion_delay_days": _mean(delays),
        "infusion_delay_days_p95": float(np.quantile(delays, 0.95)) if delays.size else 0.0,
        "infusion_wait_hours": _mean(waited[in_chair]),
        "doses_wanted": float(c.dose.sum()),
        "doses_on_time": float((c.dose & c.on_time).sum()),
        "doses_missed": float((c.dose & c.missed).sum()),
        "dose_wait_hours": _mean(waited[c.dose & c.given]),
        "utilisation": _ratio(v.hours.sum(), _open_hours(programme, np.array([0.0, programme.months]))[0]),
        "grams_wanted": float(v.wanted[infusion].sum()),
        "grams_given": float(v.grams[infusion].sum()),
        "grams_received": sum(stock.received for stock in stocks),
        "grams_expired": sum(stock.expired for stock in stocks),
        "stock_outs": spells,
        "stock_out_days": out * DAYS_PER_MONTH,
        "infections": float(ill.sum()),
        "infections_grade3plus": float(serious.sum()),
        "hospital_days": float(days.sum()),
        "infection_deaths": float(world.counted(Event.INFECTION_DEATH).sum()),
        "infections_caused": float(harm.infections_caused.sum()),
        "infections_spared": float(harm.infections_spared.sum()),
        "grade3plus_caused": float(harm.serious_caused.sum()),
        "grade3plus_spared": float(harm.serious_spared.sum()),
        "grade3plus_net": float((harm.serious_caused - harm.serious_spared).sum()),
        "hospital_days_net": float(harm.hospital_days.sum()),
        "deaths_caused": float(harm.deaths_caused.sum()),
        "deaths_spared": float(harm.deaths_spared.sum()),
        "deaths_net": float((harm.deaths_caused - harm.deaths_spared).sum()),
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else 0.0


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


def _stock_outs(record: Record) -> tuple[float, float]:
    """Spells in which somebody waited for grams, and their months together, after the first day."""
    spells, months = 0, 0.0
    for stock in record.stocks.values():
        reached = 0.0
        for begin, end in stock.waits[np.argsort(stock.waits[:, 0])].tolist():
            if end <= 0:
                continue
            begin = max(begin, 0.0)
            spells += begin > reached or spells == 0
            months += max(0.0, end - max(begin, reached))
            reached = max(reached, end)
    return float(spells), months


def _open_hours(programme: Programme, edges: Floats) -> Floats:
    """Chair hours that the ward is open between consecutive months; nan without chairs."""
    chairs = programme.chairs
    if chairs is None:
        return np.full(edges.size - 1, np.nan)
    days = np.arange(int(np.ceil(programme.months * DAYS_PER_MONTH)) + 1)
    workdays = days[(chairs.first_weekday + days) % 7 < chairs.days_per_week] / DAYS_PER_MONTH
    counted = np.histogram(workdays, edges)[0]
    hours: Floats = counted * (chairs.closes - chairs.opens) * float(chairs.places)
    return hours


def by_cause(model: ClinicalModel, world: World) -> Floats:
    """Infections after the first day, [cause, grade]."""
    ill = world.counted(Event.INFECTION)
    counted = np.zeros(model.infections.cost.shape)
    np.add.at(counted, (world.log.cause[ill], world.log.grade[ill]), 1.0)
    return counted


def monthly(programme: Programme, record: Record, world: World) -> Floats:
    """The series of `MONTHLY`, [series, month]."""
    c = Counted(record, programme)
    v, infusion = c.visits, c.infusion
    edges = np.append(np.arange(0.0, programme.months), programme.months)

    def by_month(time: Floats, weights: Floats | None = None) -> Floats:
        return np.histogram(time, edges, weights=weights)[0].astype(np.float64)

    left = np.full(record.start.size, np.inf)
    for leaving in (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON, Event.TREATMENT_STOP):
        own = world.log.event == leaving
        left[world.column[own]] = np.minimum(left[world.column[own]], world.time[own])
    there = [(record.start < month).sum() - (left < month).sum() for month in edges[1:]]
    stock = np.zeros(edges.size - 1)
    for each in record.stocks.values():
        stock += np.interp(edges[1:], each.month, each.level)
    with np.errstate(invalid="ignore", divide="ignore"):
        utilisation = by_month(v.began, v.hours) / _open_hours(programme, edges)
    series = {
        "patients": np.array(there, dtype=np.float64),
        "utilisation": utilisation,
        "infusions_wanted": by_month(v.due[infusion]),
        "infusions_late": by_month(v.due[infusion & c.late]),
        "infusions_missed": by_month(v.due[infusion & c.missed]),
        "waiting": by_month(v.due, c.delay) / np.diff(edges),
        "grams_wanted": by_month(v.due[infusion], v.wanted[infusion]),
        "grams_given": by_month(v.began[infusion], v.grams[infusion]),
        "stock_grams": stock,
    }
    return np.stack([series[name] for name in MONTHLY])


def hourly(programme: Programme, record: Record) -> Floats:
    """Share of the chairs in use in each hour of a day on which they are open, (24,); nan without chairs."""
    chairs = programme.chairs
    if chairs is None:
        return np.full(24, np.nan)
    visits = record.visits
    own = (visits.hours > 0) & (visits.began >= 0)
    begin = (visits.began[own] * HOURS_PER_MONTH) % HOURS_PER_DAY
    end = begin + visits.hours[own]
    hour = np.arange(24)[:, None]
    used = np.maximum(np.minimum(end, hour + 1) - np.maximum(begin, hour), 0.0).sum(axis=1)
    # What runs past midnight belongs to the small hours.
    used += np.maximum(np.minimum(end - HOURS_PER_DAY, hour + 1) - hour, 0.0).sum(axis=1)
    days = _open_hours(programme, np.array([0.0, programme.months]))[0] / (chairs.closes - chairs.opens)
    shares: Floats = used / days
    return shares


def in_shortage(programme: Programme, due: Floats) -> Booleans:
    """Which visits are due in a shortage or in the month after it; all where there is none."""
    episodes = [episode for supply in programme.supply.values() for episode in supply.episodes]
    if not episodes:
        return np.ones(due.size, dtype=np.bool_)
    found = np.zeros(due.size, dtype=np.bool_)
    for episode in episodes:
        found |= (due >= episode.start) & (due < episode.end + MONTH_AFTER)
    return found


def by_group(programme: Programme, record: Record, world: World, harm: Harm, groups: dict[str, Booleans]) -> Floats:
    """What each group paid, [group, entry of `GROUP`]; `programme` says when there are shortages."""
    c = Counted(record, programme)
    v, n = c.visits, c.n_patients
    infusion = c.infusion & in_shortage(programme, v.due)

    def by_patient(which: Booleans, weights: Floats | None = None) -> Floats:
        values = None if weights is None else weights[which]
        return np.bincount(v.column[which], weights=values, minlength=n).astype(np.float64)

    left = np.full(n, np.inf)
    closing = np.isin(world.log.event, (Event.INFECTION_DEATH, Event.OTHER_DEATH, Event.HORIZON))
    left[world.column[closing]] = world.time[closing]
    paid = {
        "patients": (left >= 0).astype(np.float64),
        "infusions_wanted": by_patient(infusion),
        "infusions_late": by_patient(infusion & c.late),
        "infusions_missed": by_patient(infusion & c.missed),
        "delay_days": by_patient(infusion & c.given, c.delay * DAYS_PER_MONTH),
        "grams_short": by_patient(infusion, v.wanted - v.grams),
        "grade3plus_net": harm.serious_caused - harm.serious_spared,
        "hospital_days_net": harm.hospital_days,
        "deaths_net": harm.deaths_caused - harm.deaths_spared,
    }
    table = np.stack([paid[name] for name in GROUP])
    return np.stack([table[:, mask].sum(axis=1) for mask in groups.values()])
