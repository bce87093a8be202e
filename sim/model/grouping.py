"""Patients kept apart, or summed before prices are put on what befell them.

Whatever is accrued is linear in physical amounts (months, events, infusions), so the amounts of all patients can be
summed first and priced once. Who needs every patient keeps them apart; who needs means puts them together, and saves
the arrays of all that is in between.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.model.histories import Illnesses
from sim.model.parts import Floats


class Apart:
    """Every patient for themselves."""

    def over(self, values: Floats) -> Floats:
        """Values as they are, [strategy, patient]."""
        return values

    def ill(self, illnesses: Illnesses) -> Illnesses:
        """Illnesses as they are."""
        return illnesses


class Together(Apart):
    """All patients as one."""

    def over(self, values: Floats) -> Floats:
        """Sums over patients, [strategy, 1], of values [strategy, patient]."""
        if values.strides[0] == 0:
            # The same under every strategy: one sum is enough.
            return np.broadcast_to(values[:1].sum(axis=-1, keepdims=True), (len(values), 1))
        return np.asarray(values.sum(axis=-1, keepdims=True))

    def ill(self, illnesses: Illnesses) -> Illnesses:
        """Illnesses of one patient who has them all."""
        strategy = np.repeat(np.arange(illnesses.n_strategies), illnesses.n_patients)
        return replace(
            illnesses,
            n_patients=1,
            row=strategy[illnesses.row],
            course_row=strategy[illnesses.course_row],
            held_months=self.over(illnesses.held_months),
            held_drug=self.over(illnesses.held_drug),
            held_drug_discounted=self.over(illnesses.held_drug_discounted),
        )


APART, TOGETHER = Apart(), Together()
