"""What the bispecific costs while it is given."""

from __future__ import annotations

import numpy as np

from sim.model.discounting import flow
from sim.model.parts import Floats
from sim.model.structure import Baseline, ClinicalModel


def drug_cost(model: ClinicalModel, who: Baseline, delta: float, start: Floats, end: Floats) -> Floats:
    """Cost of the bispecific from `start` to `end`, cheaper for responders once they are dosed less often.

    Args:
        model: Prices and the reduced dosing.
        who: The patients.
        delta: Discount rate per month.
        start: Month, broadcasts with the patients.
        end: Month, not before `start`.

    Returns:
        Money, broadcast shape.
    """
    price = np.array([agent.drug_cost_per_month for agent in model.agents])[who.agent]
    turn = np.where(who.responder, model.treatment.reduced_from, np.inf)
    full = flow(delta, start, np.clip(turn, start, end))
    reduced = flow(delta, np.clip(turn, start, end), end)
    return price * (full + model.treatment.reduced_drug_multiplier * reduced)
