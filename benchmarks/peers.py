"""The reference item in heormodel and PyHEOR: `peers.py NAME PATIENTS SEED`, in a Python that has them.

Both know flows in states and no events in them, so an infection is a state that is left after 1e-7 years. heormodel
reports costs and QALYs, PyHEOR life-years too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np

from benchmarks import item
from benchmarks.item import Floats, Played

BRIEF_YEARS = 1e-7
YEAR = 12.0
STATES = ("on", "mild", "severe", "off", "dead")
ON, MILD, SEVERE, OFF, DEAD = range(len(STATES))


def rates(s: int) -> tuple[float, float]:
    """Infections of grade 1-2 and of grade >= 3 a month under a strategy."""
    mild = item.INFECTION * (1 - item.SHARE_SEVERE) * item.RATIO_MILD[s]
    return mild, item.INFECTION * item.SHARE_SEVERE * item.RATIO_SEVERE[s]


def report(
    patients: int, seconds: float, mean: dict[str, list[float]], error: dict[str, list[float]]
) -> dict[str, object]:
    """What a contender reports; nan for outcomes it does not give."""
    unknown = [float("nan")] * len(item.STRATEGIES)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = [[each.get(name, unknown) for name in item.OUTCOMES] for each in (mean, error)]
    return Played(2 * patients, seconds, table[0], table[1], peak).as_dict()


def heormodel(patients: int, seed: int) -> dict[str, object]:
    """Its vectorised microsimulation in continuous time."""
    import pandas as pd
    from heormodel.models import MicrosimModel
    from heormodel.run import run_psa

    def event_times(_: Any, intervention: str, state: Any, attrs: Any, rng: np.random.Generator) -> Floats:
        del attrs
        mild, severe = rates(item.STRATEGIES.index(intervention))
        rate = np.zeros((len(STATES), len(STATES)))
        rate[ON, [MILD, SEVERE, OFF, DEAD]] = YEAR * np.array([mild, severe, item.STOP, item.DEATH_ON])
        rate[MILD, ON] = 1 / BRIEF_YEARS
        rate[SEVERE, [ON, DEAD]] = np.array([1 - item.FATAL, item.FATAL]) / BRIEF_YEARS
        rate[OFF, DEAD] = YEAR * item.DEATH_OFF
        with np.errstate(divide="ignore"):
            return np.asarray(rng.exponential(size=(len(state), len(STATES))) / rate[state])

    def state_reward_rates(_: Any, intervention: str, state: Any, attrs: Any) -> tuple[Floats, Floats]:
        del attrs
        flow = YEAR * item.FLOW[item.STRATEGIES.index(intervention)]
        cost = np.array([flow, item.COST_MILD / BRIEF_YEARS, item.COST_SEVERE / BRIEF_YEARS, 0.0, 0.0])
        utility = np.array([item.UTILITY_ON] * 3 + [item.UTILITY_OFF, 0.0])
        return cost[state], utility[state]

    model = MicrosimModel.continuous(
        states=STATES,
        event_times=event_times,
        state_reward_rates=state_reward_rates,
        interventions=list(item.STRATEGIES),
        horizon=item.HORIZON / YEAR,
        discount_rate=0.03,
        n_individuals=patients,
    )

    def play(collect: str | None) -> Any:
        return run_psa(model, pd.DataFrame({"none": [0.0]}), seed=seed, sequential=True, collect=collect)

    begin = time.process_time()
    play(None)
    seconds = time.process_time() - begin
    # The same patients once more, for standard errors.
    found = play("individuals")
    by_arm = found.individuals.groupby("intervention", sort=False)
    mean, error = {}, {}
    for name, column in (("cost", "cost"), ("qaly", "qaly")):
        mean[name] = by_arm[column].mean()[list(item.STRATEGIES)].tolist()
        error[name] = by_arm[column].sem()[list(item.STRATEGIES)].tolist()
    return report(patients, seconds, mean, error)


def pyheor(patients: int, seed: int) -> dict[str, object]:
    """Its discrete-event simulation."""
    import pyheor as ph

    model = ph.DESModel(
        states=list(STATES),
        strategies=list(item.STRATEGIES),
        time_horizon=item.HORIZON / YEAR,
        dr_cost=0.03,
        dr_qaly=0.03,
        state_type={"dead": "dead"},
    )
    for s, name in enumerate(item.STRATEGIES):
        mild, severe = rates(s)
        leave = {"mild": mild, "severe": severe, "off": item.STOP, "dead": item.DEATH_ON}
        model.set_events_from(name, "on", {to: ph.Exponential(rate=YEAR * rate) for to, rate in leave.items()})
        model.set_event(name, "mild", "on", ph.Exponential(rate=1 / BRIEF_YEARS))
        model.set_event(name, "severe", "on", ph.Exponential(rate=(1 - item.FATAL) / BRIEF_YEARS))
        model.set_event(name, "severe", "dead", ph.Exponential(rate=item.FATAL / BRIEF_YEARS))
        model.set_event(name, "off", "dead", ph.Exponential(rate=YEAR * item.DEATH_OFF))
    model.set_entry_cost("infections", "mild", item.COST_MILD)
    model.set_entry_cost("infections", "severe", item.COST_SEVERE)
    flow = {name: {"on": YEAR * item.FLOW[s]} for s, name in enumerate(item.STRATEGIES)}
    model.set_state_cost("immunoglobulin", flow)
    model.set_state_qaly("life", {"on": 0.7, "mild": 0.7, "severe": 0.7, "off": 0.6, "dead": 0.0})
    begin = time.process_time()
    found = model.run(n_patients=patients, seed=seed, progress=False)
    seconds = time.process_time() - begin
    mean, error = {}, {}
    for name, key in (("cost", "total_cost"), ("qaly", "total_qalys"), ("life_years", "total_lys")):
        values = np.array([found.results[strategy][key] for strategy in item.STRATEGIES])
        mean[name] = values.mean(axis=1).tolist()
        error[name] = (values.std(axis=1, ddof=1) / np.sqrt(patients)).tolist()
    return report(patients, seconds, mean, error)


if __name__ == "__main__":
    name, patients, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    json.dump({"heormodel": heormodel, "pyheor": pyheor}[name](patients, seed), sys.stdout)
