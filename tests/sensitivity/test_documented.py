"""The page on sensitivity analysis lists the columns that each table has, in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from sim.scenario import Scenario, from_tables
from sim.sensitivity import compare, parse_axes, price_thresholds, sobol_sweep, thresholds, tornado

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sensitivity.md"
PRICE = "immunoglobulin.price_per_gram"
VARIED = [PRICE, "igg.test_cost"]


@pytest.fixture(scope="module")
def tables(toy: Scenario) -> dict[tuple[str, str], pd.DataFrame]:
    """Every table, by command and file stem."""
    price = price_thresholds(toy, PRICE, wtps=[0], patients=5)
    search = thresholds(toy, PRICE, wtp=0, patients=5)
    played, indices, _ = sobol_sweep(toy, parse_axes([f"{path}=1:2" for path in VARIED]), n=2, patients=5)
    dear = from_tables(toy.resolved(), overrides={PRICE: 70})
    both = compare({"toy": toy, "dear": dear}, weights=[0.5, 0.5], wtps=[0], patients=5)
    assert both.averaging is not None
    return {
        ("dsa", "tornado"): tornado(toy, patients=5).table,
        ("dsa --threshold", "thresholds"): search.table,
        ("dsa --threshold", "threshold_scan"): search.scan,
        ("dsa --price", "price_thresholds"): price.table,
        ("dsa --price", "best_by_price"): price.choice,
        ("sweep", "sweep"): played.table,
        ("sweep", "decisions"): played.decisions,
        ("sweep", "sobol_indices"): indices,
        ("compare", "incremental"): both.incremental,
        ("compare", "decisions"): both.decisions,
        ("compare", "differences"): both.differences,
        ("compare", "averaged"): both.averaging.strategies,
        ("compare", "averaged_decisions"): both.averaging.decisions,
        ("compare", "losses"): both.averaging.losses,
    }


def written(column: str) -> str:
    """A column as the page writes it: names that depend on the scenario stand in angle brackets."""
    if column in VARIED:
        return "<path>"
    return re.sub(r"^nmb_\w+$", "nmb_<strategy>", re.sub(r"^inmb_\d+", "inmb_<wtp>", column))


def test_the_page_lists_every_table_and_its_columns(tables: dict[tuple[str, str], pd.DataFrame]) -> None:
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|[^|]*\| `([^`]+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    promised = {(command, stem): columns.split(", ") for command, stem, columns in rows}
    assert promised.keys() == tables.keys()
    for place, table in tables.items():
        columns = list(dict.fromkeys(written(column) for column in table.columns))
        if place == ("sweep", "sweep"):
            named = set(promised[place])
            columns = [c if c in named else re.sub(r"^.*?(_mcse)?$", r"<component>\1", c) for c in columns]
            columns = list(dict.fromkeys(columns))
        assert columns == promised[place], place
