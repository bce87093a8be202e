"""Uncertainty over iterations: by hand, by closed form, and the traps other software has fallen into."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sim.cea import (
    PsaTable,
    analyse,
    ceac,
    ceaf,
    evpi,
    expected_loss,
    expected_nmb,
    paired_difference,
)
from sim.errors import TableError, UsageError


def table_of(
    cost: list[list[float]] | NDArray[np.float64], qaly: list[list[float]] | NDArray[np.float64]
) -> PsaTable:
    n_iterations, n_strategies = np.shape(cost)
    names = tuple("ABCDEFGH"[:n_strategies])
    return PsaTable(names, np.arange(1, n_iterations + 1), np.array(cost), np.array(qaly))


def table_of_benefits(benefits: list[list[float]]) -> PsaTable:
    """At a threshold of 0 the net benefit is what is not spent."""
    return table_of([[-value for value in row] for row in benefits], [[0.0] * len(row) for row in benefits])


# By hand


def test_two_iterations_worked_by_hand() -> None:
    """Net benefits A 10, 20 and B 14, 12: means 15, 13; best in turn 14, 20; losses A 4, 0 and B 0, 8."""
    table = table_of_benefits([[10, 14], [20, 12]])
    assert expected_nmb(table, [0]).tolist() == [[15, 13]]
    assert expected_loss(table, [0]).tolist() == [[2, 4]]
    assert ceac(table, [0]).tolist() == [[0.5, 0.5]]
    optimal, acceptability = ceaf(table, [0])
    assert (optimal, acceptability.tolist()) == (("A",), [0.5])
    assert evpi(table, [0]).value.tolist() == [2]
    # Losses of A: 4 and 0, standard deviation sqrt(8), over sqrt(2) iterations.
    assert evpi(table, [0]).standard_error.tolist() == pytest.approx([2])


def test_paired_differences_worked_by_hand() -> None:
    """Differences in cost 2, 4, 6 and in QALYs 0.1, 0.1, 0.4: net benefit at 20 is 0, -2, 2."""
    table = table_of([[1, 3], [5, 9], [2, 8]], [[1, 1.1], [2, 2.1], [1, 1.4]])
    pair = paired_difference(table, "B", "A", [20])
    assert pair.delta_cost.mean == 4
    assert pair.delta_cost.standard_error == pytest.approx(2 / math.sqrt(3))
    assert (pair.delta_cost.low, pair.delta_cost.high) == pytest.approx((2.1, 5.9))
    assert pair.delta_qaly.mean == pytest.approx(0.2)
    assert pair.icer == pytest.approx(20)
    assert pair.inmb[0].mean == pytest.approx(0, abs=1e-12)
    assert pair.inmb[0].standard_error == pytest.approx(2 / math.sqrt(3))
    assert pair.probability_cost_effective == pytest.approx([0.5])


def test_standard_errors_are_of_paired_differences_not_of_two_independent_means() -> None:
    """What two arms share cancels: here everything but a constant 10."""
    shared = np.random.default_rng(1).normal(1_000, 300, 500)
    table = table_of(np.column_stack([shared, shared + 10]), np.column_stack([shared, shared + 1]))
    row = analyse(table, [0]).incremental.set_index("strategy").loc["B"]
    assert row["delta_cost"] == pytest.approx(10)
    assert row["delta_cost_se"] < 1e-9
    assert row["delta_qaly_se"] < 1e-9
    unpaired = math.hypot(*(table.cost.std(axis=0, ddof=1) / math.sqrt(500)))
    assert unpaired > 15


def test_no_icer_for_a_pair_unless_dearer_and_more_effective() -> None:
    assert paired_difference(table_of([[1, 2]], [[2, 1]]), "B", "A", [0]).icer is None
    assert paired_difference(table_of([[1, 2]], [[2, 1]]), "A", "B", [0]).icer is None
    assert paired_difference(table_of([[1, 1]], [[1, 1]]), "A", "B", [0]).icer is None


def test_a_table_of_means_is_one_iteration_without_errors() -> None:
    table = table_of([[100, 400]], [[1, 1.5]])
    analysis = analyse(table, [1_000])
    assert analysis.incremental["icer"].tolist()[1] == 600
    assert analysis.incremental["delta_cost_se"].isna().all()
    assert analysis.by_wtp.loc[0, ["optimal", "ceaf", "evpi"]].tolist() == ["B", 1, 0]
    assert math.isnan(analysis.by_wtp.loc[0, "evpi_se"])
    assert math.isnan(paired_difference(table, "B", "A", [0]).delta_cost.low)


def test_frames_are_tidy_and_agree_with_the_single_measures() -> None:
    rng = np.random.default_rng(2)
    table = table_of(rng.normal(1_000, 100, (50, 3)), rng.normal(1, 0.1, (50, 3)))
    wtp = [0, 1_000, 20_000]
    analysis = analyse(table, wtp)
    frame = analysis.by_wtp_strategy
    assert list(frame) == ["wtp", "strategy", "ceac", "expected_nmb", "expected_loss", "on_ceaf"]
    assert list(analysis.by_wtp) == ["wtp", "optimal", "ceaf", "evpi", "evpi_se"]
    assert frame["wtp"].tolist() == [0, 0, 0, 1_000, 1_000, 1_000, 20_000, 20_000, 20_000]
    assert frame["strategy"].tolist() == ["A", "B", "C"] * 3
    assert frame["ceac"].tolist() == ceac(table, wtp).ravel().tolist()
    assert frame["expected_nmb"].tolist() == expected_nmb(table, wtp).ravel().tolist()
    assert frame["expected_loss"].tolist() == expected_loss(table, wtp).ravel().tolist()
    assert tuple(frame.loc[frame["on_ceaf"], "strategy"]) == ceaf(table, wtp)[0]
    assert analysis.by_wtp["evpi"].tolist() == evpi(table, wtp).value.tolist()
    assert analysis.incremental["cost"].is_monotonic_increasing


# Closed form


def test_evpi_and_acceptability_of_two_gaussian_arms_agree_with_the_closed_form() -> None:
    """Difference in QALYs N(0.10, 0.05), in cost N(2500, 600), at 30,000 a QALY.

    Net benefit is N(500, 1615.55): EVPI = sd phi(m / sd) - m Phi(-m / sd) = 425.1343, acceptability
    Phi(m / sd) = 0.62153. With 200,000 iterations the EVPI has a standard error near 1.7 and the
    acceptability one of 0.0011, so an error of 2 % in either fails. Negative control: a standard
    deviation of QALYs 5 % too large moves the EVPI by 26, some fifteen standard errors.
    """
    z = np.random.default_rng(20_240_501).standard_normal((2, 200_000))

    def drawn(sd_qaly: float) -> PsaTable:
        zero = np.zeros(z.shape[1])
        return table_of(np.column_stack([zero, 2_500 + 600 * z[0]]), np.column_stack([zero, 0.10 + sd_qaly * z[1]]))

    right, wrong = evpi(drawn(0.05), [30_000]), evpi(drawn(0.0525), [30_000])
    assert 1 < right.standard_error[0] < 2.5
    assert abs(right.value[0] - 425.1343154) < 4 * right.standard_error[0]
    assert abs(wrong.value[0] - 425.1343154) > 4 * wrong.standard_error[0]
    probability = ceac(drawn(0.05), [30_000])[0, 1]
    assert abs(probability - 0.6215264392) < 4 * math.sqrt(0.62 * 0.38 / 200_000)
    pair = paired_difference(drawn(0.05), "B", "A", [30_000])
    assert abs(pair.inmb[0].mean - 500) < 4 * pair.inmb[0].standard_error
    assert pair.inmb[0].standard_error == pytest.approx(1_615.55 / math.sqrt(200_000), rel=0.01)
    assert pair.inmb[0].low == pytest.approx(500 - 1.959964 * 1_615.55, abs=40)


# Traps other software has fallen into


def test_acceptability_sums_to_one_where_every_net_benefit_is_negative() -> None:
    """Starting the search for the best at zero leaves no strategy best, as one package did."""
    table = table_of([[500, 900], [800, 600]], [[0.01, 0.02], [0.01, 0.02]])
    assert ceac(table, [1_000]).tolist() == [[0.5, 0.5]]
    benefit = 1_000 * table.qaly - table.cost
    assert (benefit == np.maximum(0, benefit.max(axis=1, keepdims=True))).mean(axis=0).tolist() == [0, 0]


def test_the_frontier_follows_the_highest_mean_not_the_highest_probability() -> None:
    """B is better by 1 in three iterations of four and worse by 100 in the fourth."""
    table = table_of_benefits([[0, 1], [0, 1], [0, 1], [0, -100]])
    probabilities = ceac(table, [0])[0]
    assert probabilities.tolist() == [0.25, 0.75]
    assert ceaf(table, [0])[0] == ("A",)
    assert ceaf(table, [0])[1].tolist() == [0.25]
    assert table.strategies[probabilities.argmax()] == "B"


def test_ties_are_shared_equally_and_need_no_seed() -> None:
    table = table_of_benefits([[5, 5, 1], [3, 3, 3], [0, 2, 2], [7, 0, 0]])
    third = 1 / 3
    expected = [(0.5 + third + 0 + 1) / 4, (0.5 + third + 0.5) / 4, (third + 0.5) / 4]
    np.testing.assert_allclose(ceac(table, [0])[0], expected, rtol=1e-15)
    for order in ([2, 1, 0], [1, 2, 0]):
        turned = PsaTable(
            tuple("ABC"[i] for i in order), table.iterations, table.cost[:, order], table.qaly[:, order]
        )
        np.testing.assert_allclose(ceac(turned, [0])[0], np.array(expected)[order], rtol=1e-15)


def test_only_rounding_makes_a_tie() -> None:
    """A relative 1e-5, within which one package draws lots, is a real difference; 1e-16 is not.

    At 10,000 a QALY both strategies of the second table are worth exactly nothing in decimals, but as
    floats one is worth 1e-13; in the third they cost the same but for rounding.
    """
    assert ceac(table_of_benefits([[100_000, 100_000.5]]), [0]).tolist() == [[0, 1]]
    assert ceac(table_of([[700, 2_100]], [[0.07, 0.21]]), [10_000]).tolist() == [[0.5, 0.5]]
    assert ceac(table_of([[0.1 + 0.2, 0.3]], [[1, 1]]), [1]).tolist() == [[0.5, 0.5]]


def test_equal_means_go_to_the_cheaper_then_the_more_effective_then_the_first() -> None:
    assert ceaf(table_of([[300, 100]], [[0.3, 0.1]]), [1_000])[0] == ("B",)
    assert ceaf(table_of([[100, 100]], [[0.1, 0.3]]), [0])[0] == ("B",)
    assert ceaf(table_of([[100, 100]], [[0.1, 0.1]]), [0])[0] == ("A",)


def test_the_icer_is_the_ratio_of_means_not_the_mean_of_ratios() -> None:
    """Ratios 1000 / 0.1 and 1000 / 0.9 average 5,556; the means give 1000 / 0.5."""
    table = table_of([[0, 1_000], [0, 1_000]], [[0, 0.1], [0, 0.9]])
    assert paired_difference(table, "B", "A", [0]).icer == pytest.approx(2_000)
    assert analyse(table, [0]).incremental["icer"].tolist()[1] == pytest.approx(2_000)
    assert np.mean(table.cost[:, 1] / table.qaly[:, 1]) == pytest.approx(5_555.56, rel=1e-6)


def test_a_strategy_that_copies_another_is_dominated_by_it_and_adds_nothing() -> None:
    rng = np.random.default_rng(3)
    cost, qaly = rng.normal([1_000, 1_200], 300, (400, 2)), rng.normal([1, 1.5], 0.3, (400, 2))
    both = table_of(cost, qaly)
    copied = table_of(cost[:, [0, 1, 1]], qaly[:, [0, 1, 1]])
    row = analyse(copied, [1_000]).incremental.set_index("strategy").loc["C"]
    assert (row["status"], row["comparator"], row["delta_cost"], row["delta_cost_se"]) == ("dominated", "B", 0, 0)
    assert evpi(copied, [1_000]).value.tolist() == evpi(both, [1_000]).value.tolist()
    split = ceac(copied, [1_000])[0]
    assert split[1] == split[2] == ceac(both, [1_000])[0, 1] / 2


def test_evpi_is_zero_not_negative_where_one_strategy_always_wins() -> None:
    """Negative control: the usual difference of two means is off by rounding, here below zero."""
    cost = np.random.default_rng(5).uniform(1e8, 2e8, (1_001, 1)) * np.array([1, 1.5])
    table = table_of(cost, np.zeros_like(cost))
    assert evpi(table, [0]).value.tolist() == [0]
    assert evpi(table, [0]).standard_error.tolist() == [0]
    best = np.ascontiguousarray((-cost).max(axis=1))
    assert best.mean() - (-cost).mean(axis=0).max() != 0


# Properties

repeatable = settings(derandomize=True)
psa_arrays = st.integers(1, 6).flatmap(
    lambda n_strategies: st.integers(1, 12).flatmap(
        lambda n_iterations: st.tuples(
            *[
                arrays(np.float64, (n_iterations, n_strategies), elements=st.integers(-50, 50).map(float))
                for _ in range(2)
            ]
        )
    )
)


@repeatable
@given(psa_arrays, st.integers(0, 40))
def test_measures_agree_with_each_other(matrices: tuple[NDArray[np.float64], NDArray[np.float64]], wtp: int) -> None:
    """EVPI = E[max] - max E = the smallest expected loss; probabilities sum to 1; all in whole numbers."""
    table = table_of(*matrices)
    analysis = analyse(table, [wtp])
    by_strategy, by_wtp = analysis.by_wtp_strategy, analysis.by_wtp.iloc[0]
    benefit = wtp * table.qaly - table.cost
    assert by_strategy["ceac"].sum() == pytest.approx(1, abs=1e-12)
    assert by_strategy["ceac"].between(0, 1).all()
    assert by_wtp["evpi"] >= 0
    definition = benefit.max(axis=1).mean() - benefit.mean(axis=0).max()
    assert by_wtp["evpi"] == pytest.approx(definition, abs=1e-9)
    assert by_wtp["evpi"] == pytest.approx(by_strategy["expected_loss"].min(), abs=1e-9)
    assert by_strategy["on_ceaf"].sum() == 1
    status = analysis.incremental.set_index("strategy")["status"]
    assert status[by_wtp["optimal"]] in ("reference", "on frontier")


# The contract of the table


def test_every_breach_of_the_contract_is_named() -> None:
    with pytest.raises(TableError) as caught:
        PsaTable(("A", "A"), np.array([1, 1]), np.array([[1.0, np.nan], [1, 2]]), np.zeros((2, 3)))
    assert [problem.place for problem in caught.value.problems] == [
        "strategies",
        "iterations",
        "cost of A, iteration 1",
        "qaly",
    ]
    assert [problem.found for problem in caught.value.problems[:2]] == ["A more than once", "1 more than once"]
    with pytest.raises(TableError, match="strategies: found A, B more than once; once each"):
        PsaTable(("A", "B", "B", "A"), np.array([1]), np.zeros((1, 4)), np.zeros((1, 4)))
    assert PsaTable(["A"], np.array([1]), np.zeros((1, 1)), np.zeros((1, 1))).strategies == ("A",)


def test_no_strategies_or_no_iterations_is_a_breach() -> None:
    with pytest.raises(TableError, match="at least one"):
        PsaTable((), np.array([1]), np.zeros((1, 0)), np.zeros((1, 0)))
    with pytest.raises(TableError, match="at least one"):
        PsaTable(("A",), np.array([], dtype=np.int64), np.zeros((0, 1)), np.zeros((0, 1)))


def test_more_than_ten_bad_numbers_are_counted() -> None:
    with pytest.raises(TableError) as caught:
        table_of(np.full((5, 5), np.inf), np.zeros((5, 5)))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1].found == "15 more"


def test_the_table_keeps_its_own_read_only_copy() -> None:
    cost = np.ones((1, 1))
    table = PsaTable(("A",), np.array([1]), cost, np.ones((1, 1)))
    cost[0, 0] = 99
    assert table.cost[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        table.cost[0, 0] = 2


def test_thresholds_and_strategies_that_make_no_sense_are_refused() -> None:
    table = table_of([[1, 2]], [[1, 2]])
    for wtp in ([], [-1.0], [math.nan], [[1.0]]):
        with pytest.raises(UsageError):
            analyse(table, wtp)
    with pytest.raises(UsageError, match="one of A, B"):
        paired_difference(table, "Z", "A", [0])
