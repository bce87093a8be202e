"""Scenarios in which patients compete cannot be played one by one, and say who can play them."""

from __future__ import annotations

from sim.errors import Problem, UnsupportedByEngineError
from sim.scenario.schema import Scenario


def refuse_limits(scenario: Scenario) -> None:
    """Refuse a scenario whose patients compete, where they would be played one by one.

    Raises:
        UnsupportedByEngineError: Chairs or the supply of a route are limited; names the command that plays it.
    """
    plan = scenario.programme
    if plan is None or not plan.limits:
        return
    limited = ["chairs"] if plan.chairs else []
    limited += [f"supply.{route}" for route in ("ivig", "scig") if getattr(plan.supply, route)]
    file = scenario.files[0] if scenario.files else ""
    allowed = "patients compete for these, so they cannot be played one by one; igsim capacity plays this scenario"
    raise UnsupportedByEngineError(
        "this scenario limits what patients share", [Problem("programme", ", ".join(limited), allowed, file)]
    )
