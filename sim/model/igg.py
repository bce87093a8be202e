"""Immunoglobulins, true and measured.

Polyclonal IgG falls from its baseline towards the part of production that treatment spares, with the half-life of
IgG, and rises again where the target lets production recover. IgA and IgM fall in the same way with half-lives of
their own. The assay sees IgG with a multiplicative error and adds the monoclonal IgG and the therapeutic antibody it
cannot tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.model.parts import Floats, Integers
from sim.model.structure import Baseline, ClinicalModel


@dataclass(frozen=True)
class Kinetics:
    """Production of the patients' immunoglobulins, arrays of shape (n_patients,).

    Attributes:
        spared: Share of baseline production left on treatment.
        recovered: Share of baseline production from the recovery on.
        recovery_start: Month from which production recovers; inf for never, and where nothing recovers.
    """

    spared: Floats
    recovered: Floats
    recovery_start: Floats

    @classmethod
    def of(cls, model: ClinicalModel, target: Integers) -> Kinetics:
        """Kinetics of patients with the given target indices."""
        targets = model.targets
        lost = np.array([t.suppressed_fraction for t in targets])
        regained = np.array([t.recovered_fraction for t in targets])
        start = np.array([t.recovery_start if t.recovered_fraction > 0 else np.inf for t in targets])
        return cls(*(each[target] for each in (1 - lost, 1 - lost * (1 - regained), start)))


def concentration(time: Floats, baseline: Floats, decay_rate: float, kinetics: Kinetics) -> Floats:
    """True concentration on treatment: one compartment whose production steps down and, perhaps, up again.

    G' = k (G0 p(t) - G), with p the share of production: G(t) = G0 (p + (1 - p) exp(-k t)) before recovery, and the
    same relaxation towards the new share after it.

    Args:
        time: Months since the first dose.
        baseline: G0 in mg/dL.
        decay_rate: k per month.
        kinetics: Production of these patients.

    Returns:
        mg/dL, broadcast shape.
    """
    spared, turn = kinetics.spared, kinetics.recovery_start
    share = spared + (1 - spared) * np.exp(-decay_rate * np.minimum(time, turn))
    if not np.any(time > turn):
        falling: Floats = baseline * share
        return falling
    with np.errstate(invalid="ignore"):
        since = np.maximum(time - turn, 0.0)
        risen = kinetics.recovered + (share - kinetics.recovered) * np.exp(-decay_rate * since)
    return baseline * np.where(time > turn, risen, share)


def true_igg(model: ClinicalModel, who: Baseline, time: Floats, column: Integers | None = None) -> Floats:
    """True polyclonal IgG of patients on treatment, mg/dL.

    Args:
        model: Decay rate and targets.
        who: The patients.
        time: Months since the first dose.
        column: Which patient each time is about; None if `time` broadcasts with all of them.

    Returns:
        mg/dL, broadcast shape.
    """
    baseline, target = (who.igg_mg_dl, who.target) if column is None else (who.igg_mg_dl[column], who.target[column])
    return concentration(time, baseline, model.igg.decay_rate, Kinetics.of(model, target))


def measured_igg(
    time: Floats,
    true_igg: Floats,
    who: Baseline,
    noise: Floats,
    model: ClinicalModel,
    column: Integers | None = None,
) -> Floats:
    """What the laboratory reports as IgG.

    Args:
        time: Months since the first dose.
        true_igg: Polyclonal IgG at `time`, mg/dL.
        who: The patients tested.
        noise: Standard normal luck of this test; the error is lognormal with mean 1.
        model: Assay error, decay of the monoclonal protein, therapeutic antibody.
        column: Which patient each test is of; None if `time` broadcasts with all of them.

    Returns:
        mg/dL, broadcast shape.
    """
    sigma = model.igg.assay_log_sd
    m_protein, target = who.m_protein_mg_dl, who.target
    if column is not None:
        m_protein, target = m_protein[column], target[column]
    counted = m_protein * np.exp(-model.igg.m_protein_decay_rate * time)
    antibody = np.array([each.therapeutic_antibody_mg_dl for each in model.targets])[target]
    reported: Floats = with_error(true_igg, noise, sigma) + counted + antibody
    return reported


def with_error(true: Floats, noise: Floats, sigma: float) -> Floats:
    """A concentration seen through a lognormal assay error of mean 1."""
    return true * np.exp(sigma * noise - sigma**2 / 2)


def months_low(model: ClinicalModel, who: Baseline, until: Floats) -> Floats:
    """Months before `until` with true polyclonal IgG under the vulnerable level, in closed form.

    Args:
        model: Level and decay rate.
        who: The patients, (n_patients,).
        until: Month at which counting ends, on treatment; broadcasts with the patients.

    Returns:
        Months, shape of `until`.
    """
    kinetics = Kinetics.of(model, who.target)
    rate, level = model.igg.decay_rate, model.igg.low_mg_dl
    turn = np.minimum(kinetics.recovery_start, until)
    first = _months_under(level, who.igg_mg_dl, who.igg_mg_dl * kinetics.spared, rate, turn)
    if not np.any(until > kinetics.recovery_start):
        return first
    at_turn = concentration(turn, who.igg_mg_dl, rate, kinetics)
    second = _months_under(level, at_turn, who.igg_mg_dl * kinetics.recovered, rate, np.maximum(until - turn, 0.0))
    return first + second


def _months_under(level: float, start: Floats, floor: Floats, rate: float, length: Floats) -> Floats:
    """Months under `level` in a relaxation from `start` towards `floor` over `length` months; it crosses once."""
    start, floor = np.broadcast_arrays(start, floor)
    crossing = np.full(start.shape, np.inf)
    # The logarithm only of those who cross: of 0, where nothing moves, it takes ten times as long.
    crosses = np.nonzero((start - level) * (level - floor) > 0)
    with np.errstate(divide="ignore"):
        crossed = np.log((start[crosses] - floor[crosses]) / (level - floor[crosses])) / rate
    crossing[crosses] = np.where(crossed > 0, crossed, np.inf)
    begins_under = (start < level) | ((start == level) & (floor < level))
    under: Floats = np.where(begins_under, np.minimum(crossing, length), np.maximum(length - crossing, 0.0))
    return under
