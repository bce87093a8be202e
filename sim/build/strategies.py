"""Strategies: when immunoglobulin starts, which tests are taken, and what else a patient is given."""

from __future__ import annotations

import numpy as np

from sim.build.numbers import index_of, months
from sim.model import parts as m
from sim.scenario import Scenario, strategies
from sim.scenario.strategies import STANDARD

_GRADE_INDEX = {"1_2": m.GRADE_1_2, "3plus": m.GRADE_3PLUS}


def strategy_of(name: str, scenario: Scenario) -> m.Strategy:
    """One strategy; a rule without a delay has none."""
    strategy = scenario.strategies[name]
    tests, delay = strategy.igg_tests, getattr(strategy.start, "delay_days", None)
    return m.Strategy(
        name=name,
        label=strategy.label,
        start=_condition(strategy.start),
        delay=months(delay) if delay else 0.0,
        test_interval=tests.interval_months.value if tests else np.inf,
        test_until_ordered=tests.until == "ig_ordered" if tests else True,
        regimen=index_of(strategy.regimen, {STANDARD: None, **scenario.regimens}),
        antimicrobials=tuple(index_of(drug, scenario.antimicrobials) for drug in strategy.antimicrobials),
        tocilizumab=strategy.tocilizumab,
    )


def _condition(rule: object) -> m.Condition:
    """The compiled condition of a start rule or of a condition within one."""
    match rule:
        case strategies.Never():
            return m.NEVER
        case strategies.AtStart():
            return m.ALWAYS
        case strategies.IggBelow() | strategies.IggLow():
            return m.Condition("igg_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.IgaLow():
            return m.Condition("iga_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.IgmLow():
            return m.Condition("igm_below", threshold_mg_dl=rule.threshold_mg_dl.value)
        case strategies.AfterInfections() | strategies.Infectious():
            grade = _GRADE_INDEX[rule.minimum_grade]
            return m.Condition("infections", minimum_grade=grade, count=rule.count, within=rule.within_months.value)
        case strategies.DespiteProphylaxis():
            return m.Condition("despite_prophylaxis", minimum_grade=_GRADE_INDEX[rule.minimum_grade])
        case strategies.AntiCd38():
            return m.Condition("anti_cd38")
        case strategies.AnyOf() | strategies.AnyOfThese():
            return m.Condition("any_of", parts=tuple(_condition(part) for part in rule.conditions))
        case strategies.AllOf() | strategies.AllOfThese():
            return m.Condition("all_of", parts=tuple(_condition(part) for part in rule.conditions))
    message = f"no compiled form for a start rule of type {type(rule).__name__}"
    raise TypeError(message)
