"""What the value-of-information functions refuse: all of it at once, in words."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from sim.errors import Problem, UsageError
from sim.voi.checks import LEAST_DRAWS, at_least, checked, checked_benefit, checked_luck

BENEFIT = np.column_stack([np.zeros(LEAST_DRAWS), np.arange(LEAST_DRAWS, dtype=float)])
PARAMETERS = pd.DataFrame({"a": np.arange(LEAST_DRAWS), "b": np.linspace(0, 1, LEAST_DRAWS)})


def problems(benefit: object, parameters: pd.DataFrame, sets: dict[str, object]) -> list[str]:
    with pytest.raises(UsageError, match="the value of information cannot be estimated") as caught:
        checked(benefit, parameters, sets)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_what_is_sound_comes_back_as_it_is() -> None:
    benefit, values = checked(BENEFIT, PARAMETERS, {"one": ["a"], "both": ["a", "b"]})
    np.testing.assert_array_equal(benefit, checked_benefit(BENEFIT.tolist()))
    assert list(values) == ["a", "b"]
    np.testing.assert_array_equal(values["b"], PARAMETERS["b"])


@pytest.mark.parametrize("shape", [(LEAST_DRAWS,), (LEAST_DRAWS, 1), (LEAST_DRAWS, 2, 2)])
def test_net_benefits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    told = f"net_benefit: found shape {shape}; (n_draws, n_strategies) with two strategies or more"
    with pytest.raises(UsageError, match=re.escape(told)):
        checked_benefit(np.zeros(shape))


def test_the_first_ten_values_that_are_not_finite_are_named_and_the_others_counted() -> None:
    broken = BENEFIT.copy()
    broken[:10, 1] = np.nan
    assert len(problems(broken, PARAMETERS, {"one": ["a"]})) == 10
    broken[20:23, 0] = np.inf
    *named, counted = problems(broken, PARAMETERS, {"one": ["a"]})
    assert named[0] == "net_benefit, row 0, column 1: found nan; a finite number"
    assert len(named) == 10
    assert counted == "net_benefit: found 3 more such values; finite numbers"


def test_few_draws_rows_that_do_not_fit_and_names_twice_are_told_together() -> None:
    twice = pd.concat([PARAMETERS, PARAMETERS[["b"]]], axis=1)
    assert problems(BENEFIT[:-1], twice, {"one": ["a"], "two": ["b"]}) == [
        "net_benefit: found 49 draws; at least 50 to fit a regression",
        "parameters: found 50 rows; 49, one for each draw",
        "parameters: found 2 columns named b; each name once",
    ]


def test_faults_of_sets_are_told_with_the_parameters_that_there_are() -> None:
    many = pd.DataFrame({f"p{n}": np.zeros(LEAST_DRAWS) for n in range(11)})
    assert problems(BENEFIT, PARAMETERS, {}) == ["sets: found none; at least one set of parameters"]
    sets = {"word": "ab", "empty": [], "twice": ["p1", "p1"], "strange": ["q"]}
    assert problems(BENEFIT, many, sets) == [
        "set word: found 'ab'; a sequence of names",
        "set empty: found no parameters; at least one",
        "set twice: found p1 2 times; each parameter once",
        f"set strange: found q; one of the parameters {', '.join(f'p{n}' for n in range(10))}, ...",
    ]
    assert problems(BENEFIT, PARAMETERS, {"strange": ["q"]}) == ["set strange: found q; one of the parameters a, b"]


def test_parameters_that_are_no_numbers_or_not_finite_are_told() -> None:
    words = PARAMETERS.assign(a=["high"] * LEAST_DRAWS, b=PARAMETERS["b"].where(PARAMETERS["b"] < 0.9))
    assert problems(BENEFIT, words, {"both": ["a", "b"]}) == [
        f"parameter a: found values of type {words['a'].dtype}; numbers",
        "parameter b: found 5 values that are not finite, the first in row 45; finite numbers",
    ]


def test_luck_is_checked_where_there_is_any() -> None:
    assert checked_luck(None, 2) is None
    luck = checked_luck([[1, 2], [3, 4]], 2)
    assert luck is not None
    assert luck.dtype == np.float64
    for wrong in (np.zeros(3), np.zeros((3, 1))):
        with pytest.raises(UsageError, match="luck: found shape"):
            checked_luck(wrong, 2)


def test_bounds_hold_at_the_bound() -> None:
    found: list[Problem] = []
    at_least(found, "years", 1.0, 1.0)
    at_least(found, "years", 1.1, 1.0, strictly=True)
    assert found == []
    at_least(found, "years", 1.0, 1.0, strictly=True)
    at_least(found, "years", 0.5, 1.0)
    at_least(found, "years", float("inf"), 1.0)
    assert [str(problem) for problem in found] == [
        "years: found 1; a finite number above 1",
        "years: found 0.5; a finite number from 1",
        "years: found inf; a finite number from 1",
    ]
