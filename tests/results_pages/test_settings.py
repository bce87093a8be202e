"""What is played: the scenarios that the pages name, and nothing but what they say is laid over them."""

from __future__ import annotations

import pytest

from docs.building.results_pages.settings import Sizes, alternatives, settings, without_background


def test_six_settings_in_the_payers_own_money():
    currencies = {name: setting.scenario().analysis.currency for name, setting in settings().items()}
    assert set(currencies.values()) == {"USD", "GBP", "EUR"}
    for setting in settings().values():
        shares = {
            name: quantity.value for name, quantity in setting.scenario().patients.agents.items() if quantity.value
        }
        assert (set(shares) == {"talquetamab"}) == (setting.target == "anti-GPRC5D"), setting.name


def test_the_other_target_keeps_its_death_rates_less_those_of_the_life_table():
    base, us, uk, italy = (
        settings()[name].scenario().treatment.death_rate_per_month
        for name in ("bcma-us", "gprc5d-us", "gprc5d-uk", "gprc5d-italy")
    )
    there = settings()["bcma-uk"].scenario().treatment.death_rate_per_month
    for course in ("on_treatment", "off_treatment"):
        assert getattr(italy, course) == getattr(us, course)
        taken_off = getattr(base, course).value - getattr(there, course).value
        assert taken_off > 0, "England leaves part of the deaths to a life table"
        assert getattr(uk, course).value == pytest.approx(getattr(us, course).value - taken_off, rel=1e-12)


def test_a_death_rate_worked_by_hand():
    """0.007 less the 0.002 that 0.012 lost on its way to 0.010; five sevenths of the interval."""
    made = without_background(
        {"on": {"value": 0.007, "ci": (0.0042, 0.0105), "unit": "per month", "source": "x"}},
        {"on": {"value": 0.012}},
        {"on": {"value": 0.010}},
    )
    assert made["on"]["value"] == pytest.approx(0.005, rel=1e-12)
    assert made["on"]["ci"] == pytest.approx([0.003, 0.0075], rel=1e-12)
    assert made["on"]["unit"] == "per month"


def test_the_choices_turned_alone_are_together_the_shipped_alternatives():
    chosen = alternatives()
    base = chosen["base case"].scenario()
    together = chosen["all of these at once"].scenario().resolved()
    names = [name for name, setting in chosen.items() if setting.overrides]
    assert len(names) == 7
    laid = {path: value for name in names for path, value in chosen[name].overrides.items()}
    from sim.scenario import from_tables

    merged = from_tables(base.resolved(), overrides=laid).resolved()
    for table in set(merged) - {"title", "description"}:
        assert merged[table] == together[table], table
    for name in names:
        assert chosen[name].scenario().digest != base.digest, name


def test_a_part_of_the_sizes():
    small = Sizes().times(0.01)
    assert small.run == Sizes().run // 100
    assert small.draws == 50, "fewer draws than that are not regressed"
