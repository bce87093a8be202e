"""Randomised trials: unbiased estimates, honest errors, power as the textbook says, and studies as designed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.streams import AddressedLuck
from sim.trial import run_trials
from sim.trial.analyses import estimates, grouped
from sim.trial.estimators import cox
from sim.trial.follow import CENSORED, COMPETING, EVENT
from sim.trial.power import schoenfeld_events, schoenfeld_power
from sim.trial.truth import true_values
from sim.trial.watch import Played, study_model
from tests.trial.conftest import ROOT, SEVERE_PER_MONTH, plain


def played(scenario, n: int, seed: int = 1) -> Played:
    trial = scenario.trials["study"]
    return Played.of(study_model(scenario, trial), trial, AddressedLuck(seed), np.arange(n))


def test_schoenfelds_formula_gives_the_textbook_figures():
    # Hazard ratio 0.5, equal arms, 5 % two-sided: 65.3 events for 80 % power, 87.5 for 90 % (Schoenfeld 1983, eq. 1).
    assert schoenfeld_events(np.log(0.5), 0.5, 0.05, 0.8) == pytest.approx(65.3, abs=0.1)
    assert schoenfeld_events(np.log(0.5), 0.5, 0.05, 0.9) == pytest.approx(87.5, abs=0.1)
    assert schoenfeld_power(np.log(0.5), 65.3, 0.5, 0.05) == pytest.approx(0.8, abs=1e-3)
    assert schoenfeld_power(0.0, 65.3, 0.5, 0.05) == pytest.approx(0.05)
    assert schoenfeld_events(0.0, 0.5, 0.05, 0.8) == np.inf


def test_the_true_curves_are_exact_ones():
    """No frailty, nobody leaves: 1 - exp(-rate t) without immunoglobulin, 0.4 of the rate with it; 60,000 of them."""
    scenario = plain({"analyses": ["aalen_johansen", "kaplan_meier"], "months": [6, 11]}, ratio=0.4)
    found = true_values(scenario, scenario.trials["study"], AddressedLuck(2), np.arange(60_000), effect=True)
    exact = -np.expm1(-SEVERE_PER_MONTH * np.outer([1, 0.4], [6, 11])).ravel()
    error = np.sqrt(exact * (1 - exact) / 60_000)
    assert np.all(np.abs(found[:4] - exact) < 4 * error)
    np.testing.assert_allclose(found[4:], found[:4], atol=1e-12)  # nothing competes


def test_where_patients_leave_kaplan_meier_and_aalen_johansen_part_as_they_should():
    """Leaving at 0.1 a month: l / (l + m) (1 - exp(-(l + m) t)) with competition, 1 - exp(-l t) without."""
    asked = {"analyses": ["aalen_johansen", "kaplan_meier"], "months": [9], "arms": {"none": 0.5, "secondary": 0.5}}
    scenario = plain(asked, agents__teclistamab__stop_rate_per_month__value=0.1)
    found = true_values(scenario, scenario.trials["study"], AddressedLuck(2), np.arange(60_000), effect=True)
    total = SEVERE_PER_MONTH + 0.1
    exact = np.array([SEVERE_PER_MONTH / total * -np.expm1(-total * 9), -np.expm1(-SEVERE_PER_MONTH * 9)])
    assert np.abs(found[[0, 2]] - exact).max() < 4 * np.sqrt(0.25 / 60_000) * 1.4
    assert exact[1] - exact[0] > 0.1


def test_estimates_are_unbiased_and_their_intervals_honest():
    """120 trials of 200, hazard ratio 0.4 without frailty: coverage 95 +- 2 %, four errors are 8 %."""
    result = run_trials(plain({"patients": [200]}, ratio=0.4), replications=120, seed=3)
    found = result.estimates().query("world == 'as_modelled'")
    assert found["true_value"].to_numpy() == pytest.approx(0.4, abs=0.01)
    assert (found["bias"].abs() < 4 * found["bias_mcse"]).all()
    assert (found["coverage"] > 0.87).all()
    assert (found["mean_se"] / found["empirical_se"] - 1).abs().max() < 4 / np.sqrt(2 * 120)
    assert result.largest_disagreement() < 1e-5
    # Negative control: the intervals do not hold what is not there.
    assert (found["rejected"] > 0.9).all()


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_power_is_schoenfelds_and_the_level_is_kept(loss):
    """2,000 trials of 300: a share of 0.72 is known to 1.0 %, one of 0.05 to 0.5 %.

    Schoenfeld's figure is a large-sample one, about 2 % too high here. A formula with a wrong share of events (1/2
    for 1/4) would be seen: its figure is 0.96.
    """
    design = {"patients": [300], "loss_per_month": loss, "accrual_months": 6, "follow_up_months": 6}
    result = run_trials(plain(design, ratio=0.6), replications=2000, seed=4)
    found = result.power().set_index("analysis").loc["cox"]
    assert found["power"] == pytest.approx(found["schoenfeld_power"], abs=0.02 + 4 * 0.009)
    assert found["type_1_error"] == pytest.approx(0.05, abs=4 * 0.005)
    wrong = schoenfeld_power(np.log(found["true_ratio"]), 2 * found["events"], 0.5, 0.05)
    assert abs(wrong - found["power"]) > 0.1


def test_arms_are_as_large_as_designed_and_allotted_by_chance():
    scenario = plain({"arms": {"none": 0.3, "primary": 0.5, "secondary": 0.2}, "patients": [50]}, frailty=1.0)
    group = played(scenario, 5000)
    arm = group.allotted(50).reshape(100, 50)
    assert {tuple(np.bincount(row)) for row in arm} == {(15, 25, 10)}
    assert len({tuple(row) for row in arm}) == 100
    means = [group.who.frailty[arm.ravel() == k].mean() for k in range(3)]
    assert np.ptp(means) < 4 * np.sqrt(1 / 1000 + 1 / 1500)


def test_patients_are_watched_until_the_study_closes_or_they_are_lost():
    scenario = plain({"accrual_months": 8, "follow_up_months": 4, "loss_per_month": 0.05})
    group = played(scenario, 40_000)
    until = group.followed()
    assert 0 < until.min() < 4 < until.max() <= 12
    # Closing between 4 and 12 months, evenly, and lost at 0.05 a month: at 6 months 3/4 of exp(-0.3) are watched.
    share = 0.75 * np.exp(-0.3)
    assert (until > 6).mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 40_000))


@pytest.mark.parametrize("outcome", ["first_infection", "infections", "death", "infection_death"])
def test_what_is_seen_is_what_happened(outcome):
    """Against the histories themselves, patient by patient, in the base case."""
    is_death = "death" in outcome
    entries = {
        "label": "t", "source": "t", "kind": "randomised", "arms": {"none": 0.5, "primary": 0.5}, "patients": [40],
        "accrual_months": 6, "follow_up_months": 12, "outcome": outcome, "observed": "alive", "analyses": ["cox"],
    } | ({} if is_death else {"infections": "3plus"})  # fmt: skip
    scenario = sim.load(ROOT / "scenarios" / "base-case.toml", overrides={"trials": {"study": entries}})
    group = played(scenario, 3000)
    arm, closed = group.allotted(40 * 75), group.followed()
    seen = group.watch(arm, closed)
    own = group.histories
    column = np.arange(3000)
    end = own.end[arm, column]
    severe = own.illnesses.first_grade_3plus[arm, column]
    if outcome == "first_infection":
        event = severe <= np.minimum(end, closed)
        assert np.array_equal(seen.until, np.minimum(np.minimum(severe, end), closed))
    elif outcome == "infections":
        counted = np.bincount(seen.event_patient, minlength=3000)
        assert counted.max() > 2
        assert np.array_equal(counted > 0, severe <= np.minimum(end, closed))
        assert (seen.event_month <= seen.until[seen.event_patient]).all()
        assert not (seen.status == EVENT).any()
        trial = scenario.trials["study"]
        (found,), spells = estimates(trial, seen), grouped(trial, "cox", "primary", seen)
        robust, plain_error = (cox(spells, trial.significance, robust=each).standard_error for each in (True, False))
        assert found.standard_error == robust, "several infections of a patient are not independent"
        assert abs(robust - plain_error) > 0.02 * plain_error
        return
    else:
        kinds = (1, 2) if outcome == "death" else (2,)
        event = (end <= closed) & np.isin(own.ending[arm, column], kinds)
    assert 100 < event.sum() < 2900
    assert np.array_equal(seen.status == EVENT, event)
    assert np.array_equal(seen.status == COMPETING, ~event & (end <= closed))
    assert np.array_equal(seen.status == CENSORED, ~event & (end > closed))


def test_only_infections_of_the_cause_count():
    scenario = plain({"cause": "viral"})
    share = np.mean(played(scenario, 4000).watch(np.zeros(4000, dtype=np.int64), np.full(4000, 12.0)).status == EVENT)
    exact = -np.expm1(-0.025 * 12)
    assert share == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))


def test_the_same_seed_gives_the_same_tables_whoever_works(monkeypatch):
    monkeypatch.setattr("sim.trial.run.TRUE_BATCHES", 2)
    scenario = plain({"patients": [40]})
    first = run_trials(scenario, replications=20, seed=1)
    with sim.workers(2) as runner:
        again = run_trials(scenario, replications=20, seed=1, runner=runner)
    pd.testing.assert_frame_equal(first.replicates(), again.replicates(), check_exact=True)
    assert not first.replicates().equals(run_trials(scenario, replications=20, seed=2).replicates())
    more = run_trials(scenario, replications=25, seed=1).replicates()
    assert more[more["replication"] <= 20].reset_index(drop=True).equals(first.replicates())


def test_a_published_estimate_is_placed_among_those_of_the_model():
    told = {"analysis": "cox", "value": 0.4, "low": 0.2, "high": 0.8, "source": "made up"}
    wild = {"analysis": "rate_ratio", "value": 9.0, "source": "made up"}
    result = run_trials(plain({"published": [told, wild]}, ratio=0.4), replications=40, seed=1)
    near, far = result.published().to_dict(orient="records")
    own = result.replicates().query("analysis == 'cox' and world == 'as_modelled'")["estimate"]
    assert near["below"] == pytest.approx((own < 0.4).mean())
    assert near["p"] > 0.2
    assert near["published_se"] == pytest.approx(np.log(4) / (2 * 1.96), rel=1e-4)
    assert far["below"] == 1
    assert far["p"] == pytest.approx(1 / 41)
    assert np.isnan(far["published_se"])
