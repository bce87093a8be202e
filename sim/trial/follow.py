"""What a study sees of simulated histories: the first event, a competing one, or the end of watching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.model.histories import Histories
from sim.model.parts import Floats

Infections = Literal["any", "3plus"]

CENSORED, EVENT, COMPETING = 0, 1, 2


@dataclass(frozen=True)
class Seen:
    """What was seen of each patient, arrays of shape (n_patients,).

    Attributes:
        months: When watching ended, by an event or not.
        status: `CENSORED`, `EVENT` or `COMPETING`.
    """

    months: Floats
    status: NDArray[np.int64]


def first_infection_on_treatment(
    histories: Histories,
    row: NDArray[np.int64],
    infections: Infections,
    watched: Floats,
    *,
    exits_compete: bool = True,
) -> Seen:
    """First infections while on the bispecific.

    Args:
        histories: [strategy, patient].
        row: Strategy index of each patient, (n_patients,).
        infections: Which count.
        watched: Month at which watching ends if nothing happens before, (n_patients,).
        exits_compete: Whether leaving treatment is a competing event; otherwise it censors.
    """
    patient = np.arange(row.size)
    ill = histories.illnesses
    infected = (ill.first_grade_3plus if infections == "3plus" else ill.first)[row, patient]
    left = histories.treatment_end[row, patient]
    happened = (infected <= left) & (infected <= watched)
    months = np.minimum(np.minimum(infected, left), watched)
    gone = ~happened & (left <= watched)
    return Seen(months, np.where(happened, EVENT, np.where(gone & exits_compete, COMPETING, CENSORED)))
