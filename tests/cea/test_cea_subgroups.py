"""Deciding by subgroup: hesim's published numbers, a case by hand, and what can never be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.cea import PsaTable, analyse, individualised_care, read_subgroups
from sim.errors import TableError, UsageError

GROUPS = "strategy,sample,grp,cost,qalys\na,1,x,1,2\nb,1,x,2,3\na,1,y,3,4\nb,1,y,4,5\n"


def means(cost, qaly, names=("a", "b")):
    return PsaTable(names, np.array([1]), np.array([cost], dtype=float), np.array([qaly], dtype=float))


def test_two_groups_by_hand():
    """At 10 per QALY: young 5 and 9, old 8 and 2; half and half b wins nowhere: 6.5 against 5.5."""
    tables = {"young": means([5, 1], [1, 1]), "old": means([2, 8], [1, 1])}
    found = individualised_care(tables, {"young": 1, "old": 1}, [10.0])
    assert found.by_subgroup["best"].tolist() == ["b", "a"]
    assert found.by_subgroup["gain"].tolist() == [4.0, 0.0]
    assert found.by_wtp.iloc[0].tolist() == [10.0, "a", 2.0, 0.0]


def test_hesim_vignette(peer_data):
    """Published by hesim: weights .25 and .75, EVPI 8,447.5; 15,402.9; 22,971.0, individualised care 19,359.8."""
    tables = read_subgroups(peer_data("hesim_cea_vignette.csv"), "grp")
    assert list(tables) == ["Group 1", "Group 2"]
    found = individualised_care(tables, {"Group 1": 0.25, "Group 2": 0.75}, [50_000.0, 100_000.0, 150_000.0])
    assert found.by_wtp["evpi"].to_numpy() == pytest.approx([8_447.5, 15_402.9, 22_971.0], abs=0.05)
    assert found.by_wtp["value_of_individualised_care"].iloc[0] == pytest.approx(19_359.8, abs=0.05)


@given(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), min_size=2, max_size=5),
    st.lists(st.floats(0.01, 5), min_size=5, max_size=5),
    st.floats(0, 1e5),
)
def test_value_is_never_negative_and_nought_where_all_agree(costs, weights, wtp):
    tables = {f"g{k}": means(cost, [0.1, 0.2, 0.3], ("a", "b", "c")) for k, cost in enumerate(costs)}
    found = individualised_care(tables, dict(zip(tables, weights, strict=False)), [wtp])
    value = found.by_wtp["value_of_individualised_care"].iloc[0]
    assert value >= 0
    if found.by_subgroup["best"].nunique() == 1:
        assert value == 0


def test_one_subgroup_is_the_plain_analysis():
    rng = np.random.default_rng(3)
    table = PsaTable(("a", "b"), np.arange(200), rng.gamma(2, 4_000, (200, 2)), rng.beta(6, 3, (200, 2)) * 8)
    found = individualised_care({"all": table}, {"all": 3.0}, [50_000.0])
    assert found.by_wtp["evpi"].iloc[0] == analyse(table, [50_000.0]).by_wtp["evpi"].iloc[0] > 0
    assert found.by_wtp["value_of_individualised_care"].iloc[0] == 0


def test_order_of_strategies_does_not_matter():
    tables = {"x": means([5, 1], [1, 2]), "y": means([8, 2], [3, 1], ("b", "a"))}
    found = individualised_care(tables, {"x": 1, "y": 1}, [10.0])
    assert found.by_subgroup["best"].tolist() == ["b", "b"]
    assert found.by_subgroup["gain"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"x": 1.0}, "y"),
        ({"x": 1.0, "y": 1.0, "z": 1.0}, "z"),
        ({"x": 1.0, "y": 0.0}, "above 0"),
        ({"x": 1.0, "y": float("nan")}, "above 0"),
        ({}, "weight: found x; has none; each subgroup needs one"),
    ],
)
def test_weights_that_cannot_be_used_are_named(weights, told):
    with pytest.raises(UsageError, match=told):
        individualised_care({"x": means([1, 2], [1, 1]), "y": means([1, 2], [1, 1])}, weights, [1.0])


def test_different_strategies_are_refused():
    tables = {"x": means([1, 2], [1, 1]), "y": means([1, 2], [1, 1], ("a", "c"))}
    with pytest.raises(UsageError, match="same strategies"):
        individualised_care(tables, {"x": 1, "y": 1}, [1.0])


def test_no_such_column(write):
    with pytest.raises(TableError, match="grp"):
        read_subgroups(write(GROUPS), "group")


def test_each_subgroup_reads_its_own_rows(write):
    read = read_subgroups(write(GROUPS), "grp", where={"sample": "1"})
    assert {name: table.cost.tolist() for name, table in read.items()} == {"x": [[1.0, 2.0]], "y": [[3.0, 4.0]]}
