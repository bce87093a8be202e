"""Which quantities are uncertain, between which bounds, and scenarios with some of them changed."""

from __future__ import annotations

from math import comb, exp, factorial, pi, sin, sqrt

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.scenario import Quantity, Scenario, from_tables, quantities
from sim.sensitivity.changes import changed, interval, uncertain
from tests.sensitivity.conftest import toy_tables


def test_bounds_are_the_range_then_the_interval_then_quantiles() -> None:
    both = Quantity(value=0.38, dist="lognormal", ci=(0.18, 0.79), range=(0.1, 0.72))
    assert interval(both) == (0.1, 0.72, "range")
    assert interval(Quantity(value=0.38, dist="lognormal", ci=(0.18, 0.79))) == (0.18, 0.79, "ci")
    assert interval(Quantity(value=3)) is None


def test_quantiles_leave_the_tails_that_closed_forms_give() -> None:
    # Normal: mean -+ 1.96 se. Beta(12, 108) has mean 0.1 and variance 0.09 / 121, and is below x if at least 12 of
    # 119 trials of probability x succeed. A gamma of shape 4 and scale 5 has mean 20 and sd 10, and is above x if
    # fewer than 4 events of a Poisson with mean x / 5 happen.
    def beta_below(x: float) -> float:
        return sum(comb(119, k) * x**k * (1 - x) ** (119 - k) for k in range(12, 120))

    def gamma_below(x: float) -> float:
        return 1 - sum(exp(-x / 5) * (x / 5) ** k / factorial(k) for k in range(4))

    normal = interval(Quantity(value=21, dist="normal", se=2))
    assert normal is not None
    assert normal[:2] == pytest.approx((21 - 2 * 1.959964, 21 + 2 * 1.959964), rel=1e-6)
    assert normal[2] == "distribution"
    for quantity, below in (
        (Quantity(value=0.1, dist="beta", se=sqrt(0.09 / 121)), beta_below),
        (Quantity(value=20, dist="gamma", se=10), gamma_below),
    ):
        found = interval(quantity)
        assert found is not None
        assert [below(end) for end in found[:2]] == pytest.approx([0.025, 0.975], rel=1e-9)


def test_every_uncertain_quantity_of_the_base_case_is_found_and_contains_its_value(base_case: Scenario) -> None:
    found = uncertain(base_case)
    known = [path for path, quantity, _ in quantities(base_case) if quantity.range or quantity.dist != "fixed"]
    assert [quantity.path for quantity in found] == [path for path in known if not path.startswith("voi.")]
    assert "patients.agents.teclistamab" in known
    assert "voi.years" in known
    assert all(quantity.low <= quantity.value <= quantity.high for quantity in found)
    assert {quantity.bounds for quantity in found} == {"range", "ci", "distribution"}


def test_shares_and_posterior_draws_have_the_quantiles_of_what_is_drawn() -> None:
    # One share of two with count 1: Beta(1/2, 1/2), the arcsine law, whose quantiles are sin(pi p / 2) squared.
    found = interval(Quantity(value=0.5, dist="dirichlet", count=1))
    assert found is not None
    assert found[:2] == pytest.approx((sin(pi * 0.0125) ** 2, sin(pi * 0.4875) ** 2), rel=1e-9)
    drawn = interval(Quantity(value=20, dist="empirical"), np.arange(41.0))
    assert drawn == (1.0, 39.0, "distribution")


def test_any_quantity_can_be_changed_by_its_path(base_case: Scenario) -> None:
    values = {path: quantity.value for path, quantity, _ in quantities(base_case)}
    again = changed(base_case, values)
    assert {path: quantity.value for path, quantity, _ in quantities(again)} == values
    assert changed(base_case, {"immunoglobulin.hr.grade_3plus": 0.5}).immunoglobulin.hr.grade_3plus.value == 0.5


def test_shares_not_named_make_room_in_proportion(base_case: Scenario) -> None:
    agents = "patients.agents."
    moved = changed(base_case, {agents + "teclistamab": 0.1}).patients.agents
    # 0.55, 0.35, 0.10, 0: the rest, 0.45, is scaled to 0.9.
    assert {name: share.value for name, share in moved.items()} == pytest.approx(
        {"teclistamab": 0.1, "elranatamab": 0.7, "linvoseltamab": 0.2, "talquetamab": 0.0}
    )
    two = changed(base_case, {agents + "teclistamab": 0.4, agents + "talquetamab": 0.15}).patients.agents
    assert two["elranatamab"].value == pytest.approx(0.45 * 0.35 / 0.45)
    assert sum(share.value for share in two.values()) == pytest.approx(1, abs=1e-12)


def test_shares_that_cannot_add_up_are_refused(base_case: Scenario) -> None:
    with pytest.raises(ScenarioError, match="must add up to 1"):
        changed(base_case, {f"patients.agents.{name}": 0.5 for name in base_case.patients.agents})
    with pytest.raises(ScenarioError, match="must be from 0 to 1"):
        changed(base_case, {"patients.agents.teclistamab": 1.2})
    # Nobody else to give the rest to.
    with pytest.raises(ScenarioError, match="must add up to 1"):
        changed(from_tables(toy_tables()), {"patients.agents.teclistamab": 0.5})
