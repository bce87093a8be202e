"""IgG and its tests, and the work-up that anti-CD38 antibodies ask for."""

from __future__ import annotations

import numpy as np

from sim.build.numbers import months
from sim.model import parts as m
from sim.scenario import laboratory
from sim.scenario.quantity import Quantity


def igg_of(igg: laboratory.Igg) -> m.Igg:
    """Kinetics of immunoglobulins and their assay; half-lives become rates per month."""

    def decay(half_life: Quantity) -> float:
        return float(np.log(2)) / months(half_life)

    return m.Igg(
        decay_rate=decay(igg.half_life_days),
        m_protein_decay_rate=decay(igg.m_protein_half_life_days),
        assay_log_sd=float(np.sqrt(np.log1p(igg.assay_cv.value**2))),
        test_cost=igg.test_cost.value,
        iga_decay_rate=decay(igg.iga_half_life_days),
        igm_decay_rate=decay(igg.igm_half_life_days),
        low_mg_dl=igg.low_mg_dl.value,
    )


def laboratory_of(lab: laboratory.Laboratory | None) -> m.Laboratory:
    """Work-up after anti-CD38; nothing where the scenario has none."""
    if lab is None:
        return m.Laboratory()
    return m.Laboratory(
        phenotyping_cost=lab.phenotyping_cost.value,
        transfusions_per_month=lab.transfusions_per_month.value,
        crossmatch_cost=lab.crossmatch_cost.value,
        transfusion_delay_days=lab.transfusion_delay_days.value,
        monitoring_cost_per_month=lab.monitoring_cost_per_month.value,
    )
