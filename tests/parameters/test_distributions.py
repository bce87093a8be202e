"""Quantile functions: exact points, moments by integration, cuts at the bounds of a field."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from scipy.integrate import quad
from scipy.stats import beta, gamma, norm

from sim.parameters import cut_probability, quantile
from sim.scenario.fields import HazardRatio, Probability, RatePerMonth, Utility


class Holder(BaseModel):
    """One field of each kind, so that quantities carry bounds."""

    rate: RatePerMonth | None = None
    probability: Probability | None = None
    ratio: HazardRatio | None = None
    utility: Utility | None = None


def of(field, **table):
    return getattr(Holder.model_validate({field: table}), field)


def mean_and_sd(quantity):
    """By integrating the quantile function over (0, 1)."""
    mean = quad(lambda p: float(quantile(quantity, p)), 0, 1, limit=400)[0]
    square = quad(lambda p: (float(quantile(quantity, p)) - mean) ** 2, 0, 1, limit=400)[0]
    return mean, math.sqrt(square)


@pytest.mark.parametrize(
    ("quantity", "mean", "sd"),
    [
        (of("rate", value=5, dist="normal", se=0.5), 5.0, 0.5),
        (of("rate", value=5, dist="normal", ci=[4.02, 5.98]), 5.0, 0.5),
        (of("rate", value=3, dist="gamma", se=1.5), 3.0, 1.5),
        (of("probability", value=0.3, dist="beta", se=0.1), 0.3, 0.1),
        (of("probability", value=0.3, dist="beta", ci=[0.104, 0.496]), 0.3, 0.1),
        (of("rate", value=2, dist="uniform", range=[1, 3]), 2.0, 2 / math.sqrt(12)),
        (of("rate", value=2, dist="triangular", range=[1, 6]), 3.0, math.sqrt((1 + 4 + 36 - 2 - 6 - 12) / 18)),
        # PERT: mean (low + 4 mode + high) / 6; Vose's variance (mean - low)(high - mean) / 7.
        (of("rate", value=2, dist="pert", range=[1, 6]), 2.5, math.sqrt(1.5 * 3.5 / 7)),
        (of("ratio", value=0.7, dist="fixed"), 0.7, 0.0),
    ],
)
def test_mean_and_standard_deviation(quantity, mean, sd):
    assert mean_and_sd(quantity) == pytest.approx((mean, sd), rel=1e-5, abs=1e-9)


def test_lognormal_has_its_value_as_median_and_reproduces_a_symmetric_interval():
    quantity = of("ratio", value=0.4, dist="lognormal", ci=[0.2, 0.8])
    found = quantile(quantity, [norm.cdf(-1.96), 0.5, norm.cdf(1.96)])
    assert found == pytest.approx([0.2, 0.4, 0.8], rel=1e-12)


def test_a_distribution_is_cut_at_the_bounds_of_its_field():
    """A utility of mean 0.9 and sd 0.2 would pass 1 in 31 % of draws; what is left keeps its shape."""
    quantity = of("utility", value=0.9, dist="normal", se=0.2)
    assert cut_probability(quantity) == pytest.approx(norm.sf(0.5), rel=1e-9)
    found = quantile(quantity, [1e-12, 0.5, 1 - 1e-12])
    assert found[1] == pytest.approx(norm.ppf(0.5 * norm.cdf(0.5), 0.9, 0.2), rel=1e-6)
    assert found[2] <= 1
    assert found[0] >= -0.6
    assert cut_probability(of("utility", value=0.5, dist="fixed")) == 0


def test_tails_keep_their_digits():
    quantity = of("rate", value=3, dist="gamma", se=1.5)
    law = gamma(4, scale=0.75)
    assert quantile(quantity, 1 - 2.0**-53) == pytest.approx(law.isf(2.0**-53), rel=1e-12)
    assert quantile(quantity, 2.0**-53) == pytest.approx(law.ppf(2.0**-53), rel=1e-12)


@given(st.floats(0.02, 0.98), st.floats(0.05, 0.9), st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=20))
def test_quantiles_rise_and_stay_inside(value, share, probabilities):
    quantity = of("probability", value=value, dist="beta", se=share * math.sqrt(value * (1 - value)))
    found = quantile(quantity, np.sort(probabilities))
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_beta_agrees_with_scipy_by_its_parameters():
    quantity = of("probability", value=0.2, dist="beta", se=0.1)
    size = 0.2 * 0.8 / 0.01 - 1
    p = np.linspace(0.01, 0.99, 25)
    assert quantile(quantity, p) == pytest.approx(beta(0.2 * size, 0.8 * size).ppf(p), rel=1e-9)
