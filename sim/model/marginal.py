"""Hazard ratios of a cohort translated into those of its patients.

A cohort is read as a study would read it. Its patients are followed from the first dose until their first infection
of the kind in question, the end of the bispecific, death, or the end of the study; all but the first of these
censor. The ratio is that of the Nelson-Aalen cumulative hazards, at the end of the study, of patients protected
throughout and of patients never protected. Frail patients, and those with fewer antimicrobials, fall ill first and
leave the risk set, later so with immunoglobulin than without, which brings the ratio nearer to 1 than the effect on
each patient.

Patients differ by frailty, which is gamma distributed, and by *stratum*: agent, response, serostatus, and the
antimicrobials that they take. At a month t a patient of stratum x and frailty Z, whose exposure clock shows S, has
had no infection and is still followed with probability exp(-d t - Z (h r + q) S), with r the rate of the infections
in question, h the patient's own ratio, d the rate of ends of treatment, and q the rate of other infections that end
the follow-up. The mean over Z is in closed form (Vaupel, Manton and Stallard 1979); strata are summed, and months
integrated by Gauss-Legendre quadrature between the months at which a clock changes its speed. Deaths without
infection befall all alike and cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import Problem, ScenarioError
from sim.model.hazards import subject_ratio
from sim.model.pace import Pace
from sim.model.parts import GRADE_1_2, GRADE_3PLUS, Booleans, Floats
from sim.model.structure import ClinicalModel

NODES = 6
"""Quadrature nodes between two cuts; the integrand is smooth there."""
CUTS = 4.0 ** -np.arange(1, 5)
"""Further cuts, as shares of the follow-up: where a ratio is large, the frail fall ill at once."""
ROUNDS = 6
"""Times that the grade >= 3 ratios are solved for in turn; each depends on the others through who is followed on."""
SMALLEST = 1e-300
"""Where the search for a ratio begins at the least."""
LARGEST = 100.0
"""A stated ratio that asks for more than this of patients is refused: nearly all of the cohort are ill without it."""


@dataclass(frozen=True)
class Strata:
    """The patients of a cohort, by everything but frailty that makes their rates differ.

    Attributes:
        weight: Share of each stratum, (n_strata,).
        rate: Infections per month at frailty 1 and clock speed 1, with the cohort's antimicrobials,
            [stratum, cause, grade].
        stop_rate: Ends of the bispecific per month, (n_strata,).
        cuts: Months from 0 to the end of follow-up, among them those at which a clock changes speed, (n_pieces + 1,).
        speed: Speed of the exposure clock in each piece, [stratum, piece].
        ends_follow_up: Probability that a grade >= 3 infection kills or ends the bispecific, (n_causes,).
        frailty_variance: Variance of the gamma frailty; 0 for none.
    """

    weight: Floats
    rate: Floats
    stop_rate: Floats
    cuts: Floats
    speed: Floats
    ends_follow_up: Floats
    frailty_variance: float

    @classmethod
    def of(cls, model: ClinicalModel, antimicrobials: Sequence[int], follow_up: float) -> Strata:
        """The patients of a model, all with the same antimicrobial package.

        Args:
            model: Compiled model.
            antimicrobials: Indices of the package.
            follow_up: Months.
        """
        ill, pace = model.infections, Pace.of(model)
        changes = pace.starts[np.isfinite(pace.starts)]
        cuts = np.unique([0.0, follow_up, *(follow_up * CUTS), *changes[(changes > 0) & (changes < follow_up)]])
        treated: dict[tuple[int, float], float] = {}
        for agent, share in zip(model.agents, model.population.agent_share, strict=True):
            place = (agent.target, agent.stop_rate)
            treated[place] = treated.get(place, 0.0) + share
        respond = model.population.responder_proportion
        branches = _branches(model, antimicrobials)
        share_of, factor = np.array([share for share, _ in branches]), np.stack([factor for _, factor in branches])
        weight, rate, stop, speed = [], [], [], []
        for (target, stop_rate), share in treated.items():
            # Where responders are dosed like the others, their clock is the same.
            parts = ((0, 1 - respond), (1, respond)) if np.isfinite(model.treatment.reduced_from) else ((0, 1.0),)
            for responds, part in parts:
                if share * part > 0:
                    weight.append(share * part * share_of)
                    rate.append(ill.rate[target] * factor)
                    stop.append(np.full(share_of.size, stop_rate))
                    speed.append(np.tile(_speeds(pace, 2 * target + responds, cuts[:-1]), (share_of.size, 1)))
        return cls(
            weight=np.concatenate(weight),
            rate=np.concatenate(rate),
            stop_rate=np.concatenate(stop),
            cuts=cuts,
            speed=np.concatenate(speed),
            ends_follow_up=ill.case_fatality + (1 - ill.case_fatality) * ill.stop_probability,
            frailty_variance=model.population.frailty_variance,
        )


def _branches(model: ClinicalModel, antimicrobials: Sequence[int]) -> list[tuple[float, Floats]]:
    """Shares of patients by serostatus and antimicrobials taken, and the factors on their rates, [cause, grade]."""
    drugs = [model.antimicrobials[index] for index in antimicrobials]
    asked = {*model.infections.only_in.tolist(), *(drug.given_to for drug in drugs)}
    found: list[tuple[float, frozenset[int], Floats]] = [
        (1.0, frozenset({-1}), np.ones(model.infections.rate.shape[1:]))
    ]
    for status, share in enumerate(model.population.serostatus_proportion):
        if status in asked:
            spared = np.where(model.infections.only_in == status, 0.0, 1.0)[:, None]
            found = [
                branch
                for weight, positive, factor in found
                for branch in (
                    (weight * share, positive | {status}, factor),
                    (weight * (1 - share), positive, factor * spared),
                )
            ]
    for drug in drugs:
        found = [
            branch
            for weight, positive, factor in found
            for branch in (
                (weight * drug.adherence, positive, factor * drug.hazard_ratio),
                (weight * (1 - drug.adherence), positive, factor),
            )
            if drug.given_to in positive
        ] + [branch for branch in found if drug.given_to not in branch[1]]
    return [(weight, factor) for weight, _, factor in found if weight > 0]


def _speeds(pace: Pace, group: int, starts: Floats) -> Floats:
    """Speed of a clock from each of the given months on."""
    own = pace.starts[group][np.isfinite(pace.starts[group])]
    speeds: Floats = pace.speeds[group][np.searchsorted(own, starts, side="right") - 1]
    return speeds


def subject_ratios(stated: Floats, single: Booleans, strata: Strata) -> Floats:
    """Patients' hazard ratios [cause, grade] that show in a cohort as those stated.

    Args:
        stated: Ratios of the cohort, [cause, grade]. 0 and 1 are taken as they are: no infection, and no effect.
        single: Causes that have a ratio of their own, (n_causes,): that of the first infection of this cause. The
            ratio of the others, one for all of them, is that of the first infection of any of them.
        strata: The cohort.

    Returns:
        Ratios of patients, [cause, grade].
    """
    kinds = [np.arange(single.size) == cause for cause in np.flatnonzero(single)]
    kinds += [] if single.all() else [~single]
    found, cohort = stated.copy(), _Cohort(strata)
    for _ in range(ROUNDS if len(kinds) > 1 else 1):
        before = found.copy()
        for kind in kinds:
            found[kind, GRADE_3PLUS] = cohort.solve(stated[kind, GRADE_3PLUS][0], kind, GRADE_3PLUS, found)
        if np.allclose(found, before, rtol=1e-7, atol=0):
            break
    for kind in kinds:
        found[kind, GRADE_1_2] = cohort.solve(stated[kind, GRADE_1_2][0], kind, GRADE_1_2, found)
    return found


class _Cohort:
    """A cohort at the nodes of the quadrature."""

    def __init__(self, strata: Strata) -> None:
        self.strata = strata
        node, weight = np.polynomial.legendre.leggauss(NODES)
        width, piece = np.diff(strata.cuts), np.repeat(np.arange(len(strata.cuts) - 1), NODES)
        within = np.tile((node + 1) / 2, len(width)) * width[piece]
        self.step = np.tile(weight / 2, len(width)) * width[piece]
        self.speed = strata.speed[:, piece]
        shown = np.cumsum(strata.speed * width, axis=1)
        before = np.concatenate([np.zeros((len(shown), 1)), shown[:, :-1]], axis=1)
        self.shown = before[:, piece] + self.speed * within
        months = strata.cuts[piece] + within
        with np.errstate(divide="ignore"):
            self.log_followed = np.log(strata.weight)[:, None] - strata.stop_rate[:, None] * months

    def solve(self, stated: float, kind: Booleans, grade: int, ratios: Floats) -> float:
        """The ratio of patients that shows as `stated`, those of other infections being `ratios`."""
        rate = self.strata.rate[:, kind, grade].sum(axis=1)
        # A study of a cause is one of the patients that it can strike.
        struck = (rate > 0) & (self.strata.weight > 0)
        if stated in (0.0, 1.0) or not struck.any():
            return stated
        rate, speed, shown = rate[struck], self.speed[struck], self.shown[struck]
        log_followed = self.log_followed[struck]
        others = self.strata.rate[struck, :, GRADE_3PLUS] * self.strata.ends_follow_up
        if grade == GRADE_3PLUS:
            others = np.where(kind, 0.0, others)

        def cumulative(ratio: float, exits: Floats) -> float:
            """Nelson-Aalen cumulative hazard at the end of follow-up."""
            variance = self.strata.frailty_variance
            gone = (ratio * rate + exits)[:, None] * shown
            left = np.log1p(variance * gone) / variance if variance > 0 else gone
            # Only shares of those still followed count, so the largest may be taken for 1: never 0 of 0.
            still = log_followed - left
            still = np.exp(still - still.max(axis=0))
            ill = still * speed / (1 + variance * gone)
            return float((self.step * (ratio * rate @ ill) / still.sum(axis=0)).sum())

        wanted = stated * cumulative(1.0, others.sum(axis=1))
        if wanted == 0:
            return stated
        exits = (others * ratios[:, GRADE_3PLUS]).sum(axis=1)
        hazard = np.average(rate * shown.max(axis=1), weights=self.strata.weight[struck])
        guess = float(subject_ratio(np.array(stated), np.array(hazard), self.strata.frailty_variance))
        # A guess of 0, from a stated ratio next to nothing, would stay 0 however often it is doubled.
        guess = min(max(guess, SMALLEST), LARGEST)
        low = 0.8 * guess
        while cumulative(low, exits) > wanted:
            low /= 2
        if cumulative(LARGEST, exits) < wanted:
            raise _unmet(stated, grade)
        # Imported here: few scenarios have marginal ratios, and the library is slow to load.
        from scipy.optimize import brentq

        high = min(1.2 * guess, LARGEST)
        while cumulative(high, exits) < wanted:
            high = min(2 * high, LARGEST)
        return float(brentq(lambda ratio: cumulative(ratio, exits) - wanted, low, high, xtol=1e-12, rtol=1e-10))


def _unmet(stated: float, grade: int) -> ScenarioError:
    kind = "grade >= 3" if grade == GRADE_3PLUS else "grade 1-2"
    allowed = (
        f'cannot show in this cohort unless each patient\'s own ratio is over {LARGEST:g}; take effect = "subject", '
        "or a shorter marginal_follow_up_months"
    )
    place = f"immunoglobulin, marginal hazard ratio of {kind} infections"
    return ScenarioError("a marginal hazard ratio cannot be met", [Problem(place, f"{stated:g}", allowed)])
