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
from sim.model.parts import CORRELATED, Booleans, Distribution, Floats, Integers, Population
from sim.model.structure import Baseline, ClinicalModel
from sim.streams import Luck, unit_exponential

_DECISION = dict(zip(CORRELATED, ("weight", "igg", "iga", "igm", "m_protein", "frailty", "age", "sex"), strict=True))


NO_FRAILTY = Distribution("fixed", 1.0)


def quantile(distribution: Distribution, uniform: Floats) -> Floats:
    """Attribute values at the given probabilities.

    Args:
        distribution: Between-patient distribution.
        uniform: Probabilities in (0, 1).

    Returns:
        Values, shape of `uniform`.
    """
    d = distribution
    if d.is_fixed:
        return np.full_like(uniform, d.fixed)
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
    people, drawing = model.population, _Drawing(model.population, luck, patient)
    number, flag, share, uniform = drawing.number, drawing.flag, drawing.share, drawing.uniform
    agent = drawing.agent()
    positive = [
        flag(name, f"patient:serostatus:{name}", positive_share)
        for name, positive_share in zip(people.serostatus, people.serostatus_proportion, strict=True)
    ]
    takes = [share(f"patient:takes:{drug.name}", drug.adherence) for drug in model.antimicrobials]
    for drug, takers in zip(model.antimicrobials, takes, strict=True):
        if drug.given_to >= 0:
            takers &= positive[drug.given_to]
    harm_delay, harm = _first_harm(model, uniform, patient)
    stop_rate = np.array([a.stop_rate for a in model.agents])[agent]
    return Baseline(
        patient=patient,
        agent=agent,
        target=np.array([a.target for a in model.agents])[agent],
        weight_kg=number("weight_kg", people.weight_kg),
        igg_mg_dl=number("igg_polyclonal_mg_dl", people.igg_polyclonal_mg_dl),
        iga_mg_dl=number("iga_mg_dl", people.iga_mg_dl),
        igm_mg_dl=number("igm_mg_dl", people.igm_mg_dl),
        m_protein_mg_dl=drawing.m_protein(),
        frailty=drawing.frailty(),
        anti_cd38=flag("anti_cd38", "patient:anti_cd38", people.anti_cd38_proportion),
        responder=flag("responder", "patient:responder", people.responder_proportion),
        age_years=number("age_years", people.age_years),
        male=drawing.male(),
        positive=_rows(positive, patient),
        takes=_rows(takes, patient),
        stop_time=stop_time(unit_exponential(uniform("treatment:stop")), stop_rate),
        death_hazard=unit_exponential(uniform("death:other")),
        harm_delay=harm_delay,
        harm=harm,
        crs_mark=uniform("toxicity:crs"),
        icans_mark=uniform("toxicity:icans"),
    )


class _Drawing:
    """Attributes of some patients, from a cohort where it gives them, else from luck.

    What is the same in everybody asks for no luck: of a small model that would take longer than all the rest.

    Args:
        people: Who the patients are.
        luck: Source of addressed uniforms.
        patient: Patient numbers, shape (n_patients,).
    """

    def __init__(self, people: Population, luck: Luck, patient: Integers) -> None:
        self._people, self._luck, self._patient = people, luck, patient
        self._given, self._row = people.cohort, patient % people.cohort.rows
        self._mixed = None if people.correlation_factor is None else self._correlated(people.correlation_factor)

    def uniform(self, decision: str) -> Floats:
        """The luck of a decision."""
        return self._luck.stream(decision)(self._patient, 0)

    def share(self, decision: str, share: float) -> Booleans:
        """Who belongs to a share of the patients."""
        if 0 < share < 1:
            return self.uniform(decision) < share
        return np.full(self._patient.size, share > 0)

    def flag(self, name: str, decision: str, share: float) -> Booleans:
        """The same, unless the cohort says who."""
        return self._given.flags[name][self._row] if name in self._given.flags else self.share(decision, share)

    def number(self, name: str, distribution: Distribution) -> Floats:
        """An attribute of the patients."""
        if name in self._given.numbers:
            return self._given.numbers[name][self._row]
        if distribution.is_fixed:
            return np.full(self._patient.size, distribution.fixed)
        return quantile(distribution, self._luck_of(name))

    def m_protein(self) -> Floats:
        """Monoclonal IgG of those whose myeloma makes it."""
        name, people = "m_protein_mg_dl", self._people
        values = self.number(name, people.m_protein_mg_dl)
        if name in self._given.numbers:
            return values
        return np.where(self.share("patient:igg_type", people.igg_type_proportion), values, 0.0)

    def frailty(self) -> Floats:
        """Multiplier of all infection rates."""
        variance = self._people.frailty_variance
        if "frailty" in self._given.numbers or variance == 0:
            return self.number("frailty", NO_FRAILTY)
        return frailty(variance, self._luck_of("frailty"))

    def male(self) -> Booleans:
        """Who is a man."""
        share = self._people.male_proportion
        if "male" in self._given.flags or share == 0:
            return self.flag("male", "patient:sex", share)
        # The upper end of the luck, so that a correlation above 0 goes with men.
        return self._luck_of("male") >= 1 - share

    def agent(self) -> Integers:
        """Index of each patient's agent."""
        if self._given.agent is not None:
            return self._given.agent[self._row]
        shares = self._people.agent_share
        if len(shares) == 1:
            return np.zeros(self._patient.size, dtype=np.int64)
        return _choice(shares, self.uniform("patient:agent"))

    def _luck_of(self, name: str) -> Floats:
        return self.uniform(f"patient:{_DECISION[name]}") if self._mixed is None else self._mixed[name]

    def _correlated(self, factor: Floats) -> dict[str, Floats]:
        """Gaussian copula: standard normals of the uniforms, mixed by the Cholesky factor, back to uniforms."""
        scores = [ndtri(self.uniform(f"patient:{decision}")) for decision in _DECISION.values()]
        # Summed term by term: a matrix product may round differently with the number of patients at hand.
        mixed = [ndtr(sum(weight * score for weight, score in zip(row, scores, strict=True))) for row in factor]
        return dict(zip(_DECISION, np.clip(mixed, 2.0**-53, 1 - 2.0**-53), strict=True))


def _choice(shares: tuple[float, ...], uniform: Floats) -> Integers:
    """Index of the interval of the cumulated shares in which each uniform falls."""
    edges = np.cumsum(shares)
    chosen = np.minimum(np.searchsorted(edges, uniform, side="right"), len(shares) - 1)
    # Shares that add up to 1 only up to rounding must not let an agent of share 0 in at the end.
    last = max(index for index, share in enumerate(shares) if share > 0)
    return np.minimum(chosen, last).astype(np.int64)


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
