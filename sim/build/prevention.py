"""What prevents infections: immunoglobulin, by which regimen, and antimicrobials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.build.numbers import grades, months, qalys, serostatus_index
from sim.model import parts as m
from sim.scenario import Scenario, prophylaxis


def regimen_of(regimen: prophylaxis.Regimen) -> m.Regimen:
    """One way of giving immunoglobulin."""
    return m.Regimen(
        route=regimen.route,
        dose_g_per_kg=regimen.dose_g_per_kg.value,
        vial_size_g=regimen.vial_size_g.value,
        interval=months(regimen.interval_days),
        onset_lag=months(regimen.onset_lag_days),
        protection=months(regimen.protection_days),
        price_per_gram=regimen.price_per_gram.value,
        administration_cost=regimen.administration_cost.value,
        qaly_loss=regimen.infusion_utility_decrement.value / m.DAYS_PER_YEAR,
        adherence=regimen.adherence.value,
    )


def immunoglobulin_of(ig: prophylaxis.Immunoglobulin) -> m.Immunoglobulin:
    """What all regimens share."""
    reaction = ig.reaction
    return m.Immunoglobulin(
        washout=ig.washout_months.value,
        reaction_probability=reaction.probability.value if reaction else 0.0,
        reaction_cost=reaction.cost.value if reaction else 0.0,
        reaction_qaly_loss=qalys(reaction.utility_decrement, reaction.duration_days) if reaction else 0.0,
        harms=tuple(
            m.Harm(
                name=name,
                rate=harm.rate_per_month.value,
                cost=harm.cost.value,
                qaly_loss=qalys(harm.utility_decrement, harm.duration_days),
                hospital_days=harm.hospital_days.value,
            )
            for name, harm in ig.harms.items()
        ),
        adjustment=_adjustment(ig.dose_adjustment),
        benefit_below_igg=ig.benefit_below_igg_mg_dl.value if ig.benefit_below_igg_mg_dl else np.inf,
    )


def _adjustment(adjustment: prophylaxis.DoseAdjustment | None) -> m.DoseAdjustment:
    if adjustment is None:
        return m.DoseAdjustment()
    return m.DoseAdjustment(
        step_up=adjustment.step_up_factor.value,
        maximum=adjustment.maximum_factor.value,
        down_after=adjustment.step_down_after_months.value,
        down=adjustment.step_down_factor.value,
        stop_after=adjustment.stop_after_months.value if adjustment.stop_after_months else np.inf,
        exponent=adjustment.hr_dose_exponent.value,
    )


def antimicrobial_of(name: str, scenario: Scenario) -> m.Antimicrobial:
    """One element of an antimicrobial package; 1 for the causes that it does not act on."""
    drug = scenario.antimicrobials[name]
    return m.Antimicrobial(
        name=name,
        given_to=serostatus_index(scenario, drug.given_to),
        adherence=drug.adherence.value,
        hazard_ratio=np.array(
            [grades(drug.hr[cause]) if cause in drug.hr else (1.0, 1.0) for cause in scenario.infections.causes]
        ),
        start_cost=drug.start_cost.value,
        cost_per_month=drug.cost_per_month.value,
        months_after=drug.months_after_treatment.value,
        is_surveillance=drug.kind == "surveillance",
        course_cost=drug.course_cost.value if drug.course_cost else 0.0,
        silent_per_month=_silent_per_month(drug.viraemia, list(scenario.targets)),
        silent_treated=drug.viraemia.treated_share.value if drug.viraemia else 0.0,
    )


def _silent_per_month(viraemia: prophylaxis.Viraemia | None, targets: Sequence[str]) -> tuple[float, ...]:
    """Viraemias found that would have made nobody ill, by target; empty for none."""
    if viraemia is None:
        return ()
    found = viraemia.found_per_month
    return tuple(found[target].value if target in found else 0.0 for target in targets)
