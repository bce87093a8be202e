"""The start of treatment: which step-up doses a patient lives to have, and the hospital stay that follows each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.model.discounting import factor
from sim.model.parts import Agent, Floats
from sim.model.structure import Baseline, ClinicalModel


def doses_given(model: ClinicalModel, who: Baseline, treatment_end: Floats) -> Floats:
    """Number of step-up doses given: those due before treatment ends, by whatever it ends.

    Args:
        model: Compiled model.
        who: The patients.
        treatment_end: Month at which the bispecific ended, not after death or the horizon, [strategy, patient].

    Returns:
        Counts as floats, shape of `treatment_end`.
    """
    if not any(agent.step_up for agent in model.agents):
        return np.broadcast_to(0.0, treatment_end.shape)
    due = _by_agent(model, np.inf, lambda agent: [dose.month for dose in agent.step_up])
    planned = np.array([float(len(agent.step_up)) for agent in model.agents])
    last = np.array([max((dose.month for dose in agent.step_up), default=-np.inf) for agent in model.agents])
    given = np.broadcast_to(planned[who.agent], treatment_end.shape).copy()
    # Few leave this early: the others have them all.
    early = np.nonzero(treatment_end <= last[who.agent])
    given[early] = (due[who.agent[early[-1]]] < treatment_end[early][:, None]).sum(axis=1)
    return given


def hospital_days(model: ClinicalModel, who: Baseline, given: Floats, delta: float = 0.0) -> Floats:
    """Days in hospital for step-up dosing, discounted from the date of the dose that each follows.

    Args:
        model: Compiled model.
        who: The patients.
        given: Number of step-up doses given, [strategy, patient].
        delta: Discount rate per month; 0 for plain days.

    Returns:
        Days, shape of `given`.
    """
    days = _by_agent(model, 0.0, lambda agent: [dose.hospital_days for dose in agent.step_up])
    month = _by_agent(model, 0.0, lambda agent: [dose.month for dose in agent.step_up])
    stays = np.cumsum(days * factor(delta, month), axis=1)
    until = np.concatenate([np.zeros((len(model.agents), 1)), stays], axis=1)
    total: Floats = until[who.agent, given.astype(np.int64)]
    return total


def _by_agent(model: ClinicalModel, filler: float, of: Callable[[Agent], list[float]]) -> Floats:
    """A number of each dose, [agent, dose]; the filler where an agent has fewer doses than another."""
    rows = [of(agent) for agent in model.agents]
    table = np.full((len(rows), max(len(row) for row in rows)), filler)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table
