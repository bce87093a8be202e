"""The incremental analysis against hand-worked tables and an independent definition of dominance."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim.cea import (
    IncrementalRow,
    Status,
    incremental_analysis,
    incremental_net_monetary_benefit,
    net_monetary_benefit,
)
from sim.errors import UsageError

Point = tuple[int, int]


def analysed(points: dict[str, tuple[float, float]]) -> dict[str, IncrementalRow]:
    cost, qaly = np.array(list(points.values()), dtype=float).reshape(-1, 2).T
    return {row.strategy: row for row in incremental_analysis(list(points), cost, qaly)}


def statuses(points: dict[str, tuple[float, float]]) -> dict[str, str]:
    return {name: str(row.status) for name, row in analysed(points).items()}


TOY6 = {
    "E": (55_000, 5),
    "D": (35_000, 4),
    "C": (25_000, 3),
    "B": (10_000, 2),
    "A": (12_000, 1.5),
    "UC": (5_000, 1),
}


def test_six_strategies_with_both_kinds_of_dominance_worked_by_hand() -> None:
    """Test case of dampack. B to D costs 25,000 for 2 QALYs; C asks 15,000 for the first of them."""
    rows = analysed(TOY6)
    assert list(rows) == ["UC", "B", "A", "C", "D", "E"]
    assert {name: (row.comparator, row.delta_cost, row.delta_qaly, row.icer) for name, row in rows.items()} == {
        "UC": (None, None, None, None),
        "B": ("UC", 5_000, 1, 5_000),
        "A": ("B", 2_000, -0.5, None),
        "C": ("B", 15_000, 1, None),
        "D": ("B", 25_000, 2, 12_500),
        "E": ("D", 20_000, 1, 20_000),
    }
    assert statuses(TOY6) == {
        "UC": "reference",
        "B": "on frontier",
        "A": "dominated",
        "C": "extendedly dominated",
        "D": "on frontier",
        "E": "on frontier",
    }


@pytest.mark.parametrize(
    "points",
    [
        # Neighbouring ICERs 50, 10, 12: C looks safe until B has gone and its own becomes 30.
        {"A": (0, 0), "B": (50, 1), "C": (60, 2), "D": (72, 3)},
        # Neighbouring ICERs 10, 20, 0.125: B looks safe until C has gone and the next becomes 2.33.
        {"A": (0, 0), "B": (10, 1), "C": (30, 2), "D": (31, 10)},
    ],
)
def test_extended_dominance_is_judged_again_after_each_removal(points: dict[str, tuple[float, float]]) -> None:
    assert statuses(points) == {
        "A": "reference",
        "B": "extendedly dominated",
        "C": "extendedly dominated",
        "D": "on frontier",
    }


def test_equal_effect_at_higher_cost_is_dominated() -> None:
    assert statuses({"dear": (200, 2), "cheap": (100, 2)}) == {"cheap": "reference", "dear": "dominated"}


def test_equal_cost_at_lower_effect_is_dominated() -> None:
    assert statuses({"less": (100, 1), "more": (100, 2)}) == {"more": "reference", "less": "dominated"}


def test_of_two_identical_strategies_the_later_listed_is_dominated() -> None:
    for first, second in (("x", "y"), ("y", "x")):
        rows = analysed({first: (100, 1), second: (100, 1)})
        assert rows[first].status is Status.REFERENCE
        assert (rows[second].status, rows[second].comparator) == (Status.DOMINATED, first)
        assert (rows[second].delta_cost, rows[second].delta_qaly, rows[second].icer) == (0, 0, None)


def test_a_strategy_on_the_line_between_two_frontier_points_stays() -> None:
    """0.1, 0.2 and 0.3 are not evenly spaced as floats: rounding alone must not throw one out."""
    rows = analysed({"a": (1_000, 0.1), "b": (2_000, 0.2), "c": (3_000, 0.3)})
    assert [str(row.status) for row in rows.values()] == ["reference", "on frontier", "on frontier"]
    assert rows["b"].icer == pytest.approx(10_000, rel=1e-12)
    assert rows["c"].icer == pytest.approx(10_000, rel=1e-12)


def test_a_strategy_above_that_line_goes() -> None:
    assert statuses({"a": (1_000, 0.1), "b": (2_000.01, 0.2), "c": (3_000, 0.3)})["b"] == "extendedly dominated"


def test_a_dominated_strategy_is_compared_with_the_cheapest_frontier_strategy_that_dominates_it() -> None:
    """X is worse than both B (on the frontier) and M (extendedly dominated and cheaper than B)."""
    points = {"A": (0, 0.0), "M": (90, 0.5), "B": (100, 1.0), "C": (500, 1.5), "X": (600, 0.4)}
    assert analysed(points)["X"].comparator == "B"


def test_where_only_an_extendedly_dominated_strategy_dominates_it_is_the_comparator() -> None:
    points = {"A": (0, 0.0), "M": (90, 0.5), "X": (95, 0.4), "B": (100, 1.0)}
    assert statuses(points)["M"] == "extendedly dominated"
    assert (analysed(points)["X"].status, analysed(points)["X"].comparator) == (Status.DOMINATED, "M")


def test_negative_costs_and_effects_are_ordinary_numbers() -> None:
    rows = analysed({"saves": (-500, -1.0), "more": (-200, -0.5), "worse": (-100, -0.6)})
    assert rows["saves"].status is Status.REFERENCE
    assert rows["more"].icer == 600
    assert rows["worse"].status is Status.DOMINATED


def test_one_strategy_is_its_own_reference() -> None:
    assert statuses({"only": (1, 1)}) == {"only": "reference"}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_mean_that_is_not_finite_is_refused_by_name(bad: float) -> None:
    with pytest.raises(UsageError, match="qaly of b"):
        incremental_analysis(["a", "b"], np.array([1.0, 2.0]), np.array([1.0, bad]))


def test_wrong_shapes_and_repeated_names_are_all_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        incremental_analysis(["a", "a"], np.array([1.0]), np.array([1.0, np.nan]))
    assert [problem.place for problem in caught.value.problems] == ["strategies[1]", "cost", "qaly of a"]
    with pytest.raises(UsageError, match="at least one strategy"):
        incremental_analysis([], np.array([]), np.array([]))


# Net monetary benefit


def test_net_monetary_benefit_puts_thresholds_before_the_shape_of_the_costs() -> None:
    cost, qaly = np.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]]), np.full((3, 2), 2.0)
    assert net_monetary_benefit(cost, qaly, 100).tolist() == [[190, 180], [170, 160], [150, 140]]
    assert net_monetary_benefit(cost, qaly, [0, 100]).shape == (2, 3, 2)
    assert net_monetary_benefit(cost, qaly, [0, 100])[0].tolist() == (-cost).tolist()


def test_incremental_net_monetary_benefit_is_zero_for_its_comparator_and_signed_for_others() -> None:
    cost, qaly = np.array([100.0, 400.0, 50.0]), np.array([1.0, 1.5, 0.9])
    inmb = incremental_net_monetary_benefit(cost, qaly, [500, 1_000], comparator=0)
    np.testing.assert_allclose(inmb, [[0, -50, 0], [0, 200, -50]], rtol=0, atol=1e-12)
    assert inmb[0, 0] == 0


@pytest.mark.parametrize("wtp", [-1.0, np.nan, np.inf])
def test_a_threshold_that_is_negative_or_not_finite_is_refused(wtp: float) -> None:
    with pytest.raises(UsageError, match="at least 0"):
        net_monetary_benefit(np.array([1.0]), np.array([1.0]), [20_000, wtp])


def test_benefits_of_unequal_shapes_or_against_nobody_are_refused() -> None:
    with pytest.raises(UsageError, match="shape of cost"):
        net_monetary_benefit(np.zeros(2), np.zeros(3), 1)
    with pytest.raises(UsageError, match="0 to 1"):
        incremental_net_monetary_benefit(np.zeros(2), np.zeros(2), 1, comparator=-1)


# Properties: whole numbers, so that every comparison below is exact

repeatable = settings(derandomize=True)
scattered = st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=1, max_size=9)
rising = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=9).map(
    lambda steps: [(sum(c for c, _ in steps[:n]), sum(q for _, q in steps[:n])) for n in range(len(steps))]
)
"""Points of which few dominate others, so that extended dominance has much to decide."""
points_lists = scattered | rising.flatmap(st.permutations)


def by_position(points: list[Point]) -> dict[int, IncrementalRow]:
    rows = analysed({str(i): point for i, point in enumerate(points)})
    return {int(name): row for name, row in rows.items()}


def expected_status(points: list[Point], i: int) -> str:
    """Status by definition, looking at all pairs and triples, in exact whole numbers."""
    cost, qaly = points[i]

    def dominates(j: int, k: int) -> bool:
        (cj, qj), (ck, qk) = points[j], points[k]
        return cj <= ck and qj >= qk and ((cj, qj) != (ck, qk) or j < k)

    others = range(len(points))
    if any(dominates(j, i) for j in others if j != i):
        return "dominated"
    for j in others:
        for k in others:
            (cj, qj), (ck, qk) = points[j], points[k]
            # At the effect of i, the mixture of a less and a more effective strategy costs
            # cj + (ck - cj) * (q - qj) / (qk - qj).
            if qj < qaly < qk and (cj * (qk - qj) + (ck - cj) * (qaly - qj)) < cost * (qk - qj):
                return "extendedly dominated"
    undominated = [j for j in others if not any(dominates(k, j) for k in others if k != j)]
    return "reference" if cost == min(points[j][0] for j in undominated) else "on frontier"


@repeatable
@given(points_lists)
def test_status_agrees_with_the_definition_by_pairs_and_triples(points: list[Point]) -> None:
    rows = by_position(points)
    assert {i: str(row.status) for i, row in rows.items()} == {
        i: expected_status(points, i) for i in range(len(points))
    }


@repeatable
@given(points_lists)
def test_a_dominated_strategy_never_joins_the_frontier(points: list[Point]) -> None:
    for i, row in by_position(points).items():
        beaten = any(c < points[i][0] and q >= points[i][1] for c, q in points)
        assert not (beaten and row.status in (Status.REFERENCE, Status.ON_FRONTIER))


@repeatable
@given(points_lists, st.data())
def test_a_further_dominated_strategy_changes_no_other_row(points: list[Point], data: st.DataObject) -> None:
    cost, qaly = data.draw(st.sampled_from(points))
    extra = (cost + data.draw(st.integers(0, 9)), qaly - data.draw(st.integers(0, 9)))
    before, after = by_position(points), by_position([*points, extra])
    assert after.pop(len(points)).status is Status.DOMINATED
    assert {i: (row.icer, row.status) for i, row in after.items()} == {
        i: (row.icer, row.status) for i, row in before.items()
    }


@repeatable
@given(points_lists, st.integers(1, 1_000))
def test_scaled_costs_scale_the_icers(points: list[Point], factor: int) -> None:
    before, after = by_position(points), by_position([(factor * cost, qaly) for cost, qaly in points])
    for i, row in before.items():
        assert after[i].status is row.status
        assert after[i].comparator == row.comparator
        assert after[i].icer == (None if row.icer is None else pytest.approx(factor * row.icer, rel=1e-12))


@repeatable
@given(points_lists, st.integers(0, 200))
def test_some_frontier_strategy_is_best_at_every_threshold(points: list[Point], wtp: int) -> None:
    frontier = [i for i, row in by_position(points).items() if row.status in ("reference", "on frontier")]
    best = max(wtp * qaly - cost for cost, qaly in points)
    assert any(wtp * points[i][1] - points[i][0] == best for i in frontier)


@repeatable
@given(points_lists, st.integers(1, 200))
def test_a_sole_winner_at_any_threshold_is_on_the_frontier(points: list[Point], wtp: int) -> None:
    benefit = [wtp * qaly - cost for cost, qaly in points]
    winners = [i for i, value in enumerate(benefit) if value == max(benefit)]
    assume(len(winners) == 1)
    assert by_position(points)[winners[0]].status in ("reference", "on frontier")


@repeatable
@given(points_lists)
def test_icers_never_fall_along_the_frontier_and_comparators_hold_what_they_promise(
    points: list[Point],
) -> None:
    rows = by_position(points)
    icers = [row.icer for row in rows.values() if row.icer is not None]
    assert all(high >= low * (1 - 1e-9) for low, high in pairwise(icers))
    for row in rows.values():
        if row.status is Status.DOMINATED:
            assert row.delta_cost is not None
            assert row.delta_qaly is not None
            assert row.delta_cost >= 0
            assert row.delta_qaly <= 0
        elif row.comparator is not None:
            assert rows[int(row.comparator)].status in ("reference", "on frontier")


@repeatable
@given(points_lists, st.randoms(use_true_random=False))
def test_the_order_of_listing_matters_only_between_identical_strategies(points: list[Point], random: Random) -> None:
    points = list(dict.fromkeys(points))
    shuffled = random.sample(points, len(points))
    before = {points[i]: (row.icer, row.status) for i, row in by_position(points).items()}
    assert before == {shuffled[i]: (row.icer, row.status) for i, row in by_position(shuffled).items()}
