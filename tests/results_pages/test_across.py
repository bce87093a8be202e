"""A table over several settings holds the numbers of each, and of nobody else."""

from __future__ import annotations

from typing import Any

from docs.building.results_pages.across import ratios_grid
from docs.building.results_pages.settings import settings
from tests.results_pages.made_up import REFERENCE, folder, frontier

WTPS = [50_000.0, 150_000.0]


def turn(strategy: str, comparator: str, wtp: float, price: float, subgroup: str = "all") -> dict[str, Any]:
    """A row of the prices at which two strategies change places."""
    place = {"subgroup": subgroup, "strategy": strategy, "comparator": comparator, "wtp": wtp}
    return {**place, "price": price, "mcse": 0.1, "low": price - 5, "high": price + 5}


class MadeUp:
    """Plays of three strategies with numbers of our own."""

    def run(self, _: Any) -> Any:
        rows = [
            {**REFERENCE, "comparator": ""},
            {**frontier("secondary", 4e5, 3.5e5, 4.5e5), "comparator": "none"},
            {**frontier("primary", 7e5, 6e5, 8e5), "comparator": "secondary"},
        ]
        return folder({"incremental": rows}, wtp_per_qaly=WTPS)

    def psa(self, _: Any) -> Any:
        rows = [
            turn("primary", "none", 50_000, 11.0),
            turn("primary", "none", 150_000, 38.0),
            turn("secondary", "none", 50_000, 21.0),
            turn("secondary", "none", 150_000, 56.0),
            turn("secondary", "primary", 150_000, 31.0),
            turn("primary", "none", 150_000, 60.0, "low_igg"),
            turn("secondary", "none", 150_000, 80.0, "low_igg"),
            turn("secondary", "primary", 150_000, 34.0, "low_igg"),
        ]
        return folder({"price_of_immunoglobulin": rows}, wtp_per_qaly=WTPS)

    def price(self, _: Any) -> Any:
        return folder({}, price=100.0)


def test_break_even_prices_are_of_all_patients_against_the_reference_at_the_highest_threshold():
    """Not of the last pair of strategies, nor of the last subgroup, that the table of prices has."""
    shown = ratios_grid(MadeUp(), [settings()["bcma-us"]])  # type: ignore[arg-type]
    prices = {row[2]: row[5:7] for row in shown.rows}
    assert prices == {"secondary": ("56.0 ± 0.1", "51.0 to 61.0"), "primary": ("38.0 ± 0.1", "33.0 to 43.0")}
