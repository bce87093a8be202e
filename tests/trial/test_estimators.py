"""Estimators against lifelines, closed forms and hand-worked studies."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import CoxPHFitter

from sim.trial import estimators
from sim.trial.follow import COMPETING, EVENT, Seen
from sim.trial.spells import Course, begun, by_arm, course_of, current, ever, landmark, pieces
from sim.trial.watch import Watched

NOTHING = np.zeros(0)
NOBODY = np.zeros(0, dtype=np.int64)


def watched(until, status, ig_start, events=None, *, arm=None, ig_end=None, frailty=None, severe=None) -> Watched:
    """A study written by hand; the event of a status EVENT is at its end."""
    until, status = np.array(until, dtype=float), np.array(status)
    had = np.flatnonzero(status == EVENT)
    who, month = (had, until[had]) if events is None else events
    return Watched(
        arm=np.zeros(until.size, dtype=np.int64) if arm is None else np.array(arm),
        until=until,
        status=status,
        ig_start=np.array(ig_start, dtype=float),
        ig_end=until if ig_end is None else np.array(ig_end, dtype=float),
        frailty=np.ones(until.size) if frailty is None else frailty,
        event_patient=np.asarray(who, dtype=np.int64),
        event_month=np.asarray(month, dtype=float),
        severe_patient=NOBODY if severe is None else np.asarray(severe[0], dtype=np.int64),
        severe_month=NOTHING if severe is None else np.asarray(severe[1], dtype=float),
    )


def random_study(seed: int, n: int = 150, *, repeated: bool = False) -> Watched:
    rng = np.random.default_rng(seed)
    until, start = rng.uniform(1, 20, n), rng.exponential(6, n)
    if not repeated:
        event = rng.exponential(12, n)
        return watched(np.minimum(event, until), np.where(event <= until, EVENT, 0), start, arm=rng.integers(0, 2, n))
    counts = rng.poisson(0.15 * rng.gamma(1 / 0.6, 0.6, n) * until)
    who = np.repeat(np.arange(n), counts)
    month = rng.uniform(0, until[who])
    order = np.lexsort((month, who))
    events = who[order], month[order]
    return watched(until, np.zeros(n), start, events, arm=rng.integers(0, 2, n), severe=events)


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("grouping", [lambda w: by_arm(w, 1, 0), ever, lambda w: landmark(w, 3.0), current])
def test_the_cox_model_is_that_of_lifelines(grouping, repeated):
    for seed in range(3):
        spells = grouping(random_study(seed, repeated=repeated))
        mine = estimators.cox(spells, 0.05, robust=False)
        # lifelines ends a few 1e-6 short of the root, whatever precision is asked for.
        assert (mine.value, mine.standard_error) == pytest.approx(estimators.by_lifelines(spells), abs=1e-5)


def test_the_robust_error_is_the_spread_of_estimates_from_repeated_infections():
    """400 studies: a standard deviation is known to 3.5 %.

    The plain error, which takes infections of one patient for independent, is the negative control: patients of
    frailty variance 0.6 with 1.6 infections each spread 1.4 times as far.
    """
    values, robust, plain = [], [], []
    for seed in range(400):
        spells = by_arm(random_study(seed, repeated=True), 1, 0)
        found = estimators.cox(spells, 0.05, robust=True)
        values.append(found.value)
        robust.append(found.standard_error)
        plain.append(estimators.cox(spells, 0.05, robust=False).standard_error)
    assert np.mean(robust) / np.std(values) == pytest.approx(1, abs=0.14)
    assert np.std(values) / np.mean(plain) > 1.2


def test_a_known_frailty_is_an_offset():
    """With the frailty known the hazard ratio given it is found; without, the ratio of the groups is nearer to 1."""
    rng = np.random.default_rng(1)
    n, theta = 200_000, 0.4
    z, arm = rng.gamma(1 / 2.0, 2.0, n), rng.integers(0, 2, n)
    event = rng.exponential(1, n) / (0.1 * z * np.where(arm == 1, theta, 1.0))
    study = watched(np.minimum(event, 24), np.where(event <= 24, EVENT, 0), np.full(n, np.inf), arm=arm)
    spells = by_arm(study, 1, 0)
    given = estimators.log_hazard_ratio(spells, z)
    error = 2 / np.sqrt(spells.event_month.size)
    assert given == pytest.approx(np.log(theta), abs=4 * error)
    assert estimators.log_hazard_ratio(spells) > given + 10 * error


def test_spells_of_a_hand_worked_patient():
    # On immunoglobulin from 2 to 5, watched until 9; infections at 1, 2 (still without), 4, 5 (still with) and 9.
    months = [1.0, 2.0, 4.0, 5.0, 9.0]
    study = watched([9.0], [0], [2.0], ([0] * 5, months), ig_end=[5.0], severe=([0, 0], [1.0, 4.0]))
    found = current(study)
    assert sorted(zip(found.start, found.stop, found.exposed, strict=True)) == [
        (0.0, 2.0, False),
        (2.0, 5.0, True),
        (5.0, 9.0, False),
    ]
    assert found.event_exposed.tolist() == [False, False, True, True, False]
    course = course_of(study)
    assert course.start.tolist() == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert course.stop.tolist() == [1.0, 2.0, 4.0, 5.0, 9.0]
    assert course.event.tolist() == [True] * 5
    assert course.on_ig.tolist() == [0, 0, 1, 1, 0]
    assert course.earlier.tolist() == [0, 1, 1, 2, 2]
    assert ever(study).exposed.tolist() == [True]
    late = landmark(study, 4.0)
    assert (late.start.tolist(), late.event_month.tolist()) == ([4.0], [5.0, 9.0])
    assert [row[1:] for row in pieces(late)] == [(4.0, 5.0, True, True), (5.0, 9.0, True, True)]


def test_a_placebo_trial_of_starters_begins_with_the_first_infusion():
    real = watched([10.0, 3.0], [0, EVENT], [4.0, 5.0], ig_end=[8.0, 3.0])
    placebo = watched([7.0, 3.0], [EVENT, EVENT], [4.0, 5.0], ig_end=[7.0, 3.0])
    found = begun(real, placebo)  # the second patient never starts
    assert found.patient.tolist() == [0, 0]
    assert found.stop.tolist() == [4.0, 3.0]
    assert found.exposed.tolist() == [True, False]
    assert (found.event_month.tolist(), found.event_exposed.tolist()) == ([3.0], [False])


def test_a_rate_ratio_by_hand():
    # 19 infections in 449 months against 38 in 470 (Chapel, Lancet 1994;343:1059): 0.52 (0.30 to 0.91).
    study = watched([449.0, 470.0], [0, 0], [np.inf, np.inf], ([0] * 19 + [1] * 38, np.ones(57)), arm=[1, 0])
    found = estimators.rate_ratio(by_arm(study, 1, 0), 0.05)
    assert np.exp([found.value, found.low, found.high]) == pytest.approx([0.523, 0.302, 0.908], abs=1e-3)


def test_where_all_events_are_on_one_side_there_is_no_ratio():
    study = watched([5.0, 5.0, 4.0], [0, 0, EVENT], [np.inf] * 3, arm=[1, 1, 0])
    assert np.isnan(estimators.cox(by_arm(study, 1, 0), 0.05, robust=False).value)
    assert np.isnan(estimators.rate_ratio(by_arm(study, 1, 0), 0.05).value)
    course = Course(*(np.array(x) for x in ([0, 1], [0.0, 0.0], [1.0, 2.0], [False, True], [1.0, 0.0], [0, 0])))
    assert np.isnan(estimators.cox_with_covariates(course, {}, 0.05, robust=False).value)


def test_adjustment_is_that_of_lifelines_and_drops_what_does_not_vary():
    study = random_study(4, repeated=True)
    course = course_of(study)
    columns = {"earlier_1": (course.earlier >= 1).astype(float), "constant": np.ones(course.start.size)}
    found = estimators.cox_with_covariates(course, columns, 0.05, robust=True)
    crude, mine = (
        estimators.cox_with_covariates(course, {}, 0.05, robust=True),
        estimators.cox(current(study), 0.05, robust=True),
    )
    # lifelines stops some 1e-4 short of the root; the two ways to the robust error share no code.
    assert (crude.value, crude.standard_error) == pytest.approx((mine.value, mine.standard_error), abs=1e-3)
    assert found.value != pytest.approx(crude.value, abs=1e-3)


def test_curves_by_hand():
    # Of four, one infected at 1, one gone at 2, one infected at 3, one watched to 6.
    seen = Seen(np.array([1.0, 2.0, 3.0, 6.0]), np.array([EVENT, COMPETING, EVENT, 0]))
    aalen = estimators.aalen_johansen(seen, (1.5, 5.0, 7.0), 0.05)
    assert [each.value for each in aalen[:2]] == pytest.approx([0.25, 0.5])
    assert np.isnan(aalen[2].value)
    kaplan = estimators.kaplan_meier(seen, (1.5, 5.0, 7.0), 0.05)
    assert [each.value for each in kaplan[:2]] == pytest.approx([0.25, 1 - 0.75 * 0.5])
    assert np.isnan(kaplan[2].value)
    greenwood = 0.375**2 * (1 / (4 * 3) + 1 / (2 * 1))
    assert kaplan[1].standard_error == pytest.approx(np.sqrt(greenwood))
    assert aalen[0].low < 0.25 < aalen[0].high
    quiet = Seen(np.array([5.0, 6.0]), np.array([0, 0]))
    assert [each.value for each in estimators.kaplan_meier(quiet, (5.5,), 0.05)] == [0.0]
    assert np.isnan(estimators.aalen_johansen(quiet, (6.5,), 0.05)[0].value)


def test_the_level_of_an_interval_is_the_one_asked_for():
    spells = by_arm(random_study(2), 1, 0)
    wide, narrow = (estimators.cox(spells, level, robust=False) for level in (0.05, 0.5))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(1.959964 / 0.674490, rel=1e-6)


def test_curves_hold_the_truth_as_often_as_their_intervals_say():
    """100 studies of 120, hazards 0.08 and 0.05, watched for U(0, 24) months: 95 +- 2.2 intervals hold the truth."""
    rng, months = np.random.default_rng(8), (9.0,)
    total = 0.13
    truth = {"aalen_johansen": 0.08 / total * -np.expm1(-total * 9), "kaplan_meier": -np.expm1(-0.08 * 9)}
    held = dict.fromkeys(truth, 0)
    values = {name: [] for name in truth}
    for _ in range(100):
        event, gone, censored = rng.exponential(12.5, 120), rng.exponential(20, 120), rng.uniform(0, 24, 120)
        end = np.minimum(np.minimum(event, gone), censored)
        seen = Seen(end, np.where(end == event, EVENT, np.where(end == gone, COMPETING, 0)))
        for name in truth:
            (found,) = getattr(estimators, name)(seen, months, 0.05)
            held[name] += found.low <= truth[name] <= found.high
            values[name].append(found.value)
    assert all(86 <= count <= 100 for count in held.values()), held
    for name, found in values.items():
        assert np.mean(found) == pytest.approx(truth[name], abs=4 * np.std(found) / 10)
    # Negative control: one is not the other.
    assert np.mean(values["kaplan_meier"]) > truth["aalen_johansen"] + 8 * np.std(values["kaplan_meier"]) / 10


def test_lifelines_is_what_it_is_called_by():
    """The frame by hand, without this package: two groups, one event each side."""
    study = watched([2.0, 3.0, 5.0, 6.0], [EVENT, 0, EVENT, 0], [np.inf] * 4, arm=[1, 0, 0, 1])
    import pandas as pd

    frame = pd.DataFrame({"t": [2.0, 3.0, 5.0, 6.0], "e": [1, 0, 1, 0], "g": [1.0, 0, 0, 1]})
    exact = float(CoxPHFitter().fit(frame, "t", "e").params_["g"])
    assert estimators.cox(by_arm(study, 1, 0), 0.05, robust=False).value == pytest.approx(exact, abs=1e-6)
