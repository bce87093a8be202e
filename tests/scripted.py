"""Luck written down by hand, so that a patient can be worked out to the day and the cent.

Decisions and their addresses are those of the engines:

* patients: "patient:weight", "patient:igg", "patient:iga", "patient:igm", "patient:igg_type", "patient:m_protein",
  "patient:frailty", "patient:agent", "patient:anti_cd38", "patient:responder", "patient:age", "patient:sex",
  "patient:serostatus:<name>",
  "patient:takes:<antimicrobial>";
* exits and toxicity: "treatment:stop", "death:other", "toxicity:crs", "toxicity:icans";
* laboratory, by number of the test: "igg:assay", "iga:assay", "igm:assay";
* immunoglobulin: "ig:harm:<name>", and by number of the scheduled infusion "ig:adherence";
* infections, for each cause and layer, by number of the candidate: "infection:step:<cause>:<layer>",
  "infection:grade:...", "infection:accept:...", "infection:fatal:...", "infection:stop:...".

A decision that the script leaves out, or an occurrence past its end, gets `default`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.streams import Floats, Integers, Stream


@dataclass(frozen=True)
class ScriptedLuck:
    """Uniforms by decision and occurrence; the same for every patient unless the decision is keyed by patient.

    Attributes:
        script: Decision to the uniforms of its occurrences; or (decision, patient) for one patient alone.
        default: What every other address gives.
    """

    script: Mapping[str | tuple[str, int], Sequence[float]] = field(default_factory=dict)
    default: float = 0.5

    def stream(self, *decisions: str) -> Stream:
        """Uniforms of the named decisions."""

        def one(patient: int, occurrence: int, which: int) -> float:
            decision = decisions[which]
            values = self.script.get((decision, patient), self.script.get(decision, ()))
            return values[occurrence] if occurrence < len(values) else self.default

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            return np.vectorize(one, otypes=[np.float64])(patient, occurrence, which)

        return uniforms


def uniform_of_exponential(value: float) -> float:
    """The uniform that `sim.streams.unit_exponential` turns into `value`."""
    return float(-np.expm1(-value))
