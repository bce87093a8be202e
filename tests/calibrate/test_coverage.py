"""Known parameters are recovered: 200 simulated pairs of studies, intervals that hold as often as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.calibrate.fit import Posterior
from sim.calibrate.forward import Floats, Values
from sim.calibrate.predict import replicated
from sim.calibrate.result import posterior_of
from sim.calibrate.sample import sample
from sim.scenario import Scenario

REPLICATIONS = 200
PRIOR_DRAWS = 20_000


def questions(posterior: Posterior) -> dict[str, Callable[[Values], Floats]]:
    """What the data speak of, of what is asked of a fit."""
    fitted = posterior.fitted
    return {
        "rate": (lambda v: posterior.forward.totals("anti_bcma", v)["rate of infections as treated"]),
        "without": (lambda v: posterior.forward.totals("anti_bcma", v)["rate of infections without immunoglobulin"]),
        "frailty": posterior.forward.variance,
        "exit": (lambda v: v["agents.teclistamab.stop_rate_per_month"]),
        "curve": (lambda v: posterior.forward.incidence(fitted[0].target, v)[:, 1]),
    }


def seeing(scenario: Scenario, seen: dict[str, Floats]) -> Scenario:
    """The same calibration, had its studies seen something else."""
    calibration = scenario.calibration
    assert calibration is not None
    targets = {
        name: target.model_copy(update={"observed": tuple(seen[name].tolist())}) if name in seen else target
        for name, target in calibration.targets.items()
    }
    return scenario.model_copy(update={"calibration": calibration.model_copy(update={"targets": targets})})


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_the_sampler_covers_the_truth_as_often_as_its_intervals_say(shipped):
    """Truths from the prior, studies simulated patient by patient, and each calibrated: emcee, with its own rule.

    95 % intervals of 200 replications cover 190 +- 3.1; four standard errors are 12. The negative control are the
    middle halves of the same draws: they cover 100 +- 7.1, and held to 95 % they would fail. The rank of the truth
    among the draws is even (Cook, Gelman and Rubin 2006): in tenths, chi-squared of 9 degrees is below 33.7 in all
    but 1 of 10,000.
    """
    posterior = posterior_of(shipped)
    truth_values = posterior.prior.values(
        np.random.default_rng(21).standard_normal((REPLICATIONS, len(posterior.prior.paths)))
    )
    seen = {
        each.name: replicated(shipped, each.name, truth_values, 300 + k) for k, each in enumerate(posterior.fitted)
    }
    asked = questions(posterior)
    truth = {name: ask(truth_values) for name, ask in asked.items()}
    hits, halves = dict.fromkeys(asked, 0), dict.fromkeys(asked, 0)
    ranks = {name: np.zeros(REPLICATIONS) for name in asked}
    converged = 0
    for i in range(REPLICATIONS):
        own = posterior_of(seeing(shipped, {name: estimates[i] for name, estimates in seen.items()}))
        drawn = sample(own.log_density, len(own.prior.paths), i)
        converged += drawn.has_converged
        values = own.prior.values(drawn.draws(4000))
        for name, ask in asked.items():
            column = ask(values)
            low, quarter, upper, high = np.quantile(column, (0.025, 0.25, 0.75, 0.975))
            hits[name] += bool(low <= truth[name][i] <= high)
            halves[name] += bool(quarter <= truth[name][i] <= upper)
            ranks[name][i] = np.mean(column < truth[name][i])
    print(hits, halves, converged)
    # Extreme studies leave some chains short of the rule after 16 rounds, and the command then ends with status 1.
    # Their intervals count all the same.
    assert converged >= 0.75 * REPLICATIONS
    assert all(abs(count - 0.95 * REPLICATIONS) <= 12 for count in hits.values()), hits
    assert all(abs(count - 0.5 * REPLICATIONS) <= 28 for count in halves.values()), halves
    for name, found in ranks.items():
        counts = np.histogram(found, bins=10, range=(0, 1))[0]
        assert ((counts - REPLICATIONS / 10) ** 2 / (REPLICATIONS / 10)).sum() < 33.7, name


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
    seen = [replicated(shipped, each.name, truth_values, 100 + k) for k, each in enumerate(fitted)]
    asked = questions(posterior)
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
