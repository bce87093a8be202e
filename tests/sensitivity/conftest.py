"""The tutorial, and a toy whose net benefit is known in closed form.

In the toy nobody is infected, dies or stops: 70 kg, twelve months, no discounting. `tested` has an IgG test at months
0 to 11 and nothing else, `primary` an infusion of 0.4 g/kg on days 0, 28, ... 364. So INMB of primary against tested
is 12 test - 14 (28 price + administration) - wtp 14 decrement / 365.25.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.scenario import Scenario, from_tables, load

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
BASE_CASE, TUTORIAL = SCENARIOS / "base-case.toml", SCENARIOS / "tutorial.toml"

TESTS, INFUSIONS, GRAMS = 12, 14, 14 * 28.0
PRICE, ADMINISTRATION, TEST, DECREMENT = 50.0, 300.0, 2000.0, 0.02


def toy_inmb(
    wtp: float,
    price: float = PRICE,
    administration: float = ADMINISTRATION,
    test: float = TEST,
    decrement: float = DECREMENT,
) -> float:
    """INMB of primary against tested in the toy."""
    return TESTS * test - GRAMS * price - INFUSIONS * administration - wtp * INFUSIONS * decrement / 365.25


def toy_threshold(wtp: float, **changes: float) -> float:
    """Price per gram at which that is 0."""
    return toy_inmb(wtp, price=0.0, **changes) / GRAMS


def toy_tables() -> dict[str, Any]:
    """Tables of the toy, to be changed at will."""
    tables = load(TUTORIAL).resolved()
    tables["title"] = "Toy"
    tables["analysis"] |= {"horizon_months": 12, "patients": 200, "wtp_per_qaly": [50000, 100000]}
    tables["analysis"] |= {"discount_rate_costs_per_year": 0, "discount_rate_effects_per_year": 0}
    tables["patients"]["weight_kg"] = {"distribution": "fixed", "value": 70}
    tables["agents"]["teclistamab"]["stop_rate_per_month"] = 0
    tables["treatment"]["death_rate_per_month"] = {"on_treatment": 0, "off_treatment": 0}
    for cause in tables["infections"]["causes"].values():
        cause["rate_per_month"] = {"BCMA": {"grade_1_2": 0, "grade_3plus": 0}}
    money = {"unit": "USD per gram", "range": [40, 70]}
    tables["immunoglobulin"] |= {
        "price_per_gram": {"value": PRICE, **money},
        "administration_cost": {"value": ADMINISTRATION, "unit": "USD per infusion", "range": [200, 350]},
        "infusion_utility_decrement": {"value": DECREMENT, "range": [0, 0.05]},
    }
    tables["immunoglobulin"]["hr"]["grade_3plus"] = {"value": 0.4, "dist": "lognormal", "ci": [0.2, 0.8]}
    tables["igg"]["test_cost"] = {"value": TEST, "unit": "USD per test", "range": [1900, 2050]}
    tests = {"interval_months": 1, "until": "treatment_end"}
    tables["strategies"] = {
        "tested": {"label": "Tests alone", "start": {"rule": "never"}, "igg_tests": tests},
        "primary": {"label": "Everyone", "start": {"rule": "at_start"}},
    }
    tables["analysis"]["strategies"] = ["tested", "primary"]
    return tables


@pytest.fixture(scope="session")
def toy() -> Scenario:
    return from_tables(toy_tables())


@pytest.fixture(scope="session")
def tutorial() -> Scenario:
    return load(TUTORIAL)


@pytest.fixture(scope="session")
def base_case() -> Scenario:
    return load(BASE_CASE)
