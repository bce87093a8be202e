"""What an infusion programme must mean together with the rest of a scenario."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.programme import Arm, Chairs, Programme
from sim.scenario.quantity import shown, suggestion
from sim.scenario.references import Contradiction
from sim.scenario.sections import Parts

SHARES_TOLERANCE = 1e-9


def programme_contradictions(programme: Programme, parts: Parts) -> Iterator[Contradiction]:
    """Yield what cannot be meant: path, what was found, what is allowed."""
    for name, arm in programme.arms.items():
        yield from _arm(("programme", "arms", name), arm, programme, parts)
    labels: dict[str, str] = {}
    for name, arm in programme.arms.items():
        if arm.label in labels:
            allowed = f"must differ from the label of {labels[arm.label]}"
            yield ("programme", "arms", name, "label"), shown(arm.label), allowed
        labels.setdefault(arm.label, name)
    if programme.chairs is not None:
        yield from _chairs(programme.chairs)
    booking = programme.booking
    if booking.patience_days.value < booking.on_time_days.value:
        allowed = f"must be on_time_days or more, {booking.on_time_days.value:g}"
        yield ("programme", "booking", "patience_days"), f"{booking.patience_days.value:g}", allowed


def _arm(path: tuple[str, ...], arm: Arm, programme: Programme, parts: Parts) -> Iterator[Contradiction]:
    names = parts.strategies.names
    played = (parts.analysis.strategies if parts.analysis else None) or names
    for name in arm.strategies:
        if played is not None and name not in played:
            allowed = f"must name a strategy that is compared: {', '.join(played)}{suggestion(name, list(played))}"
            yield (*path, "strategies", name), shown(name), allowed
    total = sum(share.value for share in arm.strategies.values())
    if abs(total - 1) > SHARES_TOLERANCE:
        yield (*path, "strategies"), f"{total:.10g} in all", "must add up to 1"
    other = arm.response.switch_to if arm.response else ""
    regimens = parts.regimens.names
    if other and regimens is not None and other not in regimens:
        known = ", ".join(regimens) or "none is defined"
        allowed = f"must name a regimen of [regimens]: {known}{suggestion(other, list(regimens))}"
        yield (*path, "response", "switch_to"), shown(other), allowed
    if arm.response and programme.supply.ivig is None and programme.supply.scig is None:
        yield (*path, "response"), "", "answers to a stock; programme.supply has none"


def _chairs(chairs: Chairs) -> Iterator[Contradiction]:
    path = ("programme", "chairs")
    if chairs.closes_at_hour <= chairs.opens_at_hour:
        allowed = f"must be later than opens_at_hour, {chairs.opens_at_hour:g}"
        yield (*path, "closes_at_hour"), f"{chairs.closes_at_hour:g}", allowed
        return
    last = chairs.last_booking_hour
    if last is not None and not chairs.opens_at_hour < last <= chairs.closes_at_hour:
        allowed = f"must be after opening, {chairs.opens_at_hour:g}, and not after closing, {chairs.closes_at_hour:g}"
        yield (*path, "last_booking_hour"), f"{last:g}", allowed
    day = chairs.closes_at_hour - chairs.opens_at_hour
    for key in ("hours_per_dose", "hours_per_infusion"):
        hours = getattr(chairs, key).value
        if hours > day:
            yield (*path, key), f"{hours:g}", f"must fit into a day of {day:g} hours"
