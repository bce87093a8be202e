"""Sobol indices against the Ishigami function, a linear form, and the toy."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import UsageError
from sim.scenario import Scenario
from sim.sensitivity import parse_axes, saltelli, sobol_indices, sobol_sweep
from tests.sensitivity.conftest import GRAMS, INFUSIONS, TESTS

ISHIGAMI = {"first": [0.3139, 0.4424, 0.0], "total": [0.5576, 0.4424, 0.2437]}
"""Ishigami and Homma (1990) with a = 7 and b = 0.1; the variances are closed forms, see the test."""


def ishigami(shares: np.ndarray) -> np.ndarray:
    x, y, z = (np.pi * (2 * shares - 1)).T
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def test_the_ishigami_function_has_its_known_indices() -> None:
    # V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225.
    one, two, both = (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
    whole = one + two + both
    assert [one / whole, two / whole, 0.0] == pytest.approx(ISHIGAMI["first"], abs=1e-4)
    assert [(one + both) / whole, two / whole, both / whole] == pytest.approx(ISHIGAMI["total"], abs=1e-4)

    found = sobol_indices(ishigami(saltelli(3, 4096, 11)), ["x", "y", "z"], 11)
    # Bootstrap standard errors at this size are at most 0.018 for first-order and 0.013 for total indices: three of
    # them are allowed.
    for kind, width in (("first", 0.05), ("total", 0.04)):
        assert found[kind].tolist() == pytest.approx(ISHIGAMI[kind], abs=width)
        inside = (found[f"{kind}_ci_low"] < found[kind]) & (found[kind] < found[f"{kind}_ci_high"])
        assert inside.all()


def test_values_out_of_order_do_not_pass() -> None:
    values = np.random.default_rng(1).permutation(ishigami(saltelli(3, 4096, 11)))
    assert abs(sobol_indices(values, ["x", "y", "z"], 11)["first"].iloc[1] - 0.4424) > 0.2


def test_a_sum_has_the_shares_of_its_variances_and_no_interactions() -> None:
    weights = np.array([4.0, 2.0, 1.0, 0.0])
    found = sobol_indices(saltelli(4, 1024, 3) @ weights, list("abcd"), 3)
    expected = weights**2 / (weights**2).sum()
    assert found["first"].tolist() == pytest.approx(expected, abs=0.03)
    assert found["total"].tolist() == pytest.approx(expected, abs=0.02)


def test_the_toy_has_the_indices_of_its_closed_form(toy: Scenario) -> None:
    axes = parse_axes(
        [
            "immunoglobulin.price_per_gram=40:70",
            "igg.test_cost=1900:2050",
            "immunoglobulin.administration_cost=200:350",
            "immunoglobulin.hr.grade_3plus=0.2:0.8",
        ]
    )
    result, found, words = sobol_sweep(toy, axes, n=64, patients=2, wtp=50_000)
    widths = np.array([GRAMS * 30, TESTS * 150, INFUSIONS * 150, 0.0])
    expected = widths**2 / (widths**2).sum()
    assert len(result.table) == 64 * 6 * 2
    assert words.startswith("Incremental net monetary benefit of primary against tested")
    assert found["path"].tolist() == [axis.path for axis in axes]
    assert found["total"].tolist() == pytest.approx(expected, abs=0.05)
    assert found["first"].tolist() == pytest.approx(expected, abs=0.1)
    assert found["total"].iloc[3] == 0  # nobody is infected


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (["immunoglobulin.price_per_gram=1:2"], {}, "at least twice"),
        (["immunoglobulin.price_per_gram=1:2", "igg.test_cost=1:2"], {"n": 48}, "a power of two"),
        (["immunoglobulin.price_per_gram=1:2", "igg.test_cost=1:2"], {"outcome": "qalys"}, "did you mean qaly"),
        (["immunoglobulin.hr.grade_3plus=0.2:0.8", "immunoglobulin.hr.grade_1_2=0.2:0.8"], {}, "the same at every"),
    ],
)
def test_what_has_no_indices_is_refused(
    toy: Scenario, texts: list[str], options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        sobol_sweep(toy, parse_axes(texts), **{"n": 2, "patients": 2, **options})  # type: ignore[arg-type]
