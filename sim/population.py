"""Patients at t = 0, drawn from addressed luck.

A patient's attributes depend on the patient's number and the seed alone: the same in every strategy, engine, batch,
parameter draw and population size.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri

from sim.model.exits import stop_time
from sim.model.structure import Baseline, ClinicalModel, Distribution, Floats, Integers
from sim.streams import Luck, unit_exponential


def quantile(distribution: Distribution, uniform: Floats) -> Floats:
    """Attribute values at the given probabilities.

    Args:
        distribution: Between-patient distribution.
        uniform: Probabilities in (0, 1).

    Returns:
        Values, shape of `uniform`.
    """
    d = distribution
    if d.kind == "fixed" or d.scale == 0:
        return np.full_like(uniform, min(max(d.location, d.low), d.high))
    if d.kind == "lognormal":
        return d.location * np.exp(d.scale * ndtri(uniform))
    if d.low > d.location:
        # Probabilities near 1 have no digits left to tell a tail apart; those of the mirror image have.
        mirrored = Distribution("normal", -d.location, d.scale, -d.high, -d.low)
        return -quantile(mirrored, 1 - uniform)
    below, above = ndtr((d.low - d.location) / d.scale), ndtr((d.high - d.location) / d.scale)
    values = d.location + d.scale * ndtri(below + uniform * (above - below))
    return np.clip(np.asarray(values, dtype=np.float64), d.low, d.high)


def frailty(variance: float, uniform: Floats) -> Floats:
    """Gamma frailty with mean 1 (Vaupel, Manton and Stallard 1979).

    Args:
        variance: theta; 0 switches frailty off.
        uniform: Probabilities in (0, 1).

    Returns:
        Multipliers Z, shape of `uniform`.
    """
    if variance == 0:
        return np.ones_like(uniform)
    return np.asarray(variance * gammaincinv(1 / variance, uniform), dtype=np.float64)


def draw_baseline(model: ClinicalModel, luck: Luck, patient: Integers) -> Baseline:
    """Baseline attributes and exit luck of the given patients.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, shape (n_patients,).

    Returns:
        Arrays of shape (n_patients,).
    """

    def uniform(decision: str) -> Floats:
        return luck.stream(decision)(patient, 0)

    people = model.population
    igg_type = uniform("patient:igg_type") < people.igg_type_proportion
    m_protein = quantile(people.m_protein_mg_dl, uniform("patient:m_protein"))
    return Baseline(
        patient=patient,
        weight_kg=quantile(people.weight_kg, uniform("patient:weight")),
        igg_mg_dl=quantile(people.igg_polyclonal_mg_dl, uniform("patient:igg")),
        m_protein_mg_dl=np.where(igg_type, m_protein, 0.0),
        frailty=frailty(people.frailty_variance, uniform("patient:frailty")),
        stop_time=stop_time(unit_exponential(uniform("treatment:stop")), model.treatment.stop_rate),
        death_hazard=unit_exponential(uniform("death:other")),
    )
