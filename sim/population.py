"""Patients at t = 0, drawn from addressed luck, or real ones where a cohort gives their attributes.

A patient's attributes depend on the patient's number, the seed and the cohort alone: the same in every strategy,
engine, batch, parameter draw and population size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import expit, gammainccinv, gammaincinv, gammaln, ndtr, ndtri

from sim.model.exits import stop_time
from sim.model.parts import CORRELATED, Booleans, Distribution, Floats, Integers
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck, unit_exponential

_DECISION = dict(zip(CORRELATED, ("weight", "igg", "iga", "igm", "m_protein", "frailty", "age", "sex"), strict=True))


def quantile(distribution: Distribution, uniform: Floats) -> Floats:
    """Attribute values at the given probabilities.

    Args:
        distribution: Between-patient distribution.
        uniform: Probabilities in (0, 1).

    Returns:
        Values, shape of `uniform`.
    """
    d = distribution
    if d.kind == "fixed" or d.scale == 0:
        return np.full_like(uniform, min(max(d.location, d.low), d.high))
    if d.kind == "lognormal":
        return d.location * np.exp(d.scale * ndtri(uniform))
    if d.low > d.location:
        # Probabilities near 1 have no digits left to tell a tail apart; those of the mirror image have.
        mirrored = Distribution("normal", -d.location, d.scale, -d.high, -d.low)
        return -quantile(mirrored, 1 - uniform)
    below, above = ndtr((d.low - d.location) / d.scale), ndtr((d.high - d.location) / d.scale)
    values = d.location + d.scale * ndtri(below + uniform * (above - below))
    return np.clip(np.asarray(values, dtype=np.float64), d.low, d.high)


def frailty(variance: float, uniform: Floats) -> Floats:
    """Gamma frailty with mean 1 (Vaupel, Manton and Stallard 1979).

    Args:
        variance: theta; 0 switches frailty off.
        uniform: Probabilities in (0, 1).

    Returns:
        Multipliers Z, shape of `uniform`; within 1e-9 of the gamma quantile, relatively.
    """
    if variance == 0:
        return np.ones_like(uniform)
    pieces = _frailty_pieces(variance)
    if pieces is None:
        return np.asarray(variance * gammaincinv(1 / variance, uniform), dtype=np.float64)
    # A special function for each patient would take longer than everything else that is drawn of them together.
    place = (np.log(uniform) - np.log1p(-uniform) + _LOGIT_RANGE) * (_PIECES / (2 * _LOGIT_RANGE))
    piece = place.astype(np.int64)
    x = place - piece
    value = pieces[-1][piece]
    for coefficient in pieces[-2::-1]:
        value = value * x + coefficient[piece]
    return np.asarray(np.exp(value), dtype=np.float64)


_LOGIT_RANGE, _PIECES = 37.0, 640
"""Uniforms have logits within 36.8 of 0; on this many pieces the logarithm of a quantile is a polynomial."""
_LEAST_VARIANCE = 1e-4
"""Under it the logarithm of the gamma density has too few digits."""


@lru_cache(maxsize=64)
def _frailty_pieces(variance: float) -> tuple[Floats, ...] | None:
    """Coefficients, by power, of the quintic pieces of log Z over the logit of the uniform; None if there are none.

    log Z is nearly straight in the logit in both tails. Each piece meets its neighbours in value, slope and
    curvature, which the gamma density gives exactly.
    """
    shape, h = 1 / variance, 2 * _LOGIT_RANGE / _PIECES
    if variance < _LEAST_VARIANCE:
        return None
    logit = np.linspace(-_LOGIT_RANGE, _LOGIT_RANGE, _PIECES + 1)
    below, above = expit(logit), expit(-logit)
    x = np.where(logit < 0, gammaincinv(shape, below), gammainccinv(shape, above))
    if not np.all(x > np.finfo(np.float64).tiny):
        return None
    slope = below * above / np.exp(shape * np.log(x) - x - gammaln(shape))
    bend = slope * (above - below - (shape - x) * slope)
    value, slope, bend = np.log(variance * x), slope * h, bend * h**2
    (f, d, s), (f1, d1, s1) = ((each[:-1] for each in (value, slope, bend)), (e[1:] for e in (value, slope, bend)))
    return (
        f,
        d,
        s / 2,
        10 * (f1 - f) - 6 * d - 4 * d1 - 1.5 * s + 0.5 * s1,
        -15 * (f1 - f) + 8 * d + 7 * d1 + 1.5 * s - s1,
        6 * (f1 - f) - 3 * (d + d1) - 0.5 * (s - s1),
    )


def draw_baseline(model: ClinicalModel, luck: Luck, patient: Integers) -> Baseline:
    """Baseline attributes, and the luck of what is settled at t = 0, of the given patients.

    Args:
        model: Compiled model.
        luck: Source of addressed uniforms.
        patient: Patient numbers, shape (n_patients,).

    Returns:
        Arrays of shape (n_patients,).
    """

    def uniform(decision: str) -> Floats:
        return luck.stream(decision)(patient, 0)

    people = model.population
    cohort, row = people.cohort, patient % people.cohort.rows

    def number(name: str, drawn: Floats) -> Floats:
        return cohort.numbers[name][row] if name in cohort.numbers else drawn

    def flag(name: str, decision: str, share: float) -> Booleans:
        return cohort.flags[name][row] if name in cohort.flags else uniform(decision) < share

    luck_of = _correlated(
        {name: uniform(f"patient:{_DECISION[name]}") for name in CORRELATED}, people.correlation_factor
    )
    igg = quantile(people.igg_polyclonal_mg_dl, luck_of["igg_polyclonal_mg_dl"])
    igg_type = uniform("patient:igg_type") < people.igg_type_proportion
    m_protein = np.where(igg_type, quantile(people.m_protein_mg_dl, luck_of["m_protein_mg_dl"]), 0.0)
    agent = _choice(people.agent_share, uniform("patient:agent")) if cohort.agent is None else cohort.agent[row]
    positive = [
        flag(name, f"patient:serostatus:{name}", share)
        for name, share in zip(people.serostatus, people.serostatus_proportion, strict=True)
    ]
    harm_delay, harm = _first_harm(model, uniform, patient)
    stop_rate = np.array([a.stop_rate for a in model.agents])[agent]
    return Baseline(
        patient=patient,
        agent=agent,
        target=np.array([a.target for a in model.agents])[agent],
        weight_kg=number("weight_kg", quantile(people.weight_kg, luck_of["weight_kg"])),
        igg_mg_dl=number("igg_polyclonal_mg_dl", igg),
        iga_mg_dl=number("iga_mg_dl", quantile(people.iga_mg_dl, luck_of["iga_mg_dl"])),
        igm_mg_dl=number("igm_mg_dl", quantile(people.igm_mg_dl, luck_of["igm_mg_dl"])),
        m_protein_mg_dl=number("m_protein_mg_dl", m_protein),
        frailty=number("frailty", frailty(people.frailty_variance, luck_of["frailty"])),
        anti_cd38=flag("anti_cd38", "patient:anti_cd38", people.anti_cd38_proportion),
        responder=flag("responder", "patient:responder", people.responder_proportion),
        age_years=number("age_years", quantile(people.age_years, luck_of["age_years"])),
        # The upper end of the luck, so that a correlation above 0 goes with men.
        male=cohort.flags["male"][row] if "male" in cohort.flags else luck_of["male"] >= 1 - people.male_proportion,
        positive=_rows(positive, patient),
        takes=_rows([_takes(model, index, uniform, positive) for index in range(len(model.antimicrobials))], patient),
        stop_time=stop_time(unit_exponential(uniform("treatment:stop")), stop_rate),
        death_hazard=unit_exponential(uniform("death:other")),
        harm_delay=harm_delay,
        harm=harm,
        crs_mark=uniform("toxicity:crs"),
        icans_mark=uniform("toxicity:icans"),
    )


def _correlated(uniforms: dict[str, Floats], factor: Floats | None) -> dict[str, Floats]:
    """Gaussian copula: standard normals of the uniforms, mixed by the Cholesky factor, back to uniforms."""
    if factor is None:
        return uniforms
    scores = [ndtri(uniform) for uniform in uniforms.values()]
    # Summed term by term: a matrix product may round differently with the number of patients at hand.
    mixed = [ndtr(sum(weight * score for weight, score in zip(row, scores, strict=True))) for row in factor]
    return dict(zip(uniforms, np.clip(mixed, 2.0**-53, 1 - 2.0**-53), strict=True))


def _choice(shares: tuple[float, ...], uniform: Floats) -> Integers:
    """Index of the interval of the cumulated shares in which each uniform falls."""
    edges = np.cumsum(shares)
    chosen = np.minimum(np.searchsorted(edges, uniform, side="right"), len(shares) - 1)
    # Shares that add up to 1 only up to rounding must not let an agent of share 0 in at the end.
    last = max(index for index, share in enumerate(shares) if share > 0)
    return np.minimum(chosen, last).astype(np.int64)


def _takes(model: ClinicalModel, index: int, uniform: Callable[[str], Floats], positive: list[Booleans]) -> Booleans:
    """Whether each patient would take an antimicrobial: among those it is given to, and adherent."""
    drug = model.antimicrobials[index]
    adherent: Booleans = uniform(f"patient:takes:{drug.name}") < drug.adherence
    return adherent if drug.given_to < 0 else adherent & positive[drug.given_to]


def _first_harm(model: ClinicalModel, uniform: Callable[[str], Floats], patient: Integers) -> tuple[Floats, Integers]:
    """Months of immunoglobulin until the first harm, and which it is."""
    delay, first = np.full(patient.size, np.inf), np.full(patient.size, -1)
    for index, harm in enumerate(model.immunoglobulin.harms):
        if harm.rate > 0:
            comes = unit_exponential(uniform(f"ig:harm:{harm.name}")) / harm.rate
            delay, first = np.minimum(delay, comes), np.where(comes < delay, index, first)
    return delay, first


def _rows(rows: list[Booleans], patient: Integers) -> Booleans:
    return np.stack(rows) if rows else np.zeros((0, patient.size), dtype=np.bool_)
