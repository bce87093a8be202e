"""What the bispecific costs while it is given."""

from __future__ import annotations

import numpy as np

from sim.model.discounting import flow
from sim.model.parts import Floats, Integers
from sim.model.structure import Baseline, ClinicalModel


def drug_cost(
    model: ClinicalModel, who: Baseline, delta: float, start: Floats, end: Floats, column: Integers | None = None
) -> Floats:
    """Cost of the bispecific from `start` to `end`, cheaper for responders once they are dosed less often.

    Args:
        model: Prices and the reduced dosing.
        who: The patients.
        delta: Discount rate per month.
        start: Month, broadcasts with the patients.
        end: Month, not before `start`.
        column: Which patient each month is about; None if they broadcast with all of them.

    Returns:
        Money, broadcast shape.
    """
    agent, responder = (who.agent, who.responder) if column is None else (who.agent[column], who.responder[column])
    price = np.array([each.drug_cost_per_month for each in model.agents])[agent]
    turn = np.where(responder, model.treatment.reduced_from, np.inf)
    full = flow(delta, start, np.clip(turn, start, end))
    reduced = flow(delta, np.clip(turn, start, end), end)
    return price * (full + model.treatment.reduced_drug_multiplier * reduced)
