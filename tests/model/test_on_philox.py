"""The whole model on another generator: outcomes on addressed luck agree with outcomes on NumPy's Philox."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from sim.model.structure import ClinicalModel
from sim.runs import play
from sim.streams import AddressedLuck, Floats, Integers, Luck, Stream
from tests.conftest import build_model, change


class PhiloxLuck:
    """Columns of NumPy's Philox 4x64: seed and decision are the key, occurrence the counter, patient the place."""

    def __init__(self, seed: int, n_patients: int) -> None:
        self.seed, self.n_patients = seed, n_patients
        self._columns: dict[tuple[str, int], Floats] = {}

    def _column(self, decision: str, occurrence: int) -> Floats:
        address = decision, occurrence
        if address not in self._columns:
            key = int.from_bytes(hashlib.sha256(decision.encode()).digest()[:8], "little")
            philox = np.random.Philox(key=self.seed + (key << 64), counter=occurrence << 128)
            uniforms = np.random.Generator(philox).random(self.n_patients)
            self._columns[address] = np.maximum(uniforms, 2.0**-54)
        return self._columns[address]

    def stream(self, *decisions: str) -> Stream:
        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            who, turn, choice = np.broadcast_arrays(patient, occurrence, which)
            filled = np.empty(who.shape)
            for one in np.unique(np.stack([choice.ravel(), turn.ravel()]), axis=1).T:
                here = (choice == one[0]) & (turn == one[1])
                filled[here] = self._column(decisions[one[0]], int(one[1]))[who[here]]
            return filled

        return uniforms


class NamelessLuck(AddressedLuck):
    """Every decision of a patient is the same number."""

    def stream(self, *decisions: str) -> Stream:
        inner = super().stream("everything")

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            return inner(patient, occurrence, np.zeros_like(which))

        return uniforms


PLAYED = 20_000
COMPARED = ("cost", "qaly", "life_years", "infections_grade_1_2", "infections_grade_3plus", "infusions")


Distances = Callable[[ClinicalModel, Luck], dict[str, float]]


@pytest.fixture(scope="module")
def distances() -> Distances:
    """|mean with Philox - mean with other luck| / standard error of the difference: the largest of any strategy."""
    philox = play(build_model(), PhiloxLuck(2024, PLAYED), PLAYED)

    def compared(model: ClinicalModel, luck: Luck) -> dict[str, float]:
        other = play(model, luck, PLAYED)
        apart = {c: np.abs(philox.mean(c) - other.mean(c)) for c in COMPARED}
        error = {c: np.hypot(philox.mcse(c), other.mcse(c)) for c in COMPARED}
        # Nobody is infused under `none`, on any luck: no difference and no error.
        return {c: float(np.max(np.divide(apart[c], error[c], where=error[c] > 0, out=apart[c]))) for c in COMPARED}

    return compared


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_outcomes_agree_with_those_of_philox(distances: Distances, seed: int) -> None:
    """Truth: equal means. Bound: 4 standard errors; 23 comparisons a seed fail by chance with probability 0.0015.

    Power: the mean number of serious infections has a standard error of 1 %, the difference of two 1.4 %, so that a
    rate wrong by 10 % is 7 standard errors away (the last test).
    """
    assert max(distances(build_model(), AddressedLuck(seed)).values()) < 4


def test_decisions_that_share_a_number_disagree_with_philox(distances: Distances) -> None:
    """Negative control: with one number for all decisions the frail are those who stop late, and so on."""
    found = distances(build_model(), NamelessLuck(1))
    assert min(found[c] for c in ("cost", "qaly", "life_years", "infections_grade_3plus", "infusions")) > 4


def test_a_rate_of_infection_ten_per_cent_higher_disagrees_with_philox(distances: Distances) -> None:
    model = build_model()
    higher = change(model, infections__rate=1.1 * model.infections.rate)
    found = distances(higher, AddressedLuck(1))
    assert min(found[c] for c in ("cost", "infections_grade_1_2", "infections_grade_3plus")) > 4
