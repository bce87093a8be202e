"""What the estimates should come to: the model's own value of every estimand, from very many patients.

    curves          the share with an event by the month, nobody censored; Kaplan-Meier's is read from as many
                    patients, competing events censored, for that is what it converges to
    ratios of arms  every patient in both arms, enrolled and censored as in the trial
    of exposure     a placebo trial of those who begin immunoglobulin: the same patients on the same luck, from the
                    first infusion on, with its effect and without
    given frailty   the same placebo trial, each patient's frailty known

A hazard ratio among patients who differ is one of the whole group, nearer to 1 than a single patient's, and depends
on how long they are watched; so it is read from a trial of the same length and not from the scenario.
"""

from __future__ import annotations

import numpy as np

from sim.model.parts import Floats, Integers
from sim.scenario import Scenario, Trial
from sim.streams import Luck
from sim.trial.analyses import RATES, Estimand, estimands
from sim.trial.estimators import log_hazard_ratio, rate_ratio
from sim.trial.follow import EVENT, Seen
from sim.trial.spells import Spells, begun, paired
from sim.trial.watch import Played, Watched, study_model


def true_values(scenario: Scenario, trial: Trial, luck: Luck, patient: Integers, *, effect: bool) -> Floats:
    """The value of every estimand among these patients, in the order of `estimands`."""
    played = Played.of(study_model(scenario, trial, effect=effect), trial, luck, patient)
    if trial.kind == "randomised":
        return _of_arms(trial, played)
    own = played.allotted(1)
    whole = played.watch(own, np.full(patient.size, np.inf)).seen()
    if all(not each.is_ratio for each in estimands(trial)):
        return np.array([_curve(each, whole) for each in estimands(trial)])
    censored = played.followed()
    placebo = Played.of(study_model(scenario, trial, effect=False), trial, luck, patient) if effect else played
    trial_of_starters = begun(played.watch(own, censored), placebo.watch(own, censored))
    frailty = played.who.frailty
    return np.array(
        [
            _ratio(each, trial_of_starters, frailty) if each.is_ratio else _curve(each, whole)
            for each in estimands(trial)
        ]
    )


def _of_arms(trial: Trial, played: Played) -> Floats:
    n, censored = played.who.patient.size, played.followed()
    place = {name: np.full(n, index) for index, name in enumerate(trial.arms)}
    watched: dict[str, Watched] = {}
    whole: dict[str, Seen] = {}
    found = []
    for each in estimands(trial):
        for name in (each.group, each.comparator):
            if each.is_ratio and name not in watched:
                watched[name] = played.watch(place[name], censored)
        if each.is_ratio:
            found.append(_ratio(each, paired(watched[each.group], watched[each.comparator]), played.who.frailty))
            continue
        if each.group not in whole:
            whole[each.group] = played.watch(place[each.group], np.full(n, np.inf)).seen()
        found.append(_curve(each, whole[each.group]))
    return np.array(found)


def _curve(each: Estimand, seen: Seen) -> float:
    by_then = (seen.status == EVENT) & (seen.months <= each.month)
    if each.analysis == "aalen_johansen":
        return float(by_then.mean())
    months = np.sort(seen.months)
    at_risk = months.size - np.searchsorted(months, seen.months[by_then], side="left")
    return float(-np.expm1(np.log1p(-1 / at_risk).sum())) if np.all(at_risk > 1) else 1.0


def _ratio(each: Estimand, spells: Spells, frailty: Floats) -> float:
    if each.analysis in RATES:
        return rate_ratio(spells, 0.05).value
    return log_hazard_ratio(spells, frailty if each.analysis == "frailty_adjusted_cox" else None)
