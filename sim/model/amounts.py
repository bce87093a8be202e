"""Physical amounts: months, events and infusions, discounted or not, before prices are put on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.grouping import Apart
from sim.model.hazards import toxicity_grade
from sim.model.histories import Histories
from sim.model.parts import NEVER, Antimicrobial, Booleans, Floats, Integers
from sim.model.step_up import hospital_days
from sim.model.structure import Baseline, ClinicalModel

Toxic = tuple[Integers, Integers]
"""Grade index of CRS and of ICANS, [strategy, patient]; -1 for none."""
_NO_GRADE = -1


class Amounts:
    """Physical amounts of every patient, or of all together, at one discount rate; each computed once.

    Arrays of shape (n_strategies, n_patients), or (n_strategies, 1); what nobody has is one 0, broadcast.

    Args:
        model: Compiled model.
        who: The patients.
        histories: What befell them.
        toxic: From `toxicities`.
        grouping: `APART` or `TOGETHER`.
        delta: Continuous rate per month; 0 for undiscounted amounts.
    """

    def __init__(
        self, model: ClinicalModel, who: Baseline, histories: Histories, toxic: Toxic, grouping: Apart, delta: float
    ) -> None:
        self.model, self.who, self.histories, self.delta = model, who, histories, delta
        self.over, self.ill, self._toxic = grouping.over, grouping.ill(histories.illnesses), toxic
        self.nothing = np.broadcast_to(0.0, (self.ill.n_strategies, self.ill.n_patients))
        self.started = 1.0 if model.horizon > 0 else 0.0
        self._months: dict[float, Floats] = {}

    @cached_property
    def _gives_immunoglobulin(self) -> bool:
        return any(strategy.start != NEVER for strategy in self.model.strategies)

    @cached_property
    def patients(self) -> Floats:
        """Patients at the start."""
        return self.over(np.broadcast_to(1.0, self.histories.end.shape))

    @cached_property
    def on_treatment(self) -> Floats:
        """Months on the bispecific."""
        return self.over(self._on_treatment)

    @cached_property
    def _on_treatment(self) -> Floats:
        return flow(self.delta, 0.0, self.histories.treatment_end)

    @cached_property
    def off_treatment(self) -> Floats:
        """Months of life after it."""
        return self.over(flow(self.delta, self.histories.treatment_end, self.histories.end))

    @cached_property
    def exposed(self) -> Floats:
        """Whether exposed to an anti-CD38 antibody before."""
        if not self.who.anti_cd38.any():
            return self.nothing
        return self.over(np.broadcast_to(self.who.anti_cd38.astype(np.float64), self.histories.end.shape))

    @cached_property
    def exposed_months(self) -> Floats:
        """Months on the bispecific of those."""
        if not self.who.anti_cd38.any():
            return self.nothing
        return self.over(np.where(self.who.anti_cd38, self._on_treatment, 0.0))

    @cached_property
    def _infection(self) -> Floats:
        return factor(self.delta, self.ill.time)

    def infections_by_grade(self, amounts: Floats) -> Floats:
        """An amount of each infection by cause and grade, [grade, strategy, group]."""
        if self.delta == 0:
            return np.asarray(np.einsum("cg,cgsn->gsn", amounts, self.ill.count))
        return self.ill.total_by_grade(amounts.ravel()[self.ill.kind] * self._infection)

    def survived_infections(self, amounts: Floats) -> Floats:
        """An amount of each infection that did not kill, by cause and grade."""
        ill = self.ill
        if self.delta == 0:
            return np.asarray(np.einsum("cg,cgsn->sn", amounts, ill.count - ill.fatal_count))
        return ill.total(np.where(ill.fatal, 0.0, amounts.ravel()[ill.kind]) * self._infection)

    @cached_property
    def course(self) -> Floats | None:
        """Discount factor of each preemptive course."""
        return factor(self.delta, self.ill.course_time) if self.delta else None

    def given(self, plain: str, discounted: str) -> Floats:
        """Infusions or grams: one sum of `Infusions` or the other."""
        if not self._gives_immunoglobulin:
            return self.nothing
        return self.over(getattr(self.histories.infusions, discounted if self.delta else plain))

    @cached_property
    def tests(self) -> Floats:
        """IgG tests; the first is at t = 0."""
        numbers = self.histories.igg_tests
        if all(np.isinf(strategy.test_interval) for strategy in self.model.strategies):
            return self.nothing
        if self.delta == 0:
            return self.over(numbers)
        discounted = np.zeros_like(numbers)
        for row, strategy in enumerate(self.model.strategies):
            if np.isfinite(strategy.test_interval):
                start = np.zeros_like(numbers[row])
                discounted[row] = appointments(self.delta, start, strategy.test_interval, numbers[row])
        return self.over(discounted)

    @cached_property
    def _harmed(self) -> tuple[tuple[Integers, ...], Integers, Floats]:
        """Rows of [strategy, patient] that a harm ended, which it was, and the discount factor of that month."""
        rows = np.nonzero(self.histories.harm >= 0)
        return rows, self.histories.harm[rows], factor(self.delta, self.histories.ig_end[rows])

    def harm(self, amounts: list[float]) -> Floats:
        """An amount of each harm at the end of the course that it ended."""
        if not any(amounts):
            return self.nothing
        rows, harm, discount = self._harmed
        values = np.zeros_like(self.histories.end)
        values[rows] = np.array(amounts)[harm] * discount
        return self.over(values)

    def toxicity(self, crs: tuple[float, float], icans: tuple[float, float]) -> Floats:
        """An amount of each CRS and ICANS, by grade."""
        amount = self.nothing
        for grade, values in zip(self._toxic, (crs, icans), strict=True):
            if any(values) and not is_nothing(grade, _NO_GRADE):
                amount = amount + self.over(_of_grade(values, grade))
        return amount

    def taken(self, index: int, per_month: Floats | float) -> Floats:
        """An amount a month of taking an antimicrobial."""
        model, who = self.model, self.who
        months_after = model.antimicrobials[index].months_after
        if months_after not in self._months:
            self._months[months_after] = flow(self.delta, 0.0, antimicrobial_end(model, index, self.histories))
        listed = [index in strategy.antimicrobials for strategy in model.strategies]
        rate = who.takes[index] * per_month if all(listed) else np.outer(listed, who.takes[index]) * per_month
        return self.over(rate * self._months[months_after])

    @cached_property
    def step_up_days(self) -> Floats:
        """Days in hospital after step-up doses."""
        if not any(dose.hospital_days for agent in self.model.agents for dose in agent.step_up):
            return self.nothing
        return self.over(hospital_days(self.model, self.who, self.histories.step_up_doses, self.delta))

    def dead(self, ending: Booleans) -> Floats:
        """Patients who died in a way."""
        return self.over(np.where(ending, factor(self.delta, self.histories.end), 0.0))


def is_nothing(values: Floats | Integers, nothing: float = 0) -> bool:
    """Whether nobody has any, as far as can be told without looking at everybody; `nothing` stands for none."""
    return not any(values.strides) and bool(values.flat[0] == nothing)


def toxicities(model: ClinicalModel, who: Baseline) -> tuple[Integers, Integers]:
    """Grade index of CRS and of ICANS of every patient under every strategy, -1 for none; nobody at horizon 0."""
    agents, protection = model.agents, model.tocilizumab
    found = []
    for mark, by_agent, multiplier in (
        (who.crs_mark, [agent.crs for agent in agents], protection.crs_multiplier),
        (who.icans_mark, [agent.icans for agent in agents], protection.icans_multiplier),
    ):
        if model.horizon == 0 or not np.any(by_agent):
            found.append(np.broadcast_to(np.int64(_NO_GRADE), (len(model.strategies), who.patient.size)))
            continue
        probability = np.array(by_agent)[who.agent]
        rows = {}
        for protected in {strategy.tocilizumab for strategy in model.strategies}:
            relative = multiplier if protected else (1.0, 1.0)
            rows[protected] = toxicity_grade(mark, (probability[:, 0] * relative[0], probability[:, 1] * relative[1]))
        found.append(_by_strategy([rows[strategy.tocilizumab] for strategy in model.strategies]))
    return found[0], found[1]


_Array = TypeVar("_Array", Floats, Integers, Booleans)


def _by_strategy(rows: list[_Array]) -> _Array:
    """One row of patients for each strategy; a single row, broadcast, where it is the same for all."""
    if all(row is rows[0] for row in rows):
        return np.broadcast_to(rows[0], (len(rows), *rows[0].shape))
    return np.stack(rows)


def _of_row(function: Callable[[_Array], Floats], values: _Array) -> Floats:
    """A function of values, one row of them where all are the same."""
    if values.strides[0] == 0:
        return np.broadcast_to(function(values[0]), values.shape)
    return function(values)


def _of_grade(values: tuple[float, float], grade: Integers) -> Floats:
    """A value by grade, 0 where there is no event."""
    by_grade = np.array([*values, 0.0])
    return _of_row(lambda each: by_grade[each], grade)


def silent_per_month(drug: Antimicrobial, who: Baseline) -> Floats:
    """Viraemias that a surveillance finds a month in each patient and that would have made nobody ill, (n,)."""
    if not any(drug.silent_per_month):
        return np.zeros(who.target.size)
    return np.array(drug.silent_per_month)[who.target]


def antimicrobial_end(model: ClinicalModel, index: int, histories: Histories) -> Floats:
    """Month at which an antimicrobial is stopped, [strategy, patient]."""
    return np.minimum(histories.treatment_end + model.antimicrobials[index].months_after, histories.end)
