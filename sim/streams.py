"""Addressed luck: a random number is a pure function of its address, never the next item of a queue.

The address is (seed, decision name, patient, occurrence). The strategy, the engine, the parameter draw, the batch
and the worker are not part of it, so all of them play the same luck: an infection that immunoglobulin prevents in one
strategy is the same infection in another, and a population of 20,000 begins with the patients of a run of 2,000.

Start with `AddressedLuck`; anything with the same `stream` method can stand in for it (tests script luck by hand).
This module knows nothing of the clinical model.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Odd multipliers that spread consecutive patients and occurrences over the 64-bit ring: the golden ratio of
# Steele, Lea and Flood (2014), SplitMix64, and a second constant with no common factor.
_PATIENT_STEP = np.uint64(0x9E3779B97F4A7C15)
_OCCURRENCE_STEP = np.uint64(0xD1B54A32D192ED03)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_30, _SHIFT_27, _SHIFT_31 = np.uint64(30), np.uint64(27), np.uint64(31)
_SHIFT_12 = np.uint64(12)


class Stream(Protocol):
    """Uniforms of one or several named decisions."""

    def __call__(self, patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
        """Uniforms in the open interval (0, 1), one per address, shape of the broadcast arguments."""


class Luck(Protocol):
    """A source of addressed uniforms."""

    def stream(self, *decisions: str) -> Stream:
        """The stream of the named decisions; `which` of a later call picks among them."""


def _mix(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014; constants of Stafford's variant 13), in place."""
    # One array for the shifted word instead of eight: a fifth of the time of a uniform.
    shifted = np.right_shift(word, _SHIFT_30)
    np.multiply(np.bitwise_xor(word, shifted, out=word), _MIX_1, out=word)
    np.right_shift(word, _SHIFT_27, out=shifted)
    np.multiply(np.bitwise_xor(word, shifted, out=word), _MIX_2, out=word)
    np.right_shift(word, _SHIFT_31, out=shifted)
    return np.bitwise_xor(word, shifted, out=word)


class AddressedLuck:
    """Luck hashed from its address by two rounds of SplitMix64.

    Args:
        seed: Whole number from 0 to 2**63 - 1. It enters through a hash together with the decision's name, so
            no two seeds share a stream (seeds that are added to offsets can: WARDEN 2.0.2 shares 96 % of its
            patients between neighbouring simulations that way).
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: dict[int, str] = {}
        self._streams: dict[tuple[str, ...], Stream] = {}

    def __reduce__(self) -> tuple[type[AddressedLuck], tuple[int]]:
        """The seed is all there is; what has been made of it is made again by the process that is sent it."""
        return AddressedLuck, (self.seed,)

    def _key(self, decision: str) -> int:
        message = self.seed.to_bytes(8, "little") + decision.encode()
        key = int.from_bytes(hashlib.blake2b(message, digest_size=8).digest(), "little")
        if self._known.setdefault(key, decision) != decision:
            message_text = f"decisions {decision!r} and {self._known[key]!r} share one key"
            raise RuntimeError(message_text)
        return key

    def stream(self, *decisions: str) -> Stream:
        """Uniforms of the named decisions.

        Args:
            decisions: Names such as "candidate:bacterial:0"; order decides what `which` picks.

        Returns:
            A function of (patient, occurrence, which) giving uniforms in (0, 1).
        """
        if decisions not in self._streams:
            self._streams[decisions] = self._stream(decisions)
        return self._streams[decisions]

    def _stream(self, decisions: tuple[str, ...]) -> Stream:
        keys = np.array([self._key(decision) for decision in decisions], dtype=np.uint64)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            patient_word = np.atleast_1d(np.asarray(patient, dtype=np.int64)).astype(np.uint64)
            occurrence_word = np.atleast_1d(np.asarray(occurrence, dtype=np.int64)).astype(np.uint64)
            state = _mix(keys[which] + patient_word * _PATIENT_STEP)
            word = _mix(state + (occurrence_word + np.uint64(1)) * _OCCURRENCE_STEP)
            # 52 bits and a half: never 0 and never 1, and the grid is symmetric about 1/2.
            uniform = np.right_shift(word, _SHIFT_12, out=word).astype(np.float64)
            uniform += 0.5
            uniform *= 2.0**-52
            return uniform

        return uniforms


class KeptLuck:
    """Luck of one block of patients who are played many times over: what all of them are asked is hashed once.

    A probabilistic analysis plays the same patients in every draw, and most of their luck (who they are, the first
    candidate of every clock) is asked of the whole block. The rest is hashed as ever.

    Args:
        luck: Whose uniforms.
        patient: The block, the very array that callers will pass; a copy of it is hashed anew.
    """

    def __init__(self, luck: Luck, patient: Integers) -> None:
        self._luck, self._patient = luck, patient
        self._streams: dict[tuple[str, ...], Stream] = {}

    def stream(self, *decisions: str) -> Stream:
        """Uniforms of the named decisions, as `AddressedLuck.stream`; kept ones are not to be written to."""
        if decisions not in self._streams:
            self._streams[decisions] = self._keeping(self._luck.stream(*decisions))
        return self._streams[decisions]

    def _keeping(self, stream: Stream) -> Stream:
        rows: dict[tuple[int, int], Floats] = {}
        block = self._patient  # not through self, whose rows would then wait for the garbage collector

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            if patient is not block or not isinstance(occurrence, int) or not isinstance(which, int):
                return stream(patient, occurrence, which)
            if (occurrence, which) not in rows:
                rows[occurrence, which] = stream(patient, occurrence, which)
                rows[occurrence, which].flags.writeable = False
            return rows[occurrence, which]

        return uniforms


def unit_exponential(uniform: Floats) -> Floats:
    """Standard exponential variates from uniforms in (0, 1), by inversion of the survival function."""
    variate = np.log1p(-uniform)
    return np.negative(variate, out=variate)
