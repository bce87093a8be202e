"""Exact expected outcomes per patient when the simulated model is a small Markov chain: an oracle.

With constant rates, gamma frailty and an immunoglobulin (Ig) course that either ends with the bispecific
(washout 0, no infections afterwards) or never ends (washout infinite), every expectation is a matrix exponential.
Strategies: `none`, `primary`, `delayed`, `secondary`; `closed_form_preemptive` adds the IgG-guided one.
Nothing of the simulator may be imported but its errors: agreement is evidence only if nothing is shared.
Time is in months (365.25 / 12 days), discounting is (1 + r) ** (-t / 12), an event at the horizon does not happen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from sim.errors import Problem
from sim.verify.closed_form_chain import (
    Array,
    Chain,
    Frailty,
    Stage,
    Trigger,
    gamma_nodes,
    mass_at_visits,
    nodes_needed,
    start_in,
    states_at,
    visit_times,
    walk,
)
from sim.verify.closed_form_terms import Allowed, Amounts, Outcomes, Parameters, refuse, report

# State = phase of the Ig course (waiting for it or never to have it, ordered, running) + 1 if off treatment.
N_STATES = 6
WAITING, ORDERED, RUNNING = slice(0, 2), slice(2, 4), slice(4, 6)
ON, OFF = slice(0, N_STATES, 2), slice(1, N_STATES, 2)

_AMOUNTS = [f.name for f in fields(Amounts)]
_GRADES = (slice(0, 2), slice(1, 2))  # rows of `Chain.rates`: any grade, grade >= 3


class Tally(NamedTuple):
    """Expectations before money and utility; linear, so a mixture of strategies mixes its tallies.

    Attributes:
        amounts: (3, n) in the order of `Amounts`: undiscounted, at the rate for costs, at that for effects.
        ever_on_ig: Probability of at least one infusion.
        incidence: (2, months), any grade and grade >= 3.
    """

    amounts: Array
    ever_on_ig: float
    incidence: Array

    def with_counts(self, name: str, counts: Array) -> Tally:
        """Return the tally with the amount `name` set to `counts`, (3,)."""
        amounts = self.amounts.copy()
        amounts[:, _AMOUNTS.index(name)] = counts
        return self._replace(amounts=amounts)

    def mixed(self, weight: float, other: Tally) -> Tally:
        """Return this tally plus `weight` times the other."""
        return Tally(
            self.amounts + weight * other.amounts,
            self.ever_on_ig + weight * other.ever_on_ig,
            self.incidence + weight * other.incidence,
        )


@dataclass(frozen=True)
class Setting:
    """What every walk over one set of parameters shares: frailty nodes, forces of discount, months asked for."""

    parameters: Parameters
    frailty: Frailty
    forces: Array
    months: tuple[float, ...]

    def start(self) -> Array:
        """Return everybody on treatment and waiting at month 0, (d, z, s)."""
        return start_in(WAITING.start, N_STATES, self.forces.size, self.frailty)

    def report(self, tally: Tally) -> Outcomes:
        """Return the outcomes that the tally amounts to."""
        return report(self.parameters, tally.amounts, tally.ever_on_ig, self.months, tally.incidence)


def none(parameters: Parameters, *, incidence_months: Sequence[float] = (), n_nodes: int | None = None) -> Outcomes:
    """Return the exact expectations without immunoglobulin.

    Args:
        parameters: The patient.
        incidence_months: Months, in [0, horizon], at which cumulative incidences are wanted.
        n_nodes: Frailty nodes; by default as many as twelve digits need.

    Returns:
        Expected outcomes.

    Raises:
        InputError: The parameters or months cannot be used.
    """
    setting = prepare(parameters, incidence_months, n_nodes)
    return setting.report(never(setting))


def primary(
    parameters: Parameters, *, incidence_months: Sequence[float] = (), n_nodes: int | None = None
) -> Outcomes:
    """Return the exact expectations with Ig from month 0; arguments and errors as in `delayed`."""
    return delayed(parameters, 0.0, incidence_months=incidence_months, n_nodes=n_nodes)


def delayed(
    parameters: Parameters,
    start_month: float,
    *,
    incidence_months: Sequence[float] = (),
    n_nodes: int | None = None,
) -> Outcomes:
    """Return the exact expectations with Ig from a fixed month if its window is open then.

    The window is open while on treatment (washout 0) or while alive (washout infinite).

    Args:
        parameters: The patient.
        start_month: Month of the first infusion, >= 0.
        incidence_months: Months, in [0, horizon], at which cumulative incidences are wanted.
        n_nodes: Frailty nodes; by default as many as twelve digits need.

    Returns:
        Expected outcomes.

    Raises:
        InputError: The parameters, start or months cannot be used.
    """
    require_markov_course(parameters)
    if not Allowed.NOT_NEGATIVE.admits(start_month):
        refuse([Problem("start_month", str(start_month), Allowed.NOT_NEGATIVE.value)])
    setting = prepare(parameters, incidence_months, n_nodes)
    return setting.report(scheduled(setting, start_month, start_month, only_on_treatment=False))


def secondary(
    parameters: Parameters, *, incidence_months: Sequence[float] = (), n_nodes: int | None = None
) -> Outcomes:
    """Return the exact expectations with Ig from the first survived infection of grade >= 3.

    The infection must find the Ig window open and leave it open: with washout 0, one that also ends treatment
    starts nothing. Arguments and errors as in `delayed`; the onset lag must be 0.
    """
    require_markov_course(parameters)
    if parameters.onset_lag_months != 0:
        refuse([Problem("onset_lag_months", str(parameters.onset_lag_months), "0 under secondary")])
    setting = prepare(parameters, incidence_months, n_nodes)
    chain = build_chain(parameters, is_protected=True, is_triggered=True)
    stages = [Stage(0.0, chain, np.eye(N_STATES))]
    _, months_in = walk(stages, setting.frailty, setting.forces, setting.start(), parameters.horizon_months)
    trigger = Trigger(WAITING, RUNNING, parameters.infusion_interval_months, parameters.horizon_months)
    infusions = trigger.visits(chain, setting.frailty, setting.forces, setting.start())
    ever = trigger.probability(chain, setting.frailty, setting.start())
    tally = _tally(setting, stages, months_in)._replace(ever_on_ig=ever)
    return setting.report(tally.with_counts("infusions", infusions))


def require_markov_course(parameters: Parameters) -> None:
    """Refuse infections after treatment where Ig ends with it: protection would depend on the last infusion.

    Raises:
        InputError: Washout 0 with an off-treatment multiplier above 0.
    """
    if not parameters.has_endless_course and parameters.off_multiplier != 0:
        refuse([Problem("off_multiplier", str(parameters.off_multiplier), "0 with Ig and washout 0")])


def prepare(parameters: Parameters, months: Sequence[float], n_nodes: int | None) -> Setting:
    """Choose frailty nodes and discount forces.

    Raises:
        InputError: A month of incidence outside [0, horizon], or no nodes.
    """
    horizon = parameters.horizon_months
    problems = [
        Problem(f"incidence_months[{i}]", str(month), f"between 0 and {horizon}")
        for i, month in enumerate(months)
        if not 0 <= month <= horizon
    ]
    if n_nodes is not None and n_nodes < 1:
        problems.append(Problem("n_nodes", str(n_nodes), "an integer >= 1"))
    refuse(problems)
    worst_rate = parameters.rate_grade_1_2 * max(1.0, parameters.hr_grade_1_2)
    worst_rate += parameters.rate_grade_3plus * max(1.0, parameters.hr_grade_3plus)
    worst_rate *= max(1.0, parameters.off_multiplier)
    count = nodes_needed(parameters.frailty_variance, worst_rate * horizon) if n_nodes is None else n_nodes
    rates = (0.0, parameters.discount_rate_cost, parameters.discount_rate_effect)
    forces = np.array([math.log1p(rate) / 12 for rate in rates])
    return Setting(parameters, gamma_nodes(parameters.frailty_variance, count), forces, tuple(months))


def build_chain(parameters: Parameters, *, is_protected: bool, is_triggered: bool = False) -> Chain:
    """Write the clinical rules as rates between the six states.

    Args:
        parameters: The patient.
        is_protected: Whether a running Ig course protects (it does not during the onset lag).
        is_triggered: Whether a survived infection of grade >= 3 starts Ig in who waits.

    Returns:
        The chain.
    """
    exits = np.zeros((N_STATES, N_STATES))
    infections = np.zeros((N_STATES, N_STATES))
    rates = np.zeros((2, N_STATES))
    for state in range(N_STATES):
        phase, is_on = state - state % 2, state % 2 == 0
        running = is_protected and phase == RUNNING.start
        factor = 1.0 if is_on else parameters.off_multiplier
        rates[0, state] = parameters.rate_grade_1_2 * factor * (parameters.hr_grade_1_2 if running else 1.0)
        rates[1, state] = parameters.rate_grade_3plus * factor * (parameters.hr_grade_3plus if running else 1.0)

        # With washout 0 the end of treatment closes the window for good; else the course goes on as it was.
        after_stop = (phase if parameters.has_endless_course else WAITING.start) + 1
        exits[state, state] -= parameters.death_rate_on if is_on else parameters.death_rate_off
        if is_on:
            exits[state, state] -= parameters.stop_rate
            exits[state, after_stop] += parameters.stop_rate

        survived = rates[1, state] * (1 - parameters.case_fatality)
        stops = parameters.stop_probability if is_on else 0.0
        starts = is_triggered and phase == WAITING.start
        goes_on = state - phase + (RUNNING.start if starts and _is_open(parameters, is_on) else phase)
        ends = RUNNING.start + 1 if starts and parameters.has_endless_course else after_stop
        infections[state, state] -= rates[1, state]
        infections[state, goes_on] += survived * (1 - stops)
        infections[state, ends] += survived * stops
    return Chain(exits, infections, rates)


def _is_open(parameters: Parameters, is_on: bool) -> bool:
    return is_on or parameters.has_endless_course


def never(setting: Setting) -> Tally:
    """Return the expectations of a patient who never has Ig."""
    stages = [Stage(0.0, build_chain(setting.parameters, is_protected=False), np.eye(N_STATES))]
    horizon = setting.parameters.horizon_months
    _, months_in = walk(stages, setting.frailty, setting.forces, setting.start(), horizon)
    return _tally(setting, stages, months_in)


def scheduled(setting: Setting, order_month: float, start_month: float, *, only_on_treatment: bool) -> Tally:
    """Return the expectations with Ig ordered and started at fixed months.

    Args:
        setting: The patient and nodes.
        order_month: Month of the order, >= 0.
        start_month: Month of the first infusion, >= order_month; the window must still be open.
        only_on_treatment: Whether an order needs the patient on treatment even if the window is endless.

    Returns:
        The expectations.
    """
    parameters = setting.parameters
    horizon, interval = parameters.horizon_months, parameters.infusion_interval_months
    is_open_after_stop = parameters.has_endless_course and not only_on_treatment
    order = _relabel(WAITING, ORDERED, slice(0, 2 if is_open_after_stop else 1))
    start = _relabel(ORDERED, RUNNING, slice(0, 2))
    bare = build_chain(parameters, is_protected=False)
    protected = build_chain(parameters, is_protected=True)
    onset = start_month + parameters.onset_lag_months
    stages = [
        Stage(0.0, bare, np.eye(N_STATES)),
        Stage(order_month, bare, order),
        Stage(start_month, bare, start),
        Stage(onset, protected, np.eye(N_STATES)),
    ]
    at_begin, months_in = walk(stages, setting.frailty, setting.forces, setting.start(), horizon)
    tally = _tally(setting, stages, months_in)
    times = visit_times(start_month, interval, horizon)
    if not times:
        return tally
    infusions = np.zeros(setting.forces.size)
    for stage, states, visits in (
        (stages[2], at_begin[2], [t for t in times if t < onset]),
        (stages[3], at_begin[-1], [t for t in times if t >= onset]),
    ):
        offsets = [t - stage.begin for t in visits]
        masses = mass_at_visits(stage.chain, setting.frailty, setting.forces, states, offsets, RUNNING)
        infusions += masses.sum(axis=0)
    ever = float(at_begin[2][0, :, RUNNING].sum(axis=-1) @ setting.frailty.w)
    return tally._replace(ever_on_ig=ever).with_counts("infusions", infusions)


def _relabel(source: slice, target: slice, members: slice) -> Array:
    jump = np.eye(N_STATES)
    for a, b in zip(range(N_STATES)[source][members], range(N_STATES)[target][members], strict=True):
        jump[a, a], jump[a, b] = 0.0, 1.0
    return jump


def _tally(setting: Setting, stages: Sequence[Stage], months_in: Sequence[Array]) -> Tally:
    parameters, frailty = setting.parameters, setting.frailty
    amounts = np.zeros((setting.forces.size, len(_AMOUNTS)))
    for stage, months in zip(stages, months_in, strict=False):  # stages from the horizon on were not walked
        mean = np.einsum("dzs,z->ds", months, frailty.w)
        weighted = np.einsum("dzs,z->ds", months, frailty.w * frailty.z)
        on, off = mean[:, ON].sum(axis=1), mean[:, OFF].sum(axis=1)
        grade_1_2, grade_3plus = weighted @ stage.chain.rates[0], weighted @ stage.chain.rates[1]
        infection_deaths = parameters.case_fatality * grade_3plus
        other_deaths = parameters.death_rate_on * on + parameters.death_rate_off * off
        on_ig = mean[:, RUNNING].sum(axis=1)
        none_yet = np.zeros(on.size)
        columns = [on, off, on_ig, grade_1_2, grade_3plus, infection_deaths, other_deaths, *[none_yet] * 3]
        amounts += np.stack(columns, axis=1)
    amounts[:, _AMOUNTS.index("step_up_days")] = _step_up_days(setting, stages)
    incidence = [[_incidence(setting, stages, grades, month) for month in setting.months] for grades in _GRADES]
    return Tally(amounts, 0.0, np.array(incidence, dtype=np.float64).reshape(2, -1))


def _step_up_days(setting: Setting, stages: Sequence[Stage]) -> Array:
    """Return the discounted days in hospital after step-up doses, of who is on treatment when they are due, (3,)."""
    parameters, days = setting.parameters, np.zeros(setting.forces.size)
    for month, stay in zip(parameters.step_up_months, parameters.step_up_days, strict=True):
        if month < parameters.horizon_months:
            states = states_at(stages, setting.frailty, setting.forces, setting.start(), month)
            days += stay * (states[..., ON].sum(axis=-1) @ setting.frailty.w)
    return days


def _incidence(setting: Setting, stages: Sequence[Stage], grades: slice, month: float) -> float:
    leaving = [Stage(stage.begin, stage.chain.until_first(grades), stage.jump) for stage in stages]
    _, months_in = walk(leaving, setting.frailty, np.zeros(1), setting.start()[:1], month)
    weights = setting.frailty.w * setting.frailty.z
    hazards = (stage.chain.rates.sum(axis=0) for stage in leaving)
    return float(sum((weights @ m[0] @ hazard for m, hazard in zip(months_in, hazards, strict=False)), 0.0))
