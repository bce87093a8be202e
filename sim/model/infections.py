"""Candidate infections, and what makes a candidate an infection.

Each cause has one unit-rate Poisson process per patient, in the coordinate of cumulative hazard without prophylaxis
(Lewis and Shedler 1979, thinning, used as a coupling). A candidate at cumulative hazard L of a cause with rate r
falls where the patient's exposure clock (`sim.model.pace`) shows L / (Z r).

Hazard ratios above 1 need more candidates, not other ones: layer j of a cause is a further process of the same rate
whose candidates count with probability min(max(hr - j, 0), 1). Layer 0 is the natural process.
"""

from __future__ import annotations

import numpy as np

from sim.model.parts import NEVER, Booleans, Floats, Integers
from sim.model.structure import ClinicalModel


def n_layers(model: ClinicalModel) -> Integers:
    """Candidate processes each cause needs: 1, or more where a hazard ratio can exceed 1; shape (n_causes,)."""
    adjustment = model.immunoglobulin.adjustment
    strongest = max(1.0, adjustment.maximum) ** adjustment.exponent
    ratio = model.infections.hazard_ratio
    on_ig = np.maximum(1.0, np.where(ratio > 1, ratio**strongest, ratio))
    highest = np.ones(len(model.infections.causes))
    for strategy in model.strategies:
        product = on_ig if strategy.start != NEVER else np.ones_like(on_ig)
        for index in strategy.antimicrobials:
            product = product * np.maximum(1.0, model.antimicrobials[index].hazard_ratio)
        if strategy.tocilizumab:
            product = product * max(1.0, model.tocilizumab.infection_multiplier)
        highest = np.maximum(highest, product.max(axis=1))
    layers: Integers = np.ceil(highest).astype(np.int64)
    return layers


def exposure_of_candidate(cumulative: Floats, frailty: Floats, rate: Floats) -> Floats:
    """Exposure, in months, at which a candidate of given cumulative hazard falls.

    Args:
        cumulative: Sum of standard exponential steps up to this candidate.
        frailty: Patient multiplier Z.
        rate: Candidates per month of the cause, both grades.

    Returns:
        Months on the exposure clock; inf where the rate or the frailty is 0.
    """
    with np.errstate(divide="ignore", over="ignore"):
        return cumulative / (frailty * rate)


def is_accepted(mark: Floats, hazard_ratio: Floats, layer: Integers) -> Booleans:
    """Whether a candidate becomes an infection under the hazard ratio in force at its moment.

    Args:
        mark: The candidate's uniform acceptance mark in (0, 1).
        hazard_ratio: Product of the hazard ratios in force, at the candidate's cause and grade.
        layer: 0 for the natural process, j for the j-th excess process.

    Returns:
        True where the mark is under the layer's share of the hazard ratio.
    """
    return mark < hazard_ratio - layer
