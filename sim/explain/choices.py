"""The choices of structure that a scenario makes, in words: what shapes hazards, immunoglobulin and money."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.model.parts import DAYS_PER_MONTH, DoseAdjustment, Regimen
from sim.model.structure import ClinicalModel
from sim.scenario import Scenario


def choices(scenario: Scenario, model: ClinicalModel) -> pd.DataFrame:
    """Choices of structure.

    Args:
        scenario: What was asked for: readings and switches that the compiled model no longer shows.
        model: What will be played.

    Returns:
        Columns choice, here.
    """
    rows = {
        "risk among patients": _frailty(scenario, model),
        "infection rates by time on treatment": _periods(model),
        "infection rates after the bispecific": f"x {model.infections.off_multiplier:g}",
        "responders": _responders(model),
        "hazard ratios of immunoglobulin": _reading(scenario),
        "immunoglobulin works": _benefit(model.immunoglobulin.benefit_below_igg),
        **{f"protection, {_name(scenario, k)}": _protection(each) for k, each in enumerate(model.regimens)},
        "immunoglobulin after the bispecific": f"window of {model.immunoglobulin.washout:g} more months",
        "dose of immunoglobulin": _dose(model.immunoglobulin.adjustment),
        "price of the bispecific": "counted" if scenario.treatment.include_drug_cost else "not counted",
    }
    return pd.DataFrame({"choice": list(rows), "here": list(rows.values())})


def _name(scenario: Scenario, regimen: int) -> str:
    return ("standard regimen", *scenario.regimens)[regimen]


def _frailty(scenario: Scenario, model: ClinicalModel) -> str:
    variance = model.population.frailty_variance
    spread = f"gamma frailty of variance {variance:g}" if variance > 0 else "the same for all"
    pairs = [f"{' and '.join(c.between)} {c.value.value:g}" for c in scenario.patients.correlations]
    return spread + (f"; correlated: {', '.join(pairs)}" if pairs else "")


def _periods(model: ClinicalModel) -> str:
    said = []
    for target in model.targets:
        factors = zip(target.period_starts, target.period_multipliers, strict=True)
        steps = [f"x {factor:g} from month {start:g}" for start, factor in factors]
        is_constant = all(factor == 1 for factor in target.period_multipliers)
        said.append(f"{target.name} " + ("constant" if is_constant else ", ".join(steps)))
    return "; ".join(said)


def _responders(model: ClinicalModel) -> str:
    treatment = model.treatment
    if np.isinf(treatment.reduced_from):
        return "dosed like all others"
    return (
        f"dosed less often from month {treatment.reduced_from:g}: infection rates x "
        f"{treatment.reduced_infection_multiplier:g}, drug cost x {treatment.reduced_drug_multiplier:g}"
    )


def _reading(scenario: Scenario) -> str:
    ig = scenario.immunoglobulin
    if ig.effect == "subject" or ig.marginal_follow_up_months is None:
        return "those of each patient, as stated"
    months = ig.marginal_follow_up_months.value
    return f"those of a cohort followed for {months:g} months, translated to each patient's for the table of hazards"


def _benefit(level: float) -> str:
    return "whatever the patient's IgG" if np.isinf(level) else f"only while true polyclonal IgG is < {level:g} mg/dL"


def _protection(regimen: Regimen) -> str:
    days = (regimen.onset_lag * DAYS_PER_MONTH, regimen.protection * DAYS_PER_MONTH)
    return (
        f"from {days[0]:g} days after the first infusion, for {days[1]:g} days after each; "
        f"{100 * regimen.adherence:g} % of infusions are given"
    )


def _dose(adjustment: DoseAdjustment) -> str:
    if adjustment == DoseAdjustment():
        return "fixed"
    said = f"x {adjustment.step_up:g} after each severe infection, at most x {adjustment.maximum:g}"
    if np.isfinite(adjustment.down_after):
        said += f"; x {adjustment.down:g} after {adjustment.down_after:g} months without one"
    if np.isfinite(adjustment.stop_after):
        said += f"; ended after {adjustment.stop_after:g} months without one"
    return said + f"; hazard ratio hr ^ (dose ^ {adjustment.exponent:g})"
