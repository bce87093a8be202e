"""Hazard ratios in force: what averts a candidate, what catches it, and grades of toxicity."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.model.hazards import beside_immunoglobulin, is_caught, takes, toxicity_grade
from sim.model.infections import is_accepted
from sim.model.parts import Antimicrobial, Floats, Tocilizumab
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck
from tests.conftest import STRATEGIES, build_model

RATIO = st.floats(0.0, 1.0)
PROBABILITY = st.floats(0.0, 0.5)
N = 20_000
MARKS = (np.arange(N) + 0.5) / N


def drug(
    name: str, severe: float, *, mild: float = 1.0, is_surveillance: bool = False, months_after: float = 0.0
) -> Antimicrobial:
    """Courses of a surveillance cost nothing here: what is caught does not hang on a price."""
    return Antimicrobial(
        name, -1, 1.0, np.array([[mild, severe]]), is_surveillance=is_surveillance, months_after=months_after
    )


def model_with(
    *drugs: Antimicrobial, listed: tuple[int, ...] | None = None, tocilizumab: bool = False
) -> ClinicalModel:
    """One strategy that lists the given drugs; tocilizumab halves infections for a month."""
    strategy = replace(
        STRATEGIES[0], antimicrobials=tuple(range(len(drugs))) if listed is None else listed, tocilizumab=tocilizumab
    )
    return build_model(
        antimicrobials=drugs,
        strategies=(strategy,),
        tocilizumab=Tocilizumab(infection_multiplier=0.5, infection_months=1.0),
    )


def people(model: ClinicalModel, n: int) -> Baseline:
    return draw_baseline(model, AddressedLuck(0), np.arange(n))


def ratio_and_bits(model: ClinicalModel, time: Floats, stop: Floats, grade: int = 1) -> tuple[list[float], list[int]]:
    n = time.size
    zero = np.zeros(n, dtype=np.int64)
    ratio, by, _ = beside_immunoglobulin(model, 0, people(model, n).takes, time, stop, zero + grade)
    return ratio.tolist(), by.tolist()


# ---------------------------------------------------------------------- what is in force


def test_factors_multiply_and_each_leaves_its_bit() -> None:
    """0.5 and 0.4 at grade >= 3, tocilizumab another 0.5 in the first month: bits 4, 8 and 2."""
    model = model_with(drug("a", 0.5), drug("b", 0.4), tocilizumab=True)
    ratio, by = ratio_and_bits(model, np.array([0.5, 1.0]), np.full(2, np.inf))
    assert ratio == pytest.approx([0.1, 0.2])
    assert by == [4 + 8 + 2, 4 + 8]


def test_a_measure_that_lowers_nothing_leaves_no_bit() -> None:
    """Grade 1-2: ratios of 1 and of 1.5; the latter raises the risk and averts nothing."""
    model = model_with(drug("a", 0.5), drug("b", 0.5, mild=1.5))
    assert ratio_and_bits(model, np.array([3.0]), np.array([np.inf]), grade=0) == ([1.5], [0])


def test_a_drug_ends_its_months_after_treatment() -> None:
    """Treatment to month 10, two months more: in force before month 12, not in it."""
    model = model_with(drug("a", 0.5, months_after=2.0))
    ratio, _ = ratio_and_bits(model, np.array([9.0, 11.9, 12.0]), np.full(3, 10.0))
    assert ratio == [0.5, 0.5, 1.0]


def test_only_who_takes_a_listed_drug_is_protected_by_it() -> None:
    model = model_with(drug("a", 0.5), drug("b", 0.4), listed=(1,))
    who = replace(people(model, 2), takes=np.array([[True, True], [True, False]]))
    zero = np.zeros(2, dtype=np.int64)
    ratio, by, _ = beside_immunoglobulin(model, 0, who.takes, np.ones(2), np.full(2, np.inf), zero + 1)
    assert ratio.tolist() == [0.4, 1.0]
    assert by.tolist() == [8, 0]
    assert takes(model, 0, 0, who).tolist() == [False, False]
    assert takes(model, 0, 1, who).tolist() == [True, False]


def test_without_measures_everything_is_one(model: ClinicalModel) -> None:
    assert ratio_and_bits(model, np.array([3.0]), np.array([np.inf])) == ([1.0], [0])


# ---------------------------------------------------------------------- what surveillance catches


def parts_of(on_ig: float, factors: tuple[float, ...], course: int) -> tuple[float, float, float]:
    """Shares of marks that become infections, are caught by `course`, or are averted for other reasons."""
    drugs = tuple(drug(str(k), f, is_surveillance=k == course) for k, f in enumerate(factors))
    model = model_with(*drugs)
    zero = np.zeros(N, dtype=np.int64)
    beside, _, courses = beside_immunoglobulin(
        model, 0, people(model, N).takes, np.ones(N), np.full(N, np.inf), zero + 1
    )
    ((index, before, after),) = courses
    assert index == course
    ig = np.full(N, on_ig)
    accepted = is_accepted(MARKS, ig * beside, zero)
    caught = is_caught(MARKS, ig, before, after, zero)
    assert not (accepted & caught).any()
    return float(accepted.mean()), float(caught.mean()), float((~accepted & ~caught).mean())


@given(on_ig=RATIO, first=RATIO, second=RATIO, course=st.integers(0, 1))
@settings(max_examples=40)
def test_marks_are_infections_caught_or_averted_otherwise(
    on_ig: float, first: float, second: float, course: int
) -> None:
    """Of a candidate's marks h f1 f2 become infections, h f (1 - factor) are caught, 1 - h f are averted otherwise.

    f is the product of all but the surveillance; evenly spread marks miss a share by one in 20,000 at most.
    """
    factors = (first, second)
    others = on_ig * factors[1 - course]
    accepted, caught, averted = parts_of(on_ig, factors, course)
    assert accepted + caught + averted == pytest.approx(1.0)
    assert accepted == pytest.approx(others * factors[course], abs=2 / N)
    assert caught == pytest.approx(others * (1 - factors[course]), abs=2 / N)


def test_surveillance_that_catches_all_leaves_no_infection() -> None:
    """Factor 0 under an hazard ratio of 0.38 of Ig: 38 % are caught, 62 % never begin."""
    assert parts_of(0.38, (0.0, 1.0), course=0) == pytest.approx((0.0, 0.38, 0.62), abs=2 / N)


def test_surveillance_beside_a_drug_that_averts_all_catches_nothing() -> None:
    assert parts_of(1.0, (0.0, 0.3), course=1) == (0.0, 0.0, 1.0)


# ---------------------------------------------------------------------- toxicity


@given(mild=PROBABILITY, severe=PROBABILITY)
def test_grades_come_with_their_probabilities(mild: float, severe: float) -> None:
    grade = toxicity_grade(MARKS, (np.full(N, mild), np.full(N, severe)))
    assert (grade == 1).mean() == pytest.approx(severe, abs=2 / N)
    assert (grade == 0).mean() == pytest.approx(mild, abs=2 / N)
    assert set(grade.tolist()) <= {-1, 0, 1}


@given(mild=PROBABILITY, severe=PROBABILITY, lower=st.tuples(RATIO, RATIO), mark=st.floats(1e-9, 1 - 1e-9))
def test_lowering_a_probability_never_worsens_a_patient(
    mild: float, severe: float, lower: tuple[float, float], mark: float
) -> None:
    before = toxicity_grade(np.array([mark]), (np.array([mild]), np.array([severe])))
    after = toxicity_grade(np.array([mark]), (np.array([mild * lower[0]]), np.array([severe * lower[1]])))
    assert after[0] <= before[0]


def test_the_worst_marks_are_the_smallest() -> None:
    grade = toxicity_grade(MARKS, (np.full(N, 0.3), np.full(N, 0.1)))
    assert all(earlier >= later for earlier, later in pairwise(grade.tolist()))


def test_two_surveillances_share_a_candidate_out_and_neither_charges_for_the_other() -> None:
    """Factors 0.5 and 0.4 at a ratio of Ig of 1: marks 0.5-1 are caught by the first, 0.2-0.5 by the second."""
    model = model_with(drug("a", 0.5, is_surveillance=True), drug("b", 0.4, is_surveillance=True))
    zero, ig = np.zeros(N, dtype=np.int64), np.ones(N)
    beside, _, courses = beside_immunoglobulin(
        model, 0, people(model, N).takes, np.ones(N), np.full(N, np.inf), zero + 1
    )
    first, second = (is_caught(MARKS, ig, before, after, zero) for _, before, after in courses)
    accepted = is_accepted(MARKS, ig * beside, zero)
    assert (first.astype(int) + second + accepted == 1).all()
    assert MARKS[first].min() == pytest.approx(0.5, abs=2 / N)
    assert MARKS[second].min() == pytest.approx(0.2, abs=2 / N)
    assert MARKS[second].max() == pytest.approx(0.5, abs=2 / N)
