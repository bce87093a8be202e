"""Known parameters are recovered: 200 simulated pairs of studies, intervals that hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from sim.calibrate.predict import replicated
from sim.calibrate.result import posterior_of

REPLICATIONS = 200
PRIOR_DRAWS = 20_000


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say(shipped):
    """Truths from the prior, studies simulated patient by patient, posteriors by weighting prior draws.

    95 % intervals of 200 replications cover 190 +- 3.1; four standard errors are 12. An interval from half the
    information per study (the negative control) must cover more, one from ten times must cover less.
    """
    posterior = posterior_of(shipped)
    rng = np.random.default_rng(11)
    dimension = len(posterior.prior.paths)
    u = rng.standard_normal((PRIOR_DRAWS, dimension))
    values = posterior.prior.values(u)
    variance = posterior.forward.variance(values)
    fitted = posterior.fitted
    expected = [each.expected(posterior.forward, values) for each in fitted]
    truth_values = posterior.prior.values(rng.standard_normal((REPLICATIONS, dimension)))
    truths = [{path: float(v[i]) for path, v in truth_values.items()} for i in range(REPLICATIONS)]
    seen = [replicated(shipped, each.target, truths, 100 + k) for k, each in enumerate(fitted)]
    asked = {
        "rate": (lambda v: posterior.forward.totals("anti_bcma", v)["rate of infections as treated"]),
        "without": (lambda v: posterior.forward.totals("anti_bcma", v)["rate of infections without immunoglobulin"]),
        "frailty": posterior.forward.variance,
        "exit": (lambda v: v["agents.teclistamab.stop_rate_per_month"]),
        "curve": (lambda v: posterior.forward.incidence(fitted[0].target, v)[:, 1]),
    }
    grid = {name: f(values) for name, f in asked.items()}
    truth = {name: f(truth_values) for name, f in asked.items()}

    def covered(sharpen: float) -> dict[str, int]:
        hits = dict.fromkeys(asked, 0)
        for i in range(REPLICATIONS):
            logs = sum(
                each.log_likelihood(e, variance, s[i]) for each, e, s in zip(fitted, expected, seen, strict=True)
            )
            weight = np.exp(sharpen * (logs - logs.max()))
            for name, column in grid.items():
                order = np.argsort(column)
                place = np.cumsum(weight[order]) / weight.sum()
                low, high = (column[order][np.searchsorted(place, p)] for p in (0.025, 0.975))
                hits[name] += bool(low <= truth[name][i] <= high)
        return hits

    found = covered(1.0)
    print(found)
    assert all(abs(hits - 0.95 * REPLICATIONS) <= 12 for hits in found.values()), found
    assert covered(10.0)["curve"] < 160
