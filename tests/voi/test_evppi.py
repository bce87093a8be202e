"""EVPPI against closed forms: products, correlated normals, three strategies; what it must flag and refuse."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sim.errors import UsageError
from sim.voi import correlations, evppi, evppi_each
from sim.voi.evppi import limits
from tests.voi.exact import conditional_sd, gain, gain_of_three

N = 1000


def two(inb: np.ndarray) -> np.ndarray:
    """Net benefits of two strategies with this difference and noise in common that must not matter."""
    common = np.random.default_rng(99).normal(0, 50, len(inb))
    return np.column_stack([common, common + inb])


def normals(n: int, covariance: np.ndarray, seed: int) -> pd.DataFrame:
    draws = np.random.default_rng(seed).multivariate_normal(np.zeros(len(covariance)), covariance, n)
    return pd.DataFrame(draws, columns=[f"x{i}" for i in range(len(covariance))])


def test_a_product_is_worth_nothing_alone_and_one_over_pi_jointly():
    """INB = ab of independent standard normals: E|ab| / 2 = 1 / pi and E(ab | a) = 0."""
    x = normals(N, np.eye(3), 1)
    found = {
        each.name: each
        for each in evppi(two((x["x0"] * x["x1"]).to_numpy()), x, {"a": ["x0"], "b": ["x1"], "ab": ["x0", "x1"]})
    }
    # The draws' own mean of max(0, ab) has standard error sd / sqrt(n), sd^2 = 1/2 - 1/pi^2.
    error = math.sqrt((0.5 - 1 / math.pi**2) / N)
    assert found["ab"].value == pytest.approx(1 / math.pi, abs=3.5 * error)
    assert found["ab"].explained > 0.98
    # A spurious slope of one standard error, sd(ab) / sqrt(n), would be taken for a gain of phi(0) times it.
    spurious = 0.4 / math.sqrt(N)
    for alone in ("a", "b"):
        assert found[alone].value < 3 * spurious
    assert found["ab"].less_than_member is None


def test_adding_parameters_that_do_not_matter_leaves_the_product_visible():
    x = normals(N, np.eye(8), 2)
    (found,) = evppi(two((x["x0"] * x["x1"]).to_numpy()), x, {"all": list(x.columns)})
    assert found.value == pytest.approx(1 / math.pi, abs=0.05)


@pytest.mark.parametrize("mean", [0.0, 0.6, -1.2])
def test_correlated_normals(mean):
    """INB = mean + w'x: the value of a set is the loss integral at the sd of its conditional expectation."""
    covariance = np.array([[1.0, 0.6, 0.0, 0.2], [0.6, 2.0, -0.3, 0.0], [0.0, -0.3, 1.0, 0.0], [0.2, 0.0, 0.0, 0.5]])
    weights = np.array([0.8, -0.4, 1.0, 0.3])
    sets = {"one": [0], "two": [1], "pair": [0, 2], "three": [0, 1, 2], "all": [0, 1, 2, 3]}
    x = normals(N, covariance, 3)
    inb = mean + x.to_numpy() @ weights
    found = evppi(two(inb), x, {name: [f"x{i}" for i in members] for name, members in sets.items()})
    for each in found:
        truth = gain(mean, conditional_sd(weights, covariance, sets[each.name]))
        assert each.value == pytest.approx(truth, abs=3.5 * each.standard_error), each.name
        assert each.standard_error < 0.05
        assert each.evpi == pytest.approx(np.maximum(inb, 0).mean() - max(0, inb.mean()), rel=1e-9)
    assert found[-1].share_of_evpi == pytest.approx(1, abs=1e-6)


def test_three_strategies():
    """Two increments of correlated parameters; the pair by quadrature, the first by conditioning."""
    covariance = np.array([[1.0, 0.5], [0.5, 1.5]])
    means = np.array([-0.2, 0.1])
    x = normals(2000, covariance, 4)
    benefit = np.column_stack([np.zeros(2000), x.to_numpy() + means])
    both, first = evppi(benefit, x, {"both": ["x0", "x1"], "first": ["x0"]})
    assert both.value == pytest.approx(gain_of_three(means, covariance), abs=3.5 * both.standard_error)
    given_first = np.array([[1.0, 0.5], [0.5, 0.25 + 1e-12]])
    assert first.value == pytest.approx(gain_of_three(means, given_first), abs=3.5 * first.standard_error)
    assert first.value < both.value


def test_the_order_of_strategies_and_a_common_shift_do_not_matter():
    x = normals(400, np.eye(2), 5)
    benefit = np.column_stack([np.zeros(400), x["x0"], x["x1"] + x["x0"] * 0.5])
    plain = evppi(benefit, x)
    turned = evppi(benefit[:, [2, 0, 1]] + 1e4 * x["x1"].to_numpy()[:, None], x)
    assert [each.value for each in turned] == pytest.approx([each.value for each in plain], rel=1e-4)


def test_a_curve_is_followed():
    """INB = x^2 - 1: E(x^2 - 1)+ = 2 phi(1), by parts."""
    x = normals(N, np.eye(1), 6)
    (found,) = evppi(two(x["x0"].to_numpy() ** 2 - 1), x)
    assert found.value == pytest.approx(2 * math.exp(-0.5) / math.sqrt(2 * math.pi), abs=3.5 * found.standard_error)


def test_noise_alone_is_worth_nothing_and_is_not_sure_of_it():
    x = normals(N, np.eye(4), 7)
    noise = np.random.default_rng(8).normal(0, 10, N)
    for each in evppi(two(noise), x):
        assert each.value < 0.25, each  # sqrt(1 / n) * 10 is what one spurious slope would give
        assert each.explained < 0.01


def test_a_set_worth_less_than_a_member_is_flagged():
    """Forty parameters at sixty draws allow straight lines only: x^2 - 1 is seen alone and not in the set."""
    x = normals(60, np.eye(40), 9)
    inb = x["x0"].to_numpy() ** 2 - 1
    whole, alone = evppi(two(inb), x, {"whole": list(x.columns), "alone": ["x0"]})
    assert whole.value < alone.value
    assert whole.less_than_member == "alone"
    assert "less than alone alone" in whole.note
    assert alone.less_than_member is None


def test_a_set_is_never_worth_more_than_everything():
    x = normals(60, np.eye(3), 10)
    for each in evppi(two((x["x0"] + 0.1 * x["x1"]).to_numpy()), x, {"a": ["x0"], "ab": ["x0", "x1"]}):
        assert 0 <= each.value <= each.evpi


def test_a_constant_has_nothing_to_teach():
    x = normals(100, np.eye(2), 11).assign(x1=3.0)
    found = evppi(two(x["x0"].to_numpy()), x, {"constant": ["x1"], "both": ["x0", "x1"]})
    assert (found[0].value, found[0].note) == (0.0, "constant: nothing to learn")
    assert "constant, so left out: x1" in found[1].note


def test_values_do_not_depend_on_what_else_was_asked_or_on_the_seed():
    x = normals(300, np.eye(3), 12)
    benefit = two((x["x0"] + x["x1"] * x["x2"]).to_numpy())
    whole = {each.name: each.value for each in evppi(benefit, x, seed=1)}
    assert whole["x1"] == evppi(benefit, x, {"other": ["x1"]}, seed=77)[0].value


def test_limits_are_symmetric_in_the_square_root():
    low, high = limits(4.0, 0.4)
    assert math.sqrt(high) - 2 == pytest.approx(2 - math.sqrt(low)) == pytest.approx(1.959964 * 0.4 / 4)
    assert limits(0.01, 5.0)[0] == 0
    assert limits(0.0, 2.0) == (0.0, pytest.approx(3.919928))


def test_whoever_estimates_the_sets_the_numbers_are_the_same():
    """Sets come back in their order from anyone; one in the wrong order is noticed by its numbers."""
    x = normals(200, np.eye(3), 16)
    benefit = two((x["x0"] + x["x1"] * x["x2"]).to_numpy())
    sets = {"a": ["x0"], "bc": ["x1", "x2"]}

    def backwards(estimates):
        done = {number: estimates(number) for number in reversed(range(len(estimates.sets)))}
        return [done[number] for number in sorted(done)]

    assert evppi_each([benefit], x, sets, sharing=backwards)[0] == evppi(benefit, x, sets)


def test_everything_wrong_is_told_at_once():
    x = normals(60, np.eye(2), 13)
    x.loc[3, "x1"] = np.nan
    benefit = two(x["x0"].to_numpy())
    benefit[5, 0] = np.inf
    with pytest.raises(UsageError) as caught:
        evppi(benefit, x, {"a": ["x0", "x9"], "b": [], "c": ["x1"]})
    for part in ("row 5, column 0", "x9", "set b: found no parameters", "parameter x1: found 1 values"):
        assert part in str(caught.value)


def test_correlations_are_those_of_numpy_with_fisher_errors():
    x = normals(500, np.array([[1.0, 0.4], [0.4, 1.0]]), 14)
    inb = x["x0"].to_numpy() + np.random.default_rng(15).normal(size=500)
    row = correlations(two(inb), x, ["a", "b"]).set_index("parameter").loc["x1"]
    r = np.corrcoef(x["x1"], inb)[0, 1]
    assert row["pearson"] == pytest.approx(r)
    assert row["pearson_se"] == pytest.approx((1 - r**2) / math.sqrt(497))
    assert (row["strategy"], row["comparator"]) == ("b", "a")


@pytest.mark.slow
def test_limits_are_calibrated():
    """Truth within the 95 % limits in 88 to 99 % of 300 repeats of 500 draws (binomial sd 1.3 %).

    Limits half as wide cover too little.
    """
    covered, narrow = Counter(), Counter()
    repeats = 300
    truths = {
        "slope": gain(0.5, 1.0),
        "pair": gain(0.5, math.sqrt(2)),
        "curve": 2 * math.exp(-0.5) / math.sqrt(2 * math.pi),
        "noisy": gain(0.3, 0.5),
    }
    for seed in range(repeats):
        x = normals(500, np.eye(3), 1000 + seed)
        noise = np.random.default_rng(5000 + seed).normal(0, 1, 500)
        line = 0.5 + x["x0"] + x["x1"] + noise
        slope, pair = evppi(two(line.to_numpy()), x, {"slope": ["x0"], "pair": ["x0", "x1"]}, seed=seed)
        (curve,) = evppi(two((x["x0"] ** 2 - 1 + noise).to_numpy()), x, {"curve": ["x0"]}, seed=seed)
        (noisy,) = evppi(two((0.3 + 0.5 * x["x0"] + 3 * noise).to_numpy()), x, {"noisy": ["x0"]}, seed=seed)
        for each in (slope, pair, curve, noisy):
            low, high = limits(each.value, each.standard_error / 2)
            covered[each.name] += each.low <= truths[each.name] <= each.high
            narrow[each.name] += low <= truths[each.name] <= high
    print({name: (count / repeats, narrow[name] / repeats) for name, count in covered.items()})
    for name, count in covered.items():
        assert 0.88 < count / repeats < 0.99, (name, count / repeats)
        assert narrow[name] / repeats < 0.8


@pytest.mark.slow
def test_idle_parameters_do_not_widen_the_error():
    """Thirty parameters of which two matter, in much noise: the error is the scatter of 40 repeats (within 11 %)."""
    found = []
    for seed in range(40):
        x = normals(500, np.eye(30), 3000 + seed)
        noise = np.random.default_rng(9000 + seed).normal(0, 3, 500)
        inb = (0.5 + x["x0"] + x["x1"] + noise).to_numpy()
        found += evppi(two(inb), x, {"all": list(x.columns)}, seed=seed)
    scatter = float(np.std([each.value for each in found], ddof=1))
    mean = float(np.mean([each.standard_error for each in found]))
    print(scatter, mean)
    assert 0.6 < mean / scatter < 1.6
