"""Means and standard errors: merged blocks against NumPy on all patients, and the contract of `Outcomes`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engines import numpy_engine
from sim.errors import SimulationError
from sim.model.accrual import accrue
from sim.model.parts import Floats
from sim.model.structure import ClinicalModel
from sim.outcomes import BLOCK, BlockSummary, Moments, Outcomes, strategy_pairs, summarise
from sim.population import draw_baseline
from sim.runs import incidence_grid, play
from sim.runs.job import patients_at_a_time
from sim.streams import AddressedLuck
from tests.conftest import build_model

N = 10_000
LUCK = AddressedLuck(20)
COMPARED = ("cost", "qaly", "life_years", "infections_grade_3plus", "ig_grams", "cost:end_of_life")

# ---------------------------------------------------------------------- moments


def moments_in_pieces(values: Floats, cuts: list[int]) -> Moments:
    pieces = [piece for piece in np.split(values, cuts, axis=-1) if piece.shape[-1]]
    merged = Moments.of(pieces[0])
    for piece in pieces[1:]:
        merged = merged.merge(Moments.of(piece))
    return merged


@given(
    size=st.integers(2, 400),
    cuts=st.lists(st.integers(1, 399), max_size=6).map(sorted),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
    seed=st.integers(0, 100),
)
def test_moments_of_pieces_are_those_of_the_whole(size: int, cuts: list[int], offset: float, seed: int) -> None:
    values = offset + np.random.default_rng(seed).normal(size=(3, 2, size))
    merged = moments_in_pieces(values, cuts)
    assert merged.n == size
    np.testing.assert_allclose(merged.mean, values.mean(axis=-1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(merged.squares, values.var(axis=-1) * size, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(
        merged.standard_error, values.std(axis=-1, ddof=1) / np.sqrt(size), rtol=1e-7, atol=1e-10
    )


def test_a_large_mean_does_not_swallow_a_small_variance() -> None:
    """1,000,000,000 and a tenth: sums of squares would lose it, deviations keep it."""
    merged = moments_in_pieces(1e9 + np.tile([0.0, 0.1], 5_000), [1_111, 7_000])
    assert float(np.sqrt(merged.squares / merged.n)) == pytest.approx(0.05, rel=1e-5)


def test_three_numbers_by_hand() -> None:
    """1, 2 and 6: mean 3, squares 4 + 1 + 9 = 14, standard error sqrt(14 / 2 / 3) = 1.527525."""
    merged = Moments.of(np.array([1.0, 2.0])).merge(Moments.of(np.array([6.0])))
    assert (merged.n, float(merged.mean), float(merged.squares)) == (3, 3.0, 14.0)
    assert float(merged.standard_error) == pytest.approx(1.527525, abs=1e-6)


def test_a_single_patient_has_no_standard_error() -> None:
    assert np.isnan(Moments.of(np.array([[5.0]])).standard_error).all()


@pytest.mark.parametrize("cost", [0.0, 5.0])
def test_what_is_broadcast_is_summed_as_if_it_were_written_out(cost: float) -> None:
    """One number for everybody, 0 or not, and one row under every strategy; a total of 0 has a covariance of 0."""
    shape, rng = (3, 100), np.random.default_rng(1)
    broadcast = {
        "cost": np.broadcast_to(cost, shape),
        "qaly": rng.normal(size=shape),
        "nothing": np.broadcast_to(0.0, shape),
        "same": np.broadcast_to(3.0, shape),
        "row": np.broadcast_to(rng.normal(size=100), shape),
    }
    first = rng.exponential(9, shape)
    found, written_out = (
        summarise(components, first, first, incidence_grid(12))
        for components in (broadcast, {name: values.copy() for name, values in broadcast.items()})
    )
    assert found.arms.mean[[0, 2, 3], 1].tolist() == [cost, 0.0, 3.0]
    assert_same_summary(found, written_out)


# ---------------------------------------------------------------------- played outcomes


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """10,000 patients, two and a half blocks, summed block by block."""
    return play(build_model(), LUCK, N)


@pytest.fixture(scope="module")
def per_patient() -> dict[str, Floats]:
    """The same patients one by one, [strategy, patient]."""
    model, patient = build_model(), np.arange(N)
    return accrue(model, draw_baseline(model, LUCK, patient), numpy_engine.simulate(model, LUCK, patient))


def assert_same_summary(one: BlockSummary, other: BlockSummary) -> None:
    assert one.components == other.components
    for moments, others in ((one.arms, other.arms), (one.pairs, other.pairs)):
        assert moments.n == others.n
        np.testing.assert_array_equal(moments.mean, others.mean, strict=True)
        np.testing.assert_array_equal(moments.squares, others.squares, strict=True)
    np.testing.assert_array_equal(one.cross, other.cross, strict=True)
    np.testing.assert_array_equal(one.incidence, other.incidence, strict=True)


@pytest.mark.parametrize("blocks_per_batch", [1, 2, 5])
def test_the_size_of_a_batch_moves_no_digit(outcomes: Outcomes, blocks_per_batch: int) -> None:
    assert_same_summary(play(build_model(), LUCK, N, blocks_per_batch=blocks_per_batch).summary, outcomes.summary)


@pytest.mark.parametrize(("strategies", "blocks"), [(1, 4), (4, 4), (8, 4), (9, 3), (16, 2), (17, 1), (500, 1)])
def test_the_more_strategies_the_fewer_patients_at_a_time(strategies: int, blocks: int) -> None:
    """So that the arrays of a batch stay the same size: 131,072 histories, in whole blocks, from one to four."""
    assert patients_at_a_time(strategies) == blocks * BLOCK


@pytest.mark.parametrize("component", COMPARED)
def test_means_and_standard_errors_are_those_of_the_patients(
    outcomes: Outcomes, per_patient: dict[str, Floats], component: str
) -> None:
    values = per_patient[component]
    np.testing.assert_allclose(outcomes.mean(component), values.mean(axis=1), rtol=1e-11)
    np.testing.assert_allclose(outcomes.mcse(component), values.std(axis=1, ddof=1) / np.sqrt(N), rtol=1e-9)


@pytest.mark.parametrize("component", COMPARED)
@pytest.mark.parametrize(("strategy", "comparator"), [(1, 0), (0, 1), (3, 2), (2, 0), (1, 3)])
def test_differences_are_paired_by_patient(
    outcomes: Outcomes, per_patient: dict[str, Floats], component: str, strategy: int, comparator: int
) -> None:
    delta = per_patient[component][strategy] - per_patient[component][comparator]
    mean, error = outcomes.difference(component, strategy, comparator)
    assert mean == pytest.approx(delta.mean(), rel=1e-9, abs=1e-12)
    assert error == pytest.approx(delta.std(ddof=1) / np.sqrt(N), rel=1e-9)


@pytest.mark.parametrize("wtp", [0.0, 20_000.0, 150_000.0])
@pytest.mark.parametrize(("strategy", "comparator"), [(1, 0), (0, 1), (3, 1)])
def test_net_benefit_and_its_error_are_those_of_each_patients_own(
    outcomes: Outcomes, per_patient: dict[str, Floats], wtp: float, strategy: int, comparator: int
) -> None:
    own = wtp * per_patient["qaly"] - per_patient["cost"]
    delta = own[strategy] - own[comparator]
    inmb, error = outcomes.inmb(wtp, strategy, comparator)
    assert inmb == pytest.approx(delta.mean(), rel=1e-9)
    assert error == pytest.approx(delta.std(ddof=1) / np.sqrt(N), rel=1e-9)


def test_the_covariance_is_that_of_paired_costs_and_qalys(outcomes: Outcomes, per_patient: dict[str, Floats]) -> None:
    delta = [per_patient[component][2] - per_patient[component][0] for component in ("cost", "qaly")]
    expected = np.cov(np.stack(delta))[0, 1] / N
    assert outcomes.covariance(2, 0) == pytest.approx(expected, rel=1e-9)
    assert outcomes.covariance(0, 2) == pytest.approx(expected, rel=1e-9)


def test_tiny_differences_between_large_arms_keep_their_digits() -> None:
    """Arms of spread 1e6 that differ by about 1e-4: 2 E[x^2] - 2 E[x y] alone would leave no digit of it."""
    rng = np.random.default_rng(1)
    arm, difference = 1e6 * rng.standard_normal(3000), 1e-4 * rng.standard_normal(3000)
    cost = np.stack([arm, arm + difference, arm])
    months, never = np.arange(2.0), np.full(cost.shape, np.inf)
    block = summarise({"cost": cost, "qaly": np.ones_like(cost)}, never, never, months)
    squares = [float(((d - d.mean()) ** 2).sum()) for d in (cost[1] - cost[0], cost[2] - cost[1])]
    np.testing.assert_allclose(block.pairs.squares[0, [0, 2]], squares, rtol=1e-6)
    assert block.pairs.squares[0, 1] == 0


def test_a_component_that_is_one_row_counts_for_every_strategy() -> None:
    row = np.array([1.0, 2.0, 6.0])
    never = np.full((2, 3), np.inf)
    one, two = (
        summarise({"cost": cost, "qaly": np.zeros((2, 3))}, never, never, np.arange(2.0))
        for cost in (np.broadcast_to(row, (2, 3)), np.stack([row, row]))
    )
    assert_same_summary(one, two)
    assert one.arms.squares[0].tolist() == [14.0, 14.0]


def test_shared_luck_makes_differences_more_certain_than_arms(outcomes: Outcomes) -> None:
    """Independent arms would have an error of hypot(arm, arm)."""
    _, paired = outcomes.difference("qaly", 1, 0)
    assert paired < 0.5 * np.hypot(*outcomes.mcse("qaly")[:2])


def test_a_strategy_differs_from_itself_by_nothing(outcomes: Outcomes) -> None:
    assert outcomes.difference("cost", 2, 2) == (0.0, 0.0)
    assert outcomes.inmb(50_000.0, 2, 2) == (0.0, 0.0)


def test_incidence_counts_first_infections_by_each_month(outcomes: Outcomes) -> None:
    """The proportion p of patients, by month 60 and by month 5, with standard error sqrt(p (1 - p) / N)."""
    histories = numpy_engine.simulate(build_model(), LUCK, np.arange(N))
    table = outcomes.incidence_frame().set_index(["strategy", "kind", "months"]).sort_index()
    for kind, first in (("any", histories.illnesses.first), ("grade_3plus", histories.illnesses.first_grade_3plus)):
        for s, strategy in enumerate(outcomes.strategies):
            p = np.array([np.count_nonzero(first[s] <= month) / N for month in (0, 5, 60)])
            rows = table.xs((strategy, kind)).loc[[0.0, 5.0, 60.0]]
            np.testing.assert_allclose(rows["probability"].to_numpy(), p, rtol=0, atol=1e-15)
            np.testing.assert_allclose(rows["mcse"].to_numpy(), np.sqrt(p * (1 - p) / N), rtol=0, atol=1e-12)


def test_an_infection_at_a_grid_month_has_happened_by_it() -> None:
    first = np.array([[1.0, np.nextafter(2.0, 3.0), np.inf]])
    cost = {"cost": np.zeros((1, 3)), "qaly": np.zeros((1, 3))}
    block = summarise(cost, first, np.full((1, 3), np.inf), np.array([0.0, 1.0, 2.0, 3.0]))
    assert block.incidence.tolist() == [[[0.0, 1.0, 1.0, 2.0]], [[0.0, 0.0, 0.0, 0.0]]]


def test_the_incidence_grid_is_whole_months_within_the_horizon() -> None:
    assert incidence_grid(3.7).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert incidence_grid(3.0).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert incidence_grid(1_000.0)[-1] == 240.0


def test_the_table_has_every_mean_once(outcomes: Outcomes) -> None:
    table = outcomes.frame().set_index(["strategy", "component"])
    assert table.index.is_unique
    assert len(table) == len(outcomes.strategies) * len(outcomes.components)
    for s, strategy in enumerate(outcomes.strategies):
        assert table.loc[(strategy, "qaly"), "mean"] == outcomes.mean("qaly")[s]
        assert table.loc[(strategy, "qaly"), "mcse"] == outcomes.mcse("qaly")[s]


def test_pairs_run_from_the_earlier_to_the_later() -> None:
    assert strategy_pairs(3) == [(0, 1), (0, 2), (1, 2)]
    assert strategy_pairs(1) == []


def test_one_strategy_alone_has_outcomes_without_pairs(model: ClinicalModel) -> None:
    alone = play(replace(model, strategies=model.strategies[:1]), LUCK, 300)
    assert alone.summary.pairs.mean.shape == (len(alone.components), 0)
    assert alone.mean("life_years")[0] > 0


def test_one_patient_alone_has_means_without_errors(model: ClinicalModel) -> None:
    alone = play(model, LUCK, 1)
    assert np.isfinite(alone.mean("cost")).all()
    assert np.isnan(alone.mcse("cost")).all()
    assert np.isnan(alone.inmb(50_000.0, 1, 0)[1])


# ---------------------------------------------------------------------- the contract


def made(changes: dict[str, Floats | None], strategies: tuple[str, ...] = ("a", "b")) -> Outcomes:
    """Outcomes of two strategies and four patients; a component set to None is left out."""
    components: dict[str, Floats | None] = {
        "cost": np.array([[3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 9.0]]),
        "qaly": np.ones((2, 4)),
        "cost:drug": np.array([[1.0, 2.0, 2.0, 3.0], [3.0, 4.0, 4.0, 4.0]]),
        "cost:care": np.array([[2.0, 2.0, 3.0, 3.0], [4.0, 4.0, 5.0, 5.0]]),
    }
    components |= changes
    kept = {name: values for name, values in components.items() if values is not None}
    never = np.full((2, 4), np.inf)
    months = np.arange(3.0)
    return Outcomes(strategies, 4, summarise(kept, never, never, months), months)


def test_outcomes_that_keep_the_contract_are_accepted() -> None:
    """Means by hand: (3 + 4 + 5 + 6) / 4 = 4.5 and 33 / 4 = 8.25."""
    assert made({}).mean("cost").tolist() == [4.5, 8.25]


def test_cost_and_qalys_have_to_come_first() -> None:
    with pytest.raises(SimulationError, match="the contract asks for cost and qaly"):
        made({"qaly": None})


def test_every_strategy_has_to_have_outcomes() -> None:
    with pytest.raises(SimulationError, match=r"the contract asks for \(4, 3\)"):
        made({}, strategies=("a", "b", "c"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_mean_that_is_not_finite_is_named(value: float) -> None:
    broken = np.ones((2, 4))
    broken[1, 2] = value
    with np.errstate(invalid="ignore"), pytest.raises(SimulationError, match="mean qaly of b is not finite"):
        made({"qaly": broken})


def test_cost_items_have_to_add_up_to_the_cost() -> None:
    with pytest.raises(SimulationError, match=r"under a: they come to 2\.00 a patient, the total to 4\.50"):
        made({"cost:care": np.zeros((2, 4))})


def test_an_unknown_component_is_named_with_those_there_are() -> None:
    outcomes = play(build_model(), AddressedLuck(1), 10)
    with pytest.raises(KeyError, match=r"no component 'costs'; there are cost, qaly"):
        outcomes.mean("costs")
    assert outcomes.covariance(1, 1) == 0
