"""Estimates as published: cumulative incidence with competing events, by lifelines."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from lifelines import AalenJohansenFitter

from sim.model.parts import Floats
from sim.trial.follow import EVENT, Seen


def cumulative_incidence(seen: Seen, months: Sequence[float]) -> Floats:
    """Aalen-Johansen estimate of the first event's cumulative incidence; Kaplan-Meier's where nothing competes.

    Args:
        seen: What a study saw.
        months: When.

    Returns:
        Probabilities, shape (n_months,).
    """
    if not np.any(seen.status == EVENT):
        return np.zeros(len(months))
    fitter = AalenJohansenFitter(calculate_variance=False)
    with warnings.catch_warnings():
        # Histories that reach the horizon together are ties; lifelines jitters them and says so.
        warnings.filterwarnings("ignore", message="(?s).*[Tt]ied event times.*")
        fitter.fit(seen.months, seen.status, event_of_interest=EVENT)
    curve = fitter.cumulative_density_.iloc[:, 0]
    place = np.searchsorted(curve.index.to_numpy(), np.asarray(months), side="right") - 1
    return np.asarray(curve.to_numpy()[place], dtype=np.float64)
