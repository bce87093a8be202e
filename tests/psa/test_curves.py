"""Curves by threshold: corrected and raw, standard errors against repetition."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sim
from sim.cea import PsaTable, ceac, evpi
from sim.psa import psa
from sim.psa.decision import contrast, corrected_table, curves, increments, threshold_grid
from sim.psa.precision import MeanSquares


def played(rng, n_draws=200, n_groups=10, per_group=20, own=6_000.0):
    """Group means of (cost, QALYs) of three strategies, cost in money and QALYs in tenths, with luck of two kinds."""
    sizes = np.full(n_groups, float(per_group))
    cost = np.array([0.0, 2_000, 5_000]) + rng.normal(0, [500, 800, 900], (n_draws, 1, 3))
    qaly = np.array([1.0, 1.05, 1.2]) + rng.normal(0, [0.02, 0.03, 0.05], (n_draws, 1, 3))
    draws = np.concatenate([cost, qaly], axis=-1)
    scale = np.array([own] * 3 + [own / 50_000] * 3)
    shared = rng.normal(0, 1, (1, n_groups, 6)) * scale * 2
    luck = rng.normal(0, 1, (n_draws, n_groups, 6)) * scale
    return draws + (shared + luck) / math.sqrt(per_group), sizes


def as_table(groups, sizes):
    means = np.einsum("igd,g->id", groups, sizes / sizes.sum())
    n = means.shape[1] // 2
    return PsaTable(tuple("abc"[:n]), np.arange(len(means)), means[:, :n], means[:, n:])


def test_contrast_gives_the_incremental_net_benefit():
    cost, qaly = np.array([100.0, 400.0, 50.0]), np.array([1.0, 1.5, 0.2])
    weights = contrast(1000.0, 1, 2, 3)
    assert weights @ np.concatenate([cost, qaly]) == pytest.approx(1000 * 1.3 - 350)
    assert increments(3) @ np.concatenate([cost, qaly]) == pytest.approx([300, -50, 0.5, -0.8])


def test_grid_holds_the_scenario_thresholds_and_begins_at_nought():
    grid = threshold_grid((33_333.0, 100_000.0))
    assert grid[0] == 0.0
    assert grid[-1] == 200_000.0
    assert {33_333.0, 100_000.0} <= {*grid}
    assert grid == sorted(grid)
    assert threshold_grid((0.0,))[-1] == 1.0


def test_correction_keeps_means_and_takes_the_noise_from_every_increment():
    groups, sizes = played(np.random.default_rng(1))
    table, squares = as_table(groups, sizes), MeanSquares.of(groups, sizes)
    corrected = corrected_table(table, squares)
    assert corrected.mean_cost == pytest.approx(table.mean_cost)
    assert corrected.mean_qaly == pytest.approx(table.mean_qaly)
    for wtp in (0.0, 20_000.0, 50_000.0):
        for s, c in ((1, 0), (2, 0), (2, 1)):
            weights = contrast(wtp, s, c, 3)
            spread = squares.along(weights)
            values = np.hstack([corrected.cost, corrected.qaly]) @ weights
            assert values.var(ddof=1) == pytest.approx(spread.parameters, rel=1e-6)


def test_without_luck_corrected_and_raw_agree():
    groups, sizes = played(np.random.default_rng(2), own=0.0)
    by_wtp, by_strategy = curves(
        as_table(groups, sizes),
        corrected_table(as_table(groups, sizes), MeanSquares.of(groups, sizes)),
        groups,
        sizes,
        [0.0, 50_000.0],
    )
    assert by_wtp["evpi_corrected"].to_numpy() == pytest.approx(by_wtp["evpi"].to_numpy())
    assert by_strategy["ceac_corrected"].to_numpy() == pytest.approx(by_strategy["ceac"].to_numpy())
    assert by_strategy.groupby("wtp")["ceac"].sum().to_numpy() == pytest.approx([1.0, 1.0])


def test_one_strategy_has_nothing_to_correct():
    groups, sizes = played(np.random.default_rng(3))
    groups = groups[:, :, [0, 3]]
    table = as_table(groups, sizes)
    assert corrected_table(table, MeanSquares.of(groups, sizes)) is table
    by_wtp, _ = curves(table, table, groups, sizes, [50_000.0])
    assert by_wtp["evpi"].tolist() == [0.0]


def test_errors_are_those_of_leaving_out_one_group_at_a_time():
    """Groups of unequal size: each left out in turn, tables made anew, (G - 1) / G of the sum of squares."""
    groups, _ = played(np.random.default_rng(6), n_draws=60, n_groups=4)
    sizes, wtp = np.array([5.0, 20.0, 10.0, 15.0]), [50_000.0]
    table = as_table(groups, sizes)
    by_wtp, by_strategy = curves(table, table, groups, sizes, wtp)
    kept = [np.arange(4) != g for g in range(4)]
    without = [as_table(groups[:, each], sizes[each]) for each in kept]
    values, chances = [evpi(each, wtp).value[0] for each in without], [ceac(each, wtp)[0] for each in without]
    drawn = evpi(table, wtp).standard_error[0]
    assert by_wtp["evpi_se"].item() == pytest.approx(math.sqrt(drawn**2 + 3 * np.var(values)), rel=1e-12)
    chance = ceac(table, wtp)[0]
    of_draws, of_groups = chance * (1 - chance) / 60, 3 * np.var(chances, axis=0)
    assert of_groups.max() > 0.1 * of_draws.max(), "there is something to be seen"
    assert by_strategy["ceac_se"].to_numpy() == pytest.approx(np.sqrt(of_draws + of_groups), rel=1e-12)


def test_standard_errors_are_those_of_repeated_analyses():
    """150 repetitions: the scatter of EVPI and of a CEAC against the errors reported (scatter known to 6 %).

    The jackknife takes its 10 groups for normal; a quarter either way is allowed, and the error that ignores the
    patients (the negative control) is below that.
    """
    rng = np.random.default_rng(4)
    values, errors, chances, chance_errors, naive = [], [], [], [], []
    for _ in range(150):
        groups, sizes = played(rng)
        table = as_table(groups, sizes)
        by_wtp, by_strategy = curves(table, table, groups, sizes, [50_000.0])
        values.append(by_wtp["evpi"].iloc[0])
        errors.append(by_wtp["evpi_se"].iloc[0])
        chances.append(by_strategy["ceac"].iloc[2])
        chance_errors.append(by_strategy["ceac_se"].iloc[2])
        naive.append(math.sqrt(chances[-1] * (1 - chances[-1]) / 200))
        assert by_wtp["evpi"].iloc[0] == evpi(table, [50_000.0]).value[0]
        assert by_strategy["ceac"].to_numpy() == pytest.approx(ceac(table, [50_000.0])[0])
    assert math.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values, ddof=1), rel=0.25)
    assert math.sqrt(np.mean(np.square(chance_errors))) == pytest.approx(np.std(chances, ddof=1), rel=0.25)
    assert np.mean(naive) < 0.7 * np.std(chances, ddof=1)


@pytest.mark.slow
def test_with_few_patients_evpi_is_too_large_by_less_than_its_error_says():
    """Sixteen repeats of 200 draws x 60 patients, seeds of their own, beside 500 draws x 6,000 patients.

    At 150,000 a QALY the EVPI of the base case is some 40 USD; thirty repeats scattered by 587 around 594 and stated
    566. The luck that all draws share moves a lead that the parameters hardly turn, so the scatter taken out leaves a
    part. Means of 16 know the raw one within 150 and the errors within 20 %.
    """
    scenario = sim.load("scenarios/base-case.toml")

    def at(seed, draws, patients):
        by_wtp, _ = psa(scenario, draws=draws, patients=patients, seed=seed).curves
        own = by_wtp[by_wtp["wtp"] == 150_000]
        return [own[name].item() for name in ("evpi", "evpi_corrected", "evpi_se")]

    _, truth, error = at(7, 500, 6_000)
    raw, corrected, stated = np.array([at(seed, 200, 60) for seed in range(16)]).T
    assert error < 60
    assert raw.mean() - truth > 3 * error
    assert abs(corrected - truth).mean() < 0.75 * abs(raw - truth).mean()
    stated = math.sqrt((stated**2).mean())
    assert 0.6 * stated < raw.std(ddof=1) < 1.6 * stated
    assert math.sqrt(((corrected - truth) ** 2).mean()) < 1.2 * stated
    # Three errors on either side hold it nearly always; a tenth of that does not.
    assert (abs(corrected - truth) < 3 * stated).mean() > 0.9 > (abs(corrected - truth) < 0.3 * stated).mean()
