"""Addressed luck: reproducible wherever it is asked for, and random enough for what is asked of it.

Statistical checks: N = 2^18 numbers or pairs a check, at fixed seeds. Truth is independent uniforms. A correlation
has standard error 1/sqrt(N) = 0.00195 and may be off by 5 of them; power: a correlation of 0.0125 is found with
probability 0.92. Chi-square and Kolmogorov-Smirnov p-values must lie above 1e-6. With some 500 checks a perfect
generator fails any of them with probability 4e-4. Negative controls: a counter that is not mixed, a generator
of 32 bits, one whose neighbours share a number, all must fail.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from itertools import combinations
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import sim.streams
from sim.streams import AddressedLuck, Floats, Integers, KeptLuck, Luck, Stream, unit_exponential

N = 2**18
BOUND = 5.0
SMALLEST_P = 1e-6
SEEDS = (0, 1, 2, 2**63 - 1)
PATIENTS = np.arange(N)
RING = 2**64

Maker = Callable[[int], Luck]


# ---------------------------------------------------------------------- the address


def splitmix64(word: int) -> int:
    """SplitMix64's finaliser in Python's unbounded integers."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % RING
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % RING
    return word ^ (word >> 31)


def by_address(seed: int, decision: str, patient: int, occurrence: int) -> float:
    """The number of an address, worked out alone."""
    digest = hashlib.blake2b(seed.to_bytes(8, "little") + decision.encode(), digest_size=8).digest()
    state = splitmix64((int.from_bytes(digest, "little") + patient * 0x9E3779B97F4A7C15) % RING)
    word = splitmix64((state + (occurrence + 1) * 0xD1B54A32D192ED03) % RING)
    return ((word >> 12) + 0.5) / 2**52


def test_the_finaliser_is_the_published_one() -> None:
    """Rosetta Code, task "Pseudo-random numbers/Splitmix64": the first five numbers of seed 1234567."""
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + k * golden) % RING for k in range(1, 6)], dtype=np.uint64)
    assert sim.streams._mix(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


ADDRESSES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 10**9), st.integers(0, 10**6)), min_size=1, max_size=30
)
NAMES = ("infection:step:any:0", "infection:step:any:1", "patient:weight")


@given(seed=st.integers(0, 2**63 - 1), addresses=ADDRESSES)
def test_a_number_is_a_function_of_its_address_alone(seed: int, addresses: list[tuple[int, int, int]]) -> None:
    which, patient, occurrence = (np.array(column) for column in zip(*addresses, strict=True))
    together = AddressedLuck(seed).stream(*NAMES)(patient, occurrence, which)
    assert together.tolist() == [by_address(seed, NAMES[w], p, k) for w, p, k in addresses]


def test_order_and_shape_of_a_request_are_of_no_consequence() -> None:
    stream = AddressedLuck(7).stream("infection:grade:any:0")
    patient, occurrence = np.arange(12), np.arange(12) % 5
    row = stream(patient, occurrence)
    backwards = stream(patient[::-1], occurrence[::-1])
    table = stream(patient.reshape(3, 4), occurrence.reshape(3, 4))
    assert row.tolist() == backwards[::-1].tolist() == table.ravel().tolist()
    assert [float(stream(patient[[i]], occurrence[[i]])[0]) for i in range(12)] == row.tolist()


def test_patients_and_occurrences_broadcast() -> None:
    stream = AddressedLuck(7).stream("igg:assay")
    table = stream(np.arange(4)[:, None], np.arange(3)[None, :])
    assert table.shape == (4, 3)
    assert table[:, 2].tolist() == stream(np.arange(4), 2).tolist()


def test_streams_asked_for_together_are_those_asked_for_alone() -> None:
    luck, patient = AddressedLuck(7), np.arange(100)
    together = luck.stream("a", "b", "c")
    for which, name in enumerate("abc"):
        assert together(patient, 3, which).tolist() == luck.stream(name)(patient, 3).tolist()


def test_asking_for_one_decision_moves_no_other() -> None:
    quiet, busy = AddressedLuck(7), AddressedLuck(7)
    for name in ("x", "y", "z"):
        busy.stream(name)(np.arange(50), 0)
    assert quiet.stream("a")(np.arange(9), 0).tolist() == busy.stream("a")(np.arange(9), 0).tolist()


def test_a_large_population_begins_with_the_small_one() -> None:
    stream = AddressedLuck(7).stream("patient:weight")
    assert stream(np.arange(20_000), 0)[:2_000].tolist() == stream(np.arange(2_000), 0).tolist()


def test_luck_can_be_sent_to_another_process_after_it_was_asked() -> None:
    luck = AddressedLuck(7)
    before = luck.stream("a")(np.arange(9), 0).tolist()
    assert pickle.loads(pickle.dumps(luck)).stream("a")(np.arange(9), 0).tolist() == before


def test_two_decisions_with_one_key_are_refused() -> None:
    luck = AddressedLuck(7)
    luck.stream("patient:weight")
    (key,) = luck._known
    luck._known[key] = "another decision"
    with pytest.raises(RuntimeError, match="'patient:weight' and 'another decision' share one key"):
        luck.stream("patient:weight", "patient:igg")


# ---------------------------------------------------------------------- the open interval


@pytest.mark.parametrize(("word", "uniform"), [(0, 2.0**-53), (2**64 - 1, 1 - 2.0**-53)])
def test_not_even_the_extreme_words_give_0_or_1(monkeypatch: pytest.MonkeyPatch, word: int, uniform: float) -> None:
    monkeypatch.setattr(sim.streams, "_mix", lambda words: np.full_like(words, word))
    drawn = AddressedLuck(0).stream("patient:weight")(np.arange(3), 0)
    assert drawn.tolist() == [uniform] * 3
    assert np.isfinite(unit_exponential(drawn)).all()
    assert (unit_exponential(drawn) > 0).all()


def test_exponentials_of_the_smallest_uniforms_keep_their_digits() -> None:
    """-log(1 - u) is u + u^2 / 2 for small u: no digit is lost at 2^-53, and 1 - 2^-53 gives 53 log 2 = 36.7368."""
    assert unit_exponential(np.array([2.0**-53, 1e-9])) == pytest.approx([2.0**-53, 1e-9 + 5e-19], rel=1e-15)
    assert unit_exponential(np.array([1 - 2.0**-53])) == pytest.approx([36.7368005696771], rel=1e-12)


def test_exponentials_have_mean_and_variance_one() -> None:
    """Standard errors: of the mean 1/sqrt(N), of the variance sqrt(8 / N), as the fourth central moment is 9."""
    drawn = unit_exponential(AddressedLuck(5).stream("death:other")(PATIENTS, 0))
    assert abs(drawn.mean() - 1) < BOUND / np.sqrt(N)
    assert abs(drawn.var() - 1) < BOUND * np.sqrt(8 / N)
    assert stats.kstest(drawn, "expon").pvalue > SMALLEST_P


# ---------------------------------------------------------------------- uniform, and independent of its neighbours


class Check(Protocol):
    """A statistical check; True where the luck passes."""

    def __call__(self, make: Maker, seed: int) -> bool: ...


def drawn(make: Maker, seed: int, *, decision: str = "infection:step:any:0", shift: int = 0, k: int = 0) -> Floats:
    """The numbers of N patients, from patient `shift`, at occurrence k."""
    return make(seed).stream(decision)(PATIENTS + shift, k)


def is_even(uniforms: Floats) -> bool:
    """Chi-square over 1,024 cells, Kolmogorov-Smirnov, and neither too good to be true."""
    observed = np.bincount((uniforms * 1024).astype(np.int64), minlength=1024)
    chi_square = float(stats.chisquare(observed).pvalue)
    distance = float(stats.kstest(uniforms, "uniform").pvalue)
    return all(SMALLEST_P < p < 1 - SMALLEST_P for p in (chi_square, distance))


def is_unrelated(first: Floats, second: Floats) -> bool:
    """Correlation, and chi-square of the pairs over 32 x 32 cells, for dependence that no correlation shows."""
    correlation = float(np.corrcoef(first, second)[0, 1])
    cell = (first * 32).astype(np.int64) * 32 + (second * 32).astype(np.int64)
    p = float(stats.chisquare(np.bincount(cell, minlength=1024)).pvalue)
    return abs(correlation) < BOUND / np.sqrt(first.size) and p > SMALLEST_P


def patients_are_even(make: Maker, seed: int) -> bool:
    return is_even(drawn(make, seed))


def occurrences_are_even(make: Maker, seed: int) -> bool:
    return is_even(make(seed).stream("infection:step:any:0")(np.array([17]), PATIENTS))


def neighbouring_patients_are_unrelated(make: Maker, seed: int) -> bool:
    here = drawn(make, seed)
    return all(is_unrelated(here, drawn(make, seed, shift=lag)) for lag in (1, 2, 3, 64, 4096))


def occurrences_are_unrelated(make: Maker, seed: int) -> bool:
    here = drawn(make, seed)
    return all(is_unrelated(here, drawn(make, seed, k=k)) for k in (1, 2, 7, 50))


def a_patient_and_the_neighbours_next_occurrence_are_unrelated(make: Maker, seed: int) -> bool:
    return is_unrelated(drawn(make, seed), drawn(make, seed, shift=1, k=1)) and is_unrelated(
        drawn(make, seed, k=1), drawn(make, seed, shift=1)
    )


def decisions_are_unrelated(make: Maker, seed: int) -> bool:
    names = ("infection:step:any:0", "infection:step:any:1", "infection:grade:any:0", "patient:weight", "a", "b")
    columns = [drawn(make, seed, decision=name) for name in names]
    return all(is_unrelated(one, other) for one, other in combinations(columns, 2))


def seeds_are_unrelated(make: Maker, seed: int) -> bool:
    others = [other for other in (*SEEDS, 3, 4, 2**32, 2**62) if other != seed]
    here = drawn(make, seed)
    return all(is_unrelated(here, drawn(make, other)) for other in others)


def a_seed_is_unrelated_to_shifted_patients_of_the_next(make: Maker, seed: int) -> bool:
    """Seeds that are added to patient numbers give the next simulation the same patients, moved by one."""
    following = (seed + 1) % 2**63
    there = drawn(make, following)
    return all(is_unrelated(drawn(make, seed, shift=lag), there) for lag in (1, 2))


def bits_are_balanced(make: Maker, seed: int) -> bool:
    """Each of the 52 bits is 1 half of the time; standard error sqrt(N) / 2."""
    word = (drawn(make, seed) * 2.0**52).astype(np.uint64)
    ones = np.array([int(((word >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(52)])
    return bool((np.abs(ones - N / 2) < BOUND * np.sqrt(N) / 2).all())


CHECKS: tuple[Check, ...] = (
    patients_are_even,
    occurrences_are_even,
    neighbouring_patients_are_unrelated,
    occurrences_are_unrelated,
    a_patient_and_the_neighbours_next_occurrence_are_unrelated,
    decisions_are_unrelated,
    seeds_are_unrelated,
    a_seed_is_unrelated_to_shifted_patients_of_the_next,
    bits_are_balanced,
)


def names(checks: tuple[Check, ...]) -> list[str]:
    return [getattr(check, "__name__", "") for check in checks]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=names(CHECKS))
def test_addressed_luck_passes(check: Check, seed: int) -> None:
    assert check(AddressedLuck, seed)


class WeylLuck:
    """A counter that is not mixed: key + patient * A + occurrence * B, the key a plain sum of seed and name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *decisions: str) -> Stream:
        keys = np.array([(self.seed + sum(name.encode())) % RING for name in decisions], dtype=np.uint64)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            step, turn = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
            turns = np.atleast_1d(np.asarray(occurrence)).astype(np.uint64)
            word = keys[which] + patient.astype(np.uint64) * step + turns * turn
            return np.asarray(((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52, dtype=np.float64)

        return uniforms


class ShiftedSeedLuck(AddressedLuck):
    """Seeds added to patient numbers: neighbouring simulations share all patients but one."""

    def __init__(self, seed: int) -> None:
        super().__init__(0)
        self.first = seed

    def stream(self, *decisions: str) -> Stream:
        inner = super().stream(*decisions)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            return inner(patient + self.first, occurrence, which)

        return uniforms


class CoarseLuck(AddressedLuck):
    """Only 32 random bits."""

    def stream(self, *decisions: str) -> Stream:
        inner = super().stream(*decisions)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            return (np.floor(inner(patient, occurrence, which) * 2.0**32) + 0.5) * 2.0**-32

        return uniforms


class PairedLuck(AddressedLuck):
    """Occurrence 1 is a zigzag of occurrence 0: uncorrelated with it, and a function of it."""

    def stream(self, *decisions: str) -> Stream:
        inner = super().stream(*decisions)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            base = inner(patient, 0, which)
            return np.where(np.asarray(occurrence) == 1, np.abs(2 * base - 1), inner(patient, occurrence, which))

        return uniforms


@pytest.mark.parametrize(
    ("make", "failing"),
    [
        (
            WeylLuck,
            {
                patients_are_even,
                occurrences_are_even,
                neighbouring_patients_are_unrelated,
                occurrences_are_unrelated,
                a_patient_and_the_neighbours_next_occurrence_are_unrelated,
                decisions_are_unrelated,
                seeds_are_unrelated,
                a_seed_is_unrelated_to_shifted_patients_of_the_next,
            },
        ),
        (ShiftedSeedLuck, {a_seed_is_unrelated_to_shifted_patients_of_the_next}),
        (CoarseLuck, {bits_are_balanced}),
        (PairedLuck, {occurrences_are_unrelated}),
    ],
    ids=["unmixed counter", "seed added to patient", "32 bits", "one number twice"],
)
def test_bad_luck_fails(make: Maker, failing: set[Check]) -> None:
    """Negative control: every check fails somewhere, and the fault is found where it was put."""
    failed = {check for check in CHECKS if not check(make, 1)}
    assert failed >= failing


# ---------------------------------------------------------------------- luck kept for many plays


class CountingLuck(AddressedLuck):
    """Addressed luck that counts what it is asked for."""

    asked = 0

    def stream(self, *decisions: str) -> Stream:
        inner = super().stream(*decisions)

        def uniforms(patient: Integers, occurrence: Integers | int, which: Integers | int = 0) -> Floats:
            self.asked += 1
            return inner(patient, occurrence, which)

        return uniforms


def test_kept_luck_is_the_luck_it_keeps_and_hashes_a_block_once() -> None:
    """Whole blocks are asked for once; parts of them, other occurrences and copies of the block go through."""
    counting, block = CountingLuck(3), np.arange(50, 90)
    kept, plain = KeptLuck(counting, block).stream("a", "b"), AddressedLuck(3).stream("a", "b")
    for _ in range(3):
        for which in (0, 1):
            assert kept(block, 2, which).tobytes() == plain(block, 2, which).tobytes()
    assert counting.asked == 2
    some, occurrence, clock = block[[3, 3, 20]], np.array([0, 1, 5]), np.array([1, 0, 1])
    assert kept(some, occurrence, clock).tobytes() == plain(some, occurrence, clock).tobytes()
    assert kept(block + 1, 2, 0).tobytes() == plain(block + 1, 2, 0).tobytes()
    assert counting.asked == 4


def test_what_is_kept_cannot_be_written_to() -> None:
    block = np.arange(4)
    with pytest.raises(ValueError, match="read-only"):
        KeptLuck(AddressedLuck(3), block).stream("a")(block, 0)[0] = 0.5
