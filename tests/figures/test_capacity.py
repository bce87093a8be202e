"""Figures of a programme show their tables, and say what a table lacks."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.errors import TableError, UsageError
from sim.figures import Look, capacity

LOOK = Look("USD", ("a", "b"), {"a": "First come", "b": "<b>Lowest IgG</b>"})
SERIES = ("waiting", "infusions_missed", "stock_grams", "grams_given", "utilisation")


def months() -> pd.DataFrame:
    rows = [
        (arm, series, month, month + place / 10, month - 0.5, month + 0.5)
        for arm in ("a", "b")
        for place, series in enumerate(SERIES)
        for month in (1, 2, 3)
    ]
    return pd.DataFrame(rows, columns=["arm", "series", "month", "mean", "ci_low", "ci_high"])


def hours() -> pd.DataFrame:
    rows = [(arm, hour, hour / 100, 0.0, 1.0) for arm in ("a", "b") for hour in range(24)]
    return pd.DataFrame(rows, columns=["arm", "hour", "mean", "ci_low", "ci_high"])


@pytest.mark.parametrize(
    ("draw", "series"), [(capacity.queue, SERIES[:2]), (capacity.stock, SERIES[2:4])], ids=["queue", "stock"]
)
def test_lines_are_the_means_of_each_arm(draw, series) -> None:
    figure = draw(months(), LOOK)
    lines = [trace for trace in figure.data if trace.fill is None]
    assert [line.name for line in lines] == ["First come", "&lt;b&gt;Lowest IgG&lt;/b&gt;"] * 2
    table = months().set_index(["arm", "series"])["mean"].sort_index()
    for line, (arm, name) in zip(lines, [(arm, name) for name in series for arm in "ab"], strict=True):
        assert list(line.y) == list(table[arm, name])
    assert sum(trace.showlegend is not False for trace in lines) == 2


def test_an_interval_that_is_not_known_is_not_drawn() -> None:
    figure = capacity.queue(months().assign(ci_low=None, ci_high=None), LOOK)
    assert all(trace.fill is None for trace in figure.data)


def test_use_is_shown_by_hour_and_by_month() -> None:
    figure = capacity.utilisation(hours(), months(), LOOK)
    titles = figure.layout.xaxis.title.text, figure.layout.xaxis2.title.text
    assert titles == ("Hour of the day", "Month of the programme")
    by_hour = next(trace for trace in figure.data if len(trace.x) == 24)
    assert list(by_hour.y) == [hour / 100 for hour in range(24)]
    assert by_hour.x[8] == 8.5
    with pytest.raises(TableError, match="a programme with chairs"):
        capacity.utilisation(hours().assign(mean=None), months(), LOOK)


def test_spend_is_stacked_by_item_without_those_that_cost_nothing() -> None:
    rows = [(arm, item, year, value) for arm in "ab" for item, value in (("immunoglobulin", 5.0), ("crs_icans", 0.0))
            for year in ("2026", "2027")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["arm", "item", "year", "mean"])
    figure = capacity.spend(table, LOOK)
    (bar,) = figure.data
    assert (list(bar.x), list(bar.y)) == (["2026", "2027"], [5.0, 5.0])
    assert "First come" in figure.layout.title.text
    with pytest.raises(UsageError, match="one of a, b"):
        capacity.spend(table, LOOK, arm="c")


def test_who_paid_shows_late_and_missed_of_every_group_that_had_infusions() -> None:
    measures = ("infusions_late", "infusions_missed", "patients")
    groups = (("all", 3.0), ("never on Ig", None))
    rows = [(arm, group, measure, value) for arm in "ab" for measure in measures for group, value in groups]
    figure = capacity.who_paid(pd.DataFrame(rows, columns=["arm", "group", "measure", "per_100"]), LOOK)
    assert len(figure.data) == 4
    assert all(list(bar.y) == ["all"] and list(bar.x) == [3.0] for bar in figure.data)
    with pytest.raises(TableError, match="infusions_late"):
        capacity.who_paid(pd.DataFrame({"arm": ["a"], "group": ["g"], "measure": ["x"], "per_100": [1.0]}), LOOK)
