"""Fixtures that several test folders share."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.model.structure import (
    DAYS_PER_MONTH,
    ClinicalModel,
    Distribution,
    Igg,
    Immunoglobulin,
    Infections,
    Population,
    Strategy,
    Treatment,
)

STRATEGIES = (
    Strategy(name="none", label="None", rule="never"),
    Strategy(name="primary", label="Primary", rule="at_start"),
    Strategy(
        name="preemptive",
        label="Preemptive",
        rule="igg_below",
        threshold_mg_dl=400.0,
        delay=0.5,
        test_interval=1.0,
    ),
    Strategy(name="secondary", label="Secondary", rule="after_infections", delay=0.5),
)


def build_model(**changes: object) -> ClinicalModel:
    """A model with round numbers; keyword arguments replace fields of the model or, as `part__field`, of a part."""
    model = ClinicalModel(
        horizon=60.0,
        discount_costs=np.log1p(0.03) / 12,
        discount_effects=np.log1p(0.015) / 12,
        utility_on=0.7,
        utility_off=0.6,
        population=Population(
            weight_kg=Distribution("normal", 75.0, 16.0, 40.0, 140.0),
            igg_polyclonal_mg_dl=Distribution("lognormal", 700.0, 0.45),
            igg_type_proportion=0.5,
            m_protein_mg_dl=Distribution("lognormal", 1500.0, 1.0),
            frailty_variance=0.6,
        ),
        treatment=Treatment(
            stop_rate=0.08,
            death_rate_on=0.012,
            death_rate_off=0.045,
            drug_cost_per_month=1000.0,
            end_of_life_cost=5000.0,
        ),
        infections=Infections(
            causes=("any",),
            rate=np.array([[0.15, 0.06]]),
            off_multiplier=0.5,
            hazard_ratio=np.array([[1.0, 0.38]]),
            case_fatality=np.array([0.1]),
            stop_probability=np.array([0.2]),
            cost=np.array([[400.0, 26500.0]]),
            hospital_days=np.array([[0.0, 8.1]]),
            qaly_loss=np.array([[0.001, 0.0084]]),
        ),
        immunoglobulin=Immunoglobulin(
            dose_g_per_kg=0.4,
            vial_size_g=0.0,
            interval=28 / DAYS_PER_MONTH,
            onset_lag=7 / DAYS_PER_MONTH,
            protection=35 / DAYS_PER_MONTH,
            washout=1.0,
            price_per_gram=100.0,
            administration_cost=300.0,
            qaly_loss=0.02 / 365.25,
        ),
        igg=Igg(
            suppressed_fraction=0.9,
            decay_rate=np.log(2) / 21 * DAYS_PER_MONTH,
            m_protein_decay_rate=np.log(2),
            assay_log_sd=0.07,
            test_cost=9.3,
        ),
        strategies=STRATEGIES,
    )
    return change(model, **changes)


def change(model: ClinicalModel, **changes: object) -> ClinicalModel:
    """Replace fields of a model: `horizon=12`, or `treatment__stop_rate=0` for a field of a part."""
    for name, value in changes.items():
        part, _, field = name.partition("__")
        new = dataclasses.replace(getattr(model, part), **{field: value}) if field else value
        model = dataclasses.replace(model, **{part: new})
    return model


@pytest.fixture
def model() -> ClinicalModel:
    """The model with round numbers."""
    return build_model()
