"""Money and health: prices and utilities put on histories.

Costs are linear in every price: each item is a price times a discounted physical amount. Infections cost at their own
time, infusions and tests on their appointments, and everything that flows (months of life, of treatment, of
utility) in closed form. A fatal infection costs like any other but takes no QALY loss of its own: the life lost is
its loss.
"""

from __future__ import annotations

import numpy as np

from sim.model.discounting import appointments, factor, flow
from sim.model.histories import Histories
from sim.model.immunoglobulin import grams_per_infusion
from sim.model.structure import (
    GRADE_1_2,
    GRADE_3PLUS,
    GRADES,
    MONTHS_PER_YEAR,
    Baseline,
    ClinicalModel,
    Ending,
    Floats,
)

COST_ITEMS = (
    "immunoglobulin",
    "ig_administration",
    "igg_tests",
    "infections_grade_1_2",
    "infections_grade_3plus",
    "bispecific",
    "end_of_life",
)


def accrue(model: ClinicalModel, baseline: Baseline, histories: Histories) -> dict[str, Floats]:
    """Outcomes of every patient under every strategy.

    Args:
        model: Compiled model: prices, utilities, discount rates.
        baseline: The patients.
        histories: What befell them, [strategy, patient].

    Returns:
        Component name to values of shape (n_strategies, n_patients). Costs in the scenario's currency, QALYs and
        life-years in years; discounted unless the name says otherwise. `cost` is the sum of the `cost:` items.
    """
    grams = grams_per_infusion(baseline.weight_kg, model.immunoglobulin)
    items = _costs(model, histories, grams, model.discount_costs)
    cost = sum(items.values(), start=np.zeros_like(histories.end))
    undiscounted = _costs(model, histories, grams, 0.0)
    qaly, life_years = _health(model, histories, model.discount_effects)
    qaly_undiscounted, life_years_undiscounted = _health(model, histories, 0.0)
    return {
        "cost": cost,
        "qaly": qaly,
        "life_years": life_years_undiscounted,
        "life_years_discounted": life_years,
        "cost_undiscounted": sum(undiscounted.values(), start=np.zeros_like(histories.end)),
        "qaly_undiscounted": qaly_undiscounted,
        **{f"cost:{item}": value for item, value in items.items()},
        **_counts(model, histories, grams),
    }


def _costs(model: ClinicalModel, histories: Histories, grams: Floats, delta: float) -> dict[str, Floats]:
    """Cost items at a discount rate per month of `model.discount_costs` or 0."""
    regimen, treatment, cost = model.immunoglobulin, model.treatment, model.infections.cost
    infusions = appointments(delta, histories.ig_start, regimen.interval, histories.infusions)
    weights = histories.infections if delta == 0 else histories.infection_cost_factor
    zero = np.zeros_like(histories.end)
    died = histories.ending != Ending.HORIZON
    items = {
        "immunoglobulin": regimen.price_per_gram * grams * infusions,
        "ig_administration": regimen.administration_cost * infusions,
        "igg_tests": model.igg.test_cost * _tests(model, histories, delta),
        "infections_grade_1_2": np.einsum("c,csp->sp", cost[:, GRADE_1_2], weights[:, GRADE_1_2]),
        "infections_grade_3plus": np.einsum("c,csp->sp", cost[:, GRADE_3PLUS], weights[:, GRADE_3PLUS]),
        "bispecific": treatment.drug_cost_per_month * flow(delta, zero, histories.treatment_end),
        "end_of_life": treatment.end_of_life_cost * np.where(died, factor(delta, histories.end), 0.0),
    }
    return {item: items[item] for item in COST_ITEMS}


def _tests(model: ClinicalModel, histories: Histories, delta: float) -> Floats:
    """Discounted number of IgG tests; the first is at t = 0."""
    return np.stack(
        [
            appointments(delta, np.zeros_like(taken), strategy.test_interval, taken)
            for strategy, taken in zip(model.strategies, histories.igg_tests, strict=True)
        ]
    )


def _health(model: ClinicalModel, histories: Histories, delta: float) -> tuple[Floats, Floats]:
    """QALYs and life-years at a discount rate per month of `model.discount_effects` or 0."""
    regimen = model.immunoglobulin
    zero = np.zeros_like(histories.end)
    months_on = flow(delta, zero, histories.treatment_end)
    months_off = flow(delta, histories.treatment_end, histories.end)
    weights = histories.survived if delta == 0 else histories.survived_effect_factor
    infection_loss = np.einsum("cg,cgsp->sp", model.infections.qaly_loss, weights)
    infusions = appointments(delta, histories.ig_start, regimen.interval, histories.infusions)
    lived = (model.utility_on * months_on + model.utility_off * months_off) / MONTHS_PER_YEAR
    qaly = lived - infection_loss - regimen.qaly_loss * infusions
    return qaly, (months_on + months_off) / MONTHS_PER_YEAR


def _counts(model: ClinicalModel, histories: Histories, grams: Floats) -> dict[str, Floats]:
    """Undiscounted counts and times."""
    by_grade = histories.infections.sum(axis=0)
    on_ig = histories.infusions > 0
    start = np.where(on_ig, histories.ig_start, histories.end)
    ig_end = np.minimum(histories.treatment_end + model.immunoglobulin.washout, histories.end)
    return {
        "infections_any": by_grade[GRADE_1_2] + by_grade[GRADE_3PLUS],
        "infections_grade_1_2": by_grade[GRADE_1_2],
        "infections_grade_3plus": by_grade[GRADE_3PLUS],
        **{
            f"infections:{cause}:{grade}": histories.infections[c, g]
            for c, cause in enumerate(model.infections.causes)
            for g, grade in enumerate(GRADES)
        },
        "hospital_days": np.einsum("cg,cgsp->sp", model.infections.hospital_days, histories.infections),
        "infection_death": (histories.ending == Ending.INFECTION_DEATH).astype(np.float64),
        "other_death": (histories.ending == Ending.OTHER_DEATH).astype(np.float64),
        "alive_at_horizon": (histories.ending == Ending.HORIZON).astype(np.float64),
        "months_on_treatment": histories.treatment_end,
        "ig_ever": on_ig.astype(np.float64),
        "ig_months": np.where(on_ig, ig_end - start, 0.0),
        "infusions": histories.infusions,
        "ig_grams": grams * histories.infusions,
        "igg_tests": histories.igg_tests,
    }
