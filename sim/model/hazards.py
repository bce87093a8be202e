"""The hazard ratio in force: everything that lowers or raises a patient's risk at the moment of a candidate."""

from __future__ import annotations

import numpy as np

from sim.model.infections import is_accepted
from sim.model.parts import Booleans, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel

IMMUNOGLOBULIN, TOCILIZUMAB = 1, 2
FIRST_ANTIMICROBIAL = 4
"""Bits of `by`: what kept a candidate from becoming an infection; antimicrobial m has bit 4 * 2**m."""


def in_force_until(model: ClinicalModel, antimicrobial: int, stop: Floats) -> Floats:
    """Month until which an antimicrobial is taken, given the end of the bispecific."""
    return stop + model.antimicrobials[antimicrobial].months_after


def takes(model: ClinicalModel, strategy: int, antimicrobial: int, who: Baseline) -> Booleans:
    """Which patients take an antimicrobial under a strategy, shape (n_patients,)."""
    listed = antimicrobial in model.strategies[strategy].antimicrobials
    return np.asarray(who.takes[antimicrobial] & listed)


def beside_immunoglobulin(
    model: ClinicalModel,
    strategy: int,
    taken: Booleans,
    time: Floats,
    stop: Floats,
    kind: Integers,
    column: Integers | None = None,
) -> tuple[Floats, Integers, list[tuple[int, Floats, Floats]]]:
    """Hazard ratio of everything but immunoglobulin under one strategy.

    Args:
        model: Compiled model.
        strategy: Strategy index.
        taken: Whether each patient would take each antimicrobial, [antimicrobial, patient].
        time: Month of the candidate, (n,).
        stop: Month at which the bispecific ends, (n,).
        kind: Place of its cause and grade in a table [cause, grade] laid out in a row, (n,).
        column: Whose candidate each is, (n,); None if each patient has one.

    Returns:
        The product, (n,); the bits of what lowers it, (n,); for each surveillance (whose averted infections are
        courses), its index and the product before and after it. Plain prophylaxis comes first and
        surveillances in the strategy's order, so a candidate is caught by at most one of them.
    """
    listed = model.strategies[strategy].antimicrobials
    plain = [index for index in listed if not model.antimicrobials[index].is_surveillance]
    watching = [index for index in listed if model.antimicrobials[index].is_surveillance]
    ratio, by = np.ones_like(time), np.zeros_like(kind)
    if model.strategies[strategy].tocilizumab:
        active = time < model.tocilizumab.infection_months
        factor = np.where(active, model.tocilizumab.infection_multiplier, 1.0)
        ratio, by = ratio * factor, by | np.where(factor < 1, TOCILIZUMAB, 0)
    courses = []
    for index in (*plain, *watching):
        drug, before = model.antimicrobials[index], ratio
        # A drug acts on few causes: the others, most of the candidates, are not looked at.
        at = np.flatnonzero((drug.hazard_ratio != 1).ravel()[kind])
        at = at[
            taken[index, at if column is None else column[at]] & (time[at] < in_force_until(model, index, stop[at]))
        ]
        factor = drug.hazard_ratio.ravel()[kind[at]]
        ratio = before.copy() if index in watching else before
        ratio[at] *= factor
        by[at] |= np.where(factor < 1, FIRST_ANTIMICROBIAL << index, 0)
        if index in watching:
            courses.append((index, before, ratio))
    return ratio, by, courses


def is_caught(mark: Floats, on_ig: Floats, before: Floats, after: Floats, layer: Integers) -> Booleans:
    """Whether surveillance kept a candidate from becoming an infection that everything else would have let through.

    Args:
        mark: Acceptance mark.
        on_ig: Hazard ratio of immunoglobulin.
        before: Product of the other measures up to this surveillance.
        after: The same with it.
        layer: Layer of the candidate.

    Returns:
        True where the candidate is accepted at `before` and no longer at `after`.
    """
    return is_accepted(mark, on_ig * before, layer) & ~is_accepted(mark, on_ig * after, layer)


def toxicity_grade(mark: Floats, by_grade: tuple[Floats, Floats]) -> Integers:
    """Grade index of a CRS or ICANS from its uniform mark; -1 for none.

    Args:
        mark: Uniform luck; small marks are severe, so lowering a probability never worsens a patient.
        by_grade: Probability of grade 1-2 and of grade >= 3.

    Returns:
        -1, 0 or 1, shape of `mark`.
    """
    mild, severe = by_grade
    return np.where(mark < severe, 1, np.where(mark < severe + mild, 0, -1))


def subject_ratio(marginal: Floats, cumulative_hazard: Floats, frailty_variance: float) -> Floats:
    """Hazard ratio of a patient that shows as `marginal` in a cohort followed for the first infection.

    Under gamma frailty of variance v the marginal cumulative hazard is log(1 + v H) / v (Vaupel, Manton and Stallard
    1979). The ratio of the cumulative hazards of treated and untreated at the end of follow-up is `marginal` if
    log(1 + v h H) = marginal * log(1 + v H), which gives h in closed form; it lies further from 1.

    Args:
        marginal: Published ratio.
        cumulative_hazard: H of an untreated patient of frailty 1 over the follow-up, broadcasts.
        frailty_variance: v; at 0 both readings are one.

    Returns:
        Subject-specific ratio, broadcast shape.
    """
    spread = frailty_variance * np.asarray(cumulative_hazard, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        subject = np.expm1(marginal * np.log1p(spread)) / spread
    return np.where(spread > 0, subject, marginal)
