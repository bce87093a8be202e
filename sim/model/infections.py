"""Candidate infections, and what makes a candidate an infection.

Each cause has one unit-rate Poisson process per patient, in the coordinate of cumulative hazard without prophylaxis
(Lewis and Shedler 1979, thinning, used as a coupling). Every patient carries one *exposure clock*, common to all
causes: it runs with calendar time on treatment and at `off_multiplier` of that speed afterwards. A candidate at
cumulative hazard L of a cause with rate r falls at exposure L / (Z r), so the order of a patient's candidates is the
same under every strategy, and a strategy that ends treatment earlier only moves them in calendar time.

Hazard ratios above 1 need more candidates, not other ones: layer j of a cause is a further process of the same rate
whose candidates count with probability min(max(hr - j, 0), 1). Layer 0 is the natural process.
"""

from __future__ import annotations

import numpy as np

from sim.model.structure import Booleans, Floats, Infections, Integers


def n_layers(infections: Infections) -> Integers:
    """Candidate processes each cause needs: 1, or more where a hazard ratio exceeds 1; shape (n_causes,)."""
    highest: Floats = infections.hazard_ratio.max(axis=1)
    layers: Integers = np.maximum(1, np.ceil(highest)).astype(np.int64)
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


def time_of_exposure(exposure: Floats, stop: Floats, off_multiplier: float) -> Floats:
    """Calendar month at which the exposure clock shows `exposure`.

    Args:
        exposure: Months of exposure.
        stop: Month at which the bispecific ends; broadcasts with `exposure`.
        off_multiplier: Speed of the clock after `stop`; 0 halts it.

    Returns:
        Calendar months; inf where the clock never gets there.
    """
    if off_multiplier == 0:
        return np.where(exposure <= stop, exposure, np.inf)
    with np.errstate(invalid="ignore"):
        return np.where(exposure <= stop, exposure, stop + (exposure - stop) / off_multiplier)


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


def trigger_reached(time: Floats, earlier: Floats, within: float) -> Booleans:
    """Whether an infection now completes the number that triggers immunoglobulin.

    Args:
        time: Month of the infection.
        earlier: Month of the counted infection that is `count - 1` before this one; -inf if there is none.
            For a trigger of one infection pass `time` itself.
        within: Months in which all of them must fall.

    Returns:
        True where they do.
    """
    return time - earlier <= within
