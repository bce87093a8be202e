"""The fit played back: cohorts like the published ones, simulated patient by patient.

Checks two things. That the exact curves are the model's: many patients at one parameter set, in units of their Monte
Carlo error. And what studies of the published size would have seen, each at a draw of its own from the posterior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.build import compile_model
from sim.engines import numpy_engine, simpy_engine
from sim.model.parts import ALWAYS, NEVER, Strategy
from sim.model.structure import ClinicalModel
from sim.parameters import with_values
from sim.scenario import IncidenceTarget, Scenario, StudiedCohort
from sim.scenario.calibration import FollowUp
from sim.streams import AddressedLuck, Luck
from sim.trial.estimators import cumulative_incidence
from sim.trial.follow import Seen, first_infection_on_treatment
from sim.work import Arrays, Runner, digest_of, run_batches

Floats = NDArray[np.float64]

VERSION = 1
"""Of what a batch of studies gives."""
PER_BATCH = 10


def cohort_model(scenario: Scenario, cohort: StudiedCohort, values: dict[str, float]) -> ClinicalModel:
    """The model of a studied cohort: its agents and antimicrobials, without and with immunoglobulin from the start.

    Args:
        scenario: The scenario.
        cohort: Who was studied.
        values: Values of free quantities of the model.
    """
    model = compile_model(with_values(scenario, values))
    drugs = tuple(list(scenario.antimicrobials).index(name) for name in cohort.antimicrobials)
    shares = tuple(cohort.agents.get(name, 0.0) for name in scenario.agents)
    return replace(
        model,
        population=replace(model.population, agent_share=shares),
        strategies=(
            Strategy("none", "without immunoglobulin", NEVER, antimicrobials=drugs),
            Strategy("primary", "with immunoglobulin from the first dose", ALWAYS, antimicrobials=drugs),
        ),
    )


def watch(
    model: ClinicalModel,
    target: IncidenceTarget,
    luck: Luck,
    patient: NDArray[np.int64],
    uptake: float,
    follow_up: FollowUp,
    engine: str = "numpy",
) -> Seen:
    """What a study of these patients sees.

    Args:
        model: From `cohort_model`.
        target: What counts.
        luck: Source of addressed uniforms.
        patient: Patient numbers.
        uptake: Share on immunoglobulin.
        follow_up: For how long they are watched.
        engine: numpy or simpy.
    """
    simulate = simpy_engine.simulate if engine == "simpy" else numpy_engine.simulate
    histories = simulate(model, luck, patient)
    row = (luck.stream("study:uptake")(patient, 0) < uptake).astype(np.int64)
    last = _watched_until(follow_up, luck.stream("study:follow_up")(patient, 0))
    return first_infection_on_treatment(
        histories, row, target.infections, last, exits_compete=target.exits == "compete"
    )


def _watched_until(follow_up: FollowUp, uniform: Floats) -> Floats:
    median = follow_up.median_months or np.inf
    match follow_up.pattern:
        case "administrative":
            return np.full_like(uniform, median)
        case "uniform":
            return 2 * median * uniform
        case "exponential":
            return -np.log2(uniform) * median
    return np.full_like(uniform, np.inf)


def simulated_curve(
    scenario: Scenario,
    target: IncidenceTarget,
    values: dict[str, float],
    seed: int,
    patients: int,
    engine: str = "numpy",
) -> tuple[Floats, Floats]:
    """Simulated cumulative incidence of many patients watched to the end, and its standard error.

    Args:
        scenario: A scenario with a calibration.
        target: The curve.
        values: Values of everything that is free, uptakes among them.
        seed: Root of the luck.
        patients: How many.
        engine: numpy or simpy.
    """
    _, uptake, model = _played(scenario, target, values)
    complete = FollowUp(pattern="complete")
    compete = target.model_copy(update={"exits": "compete"})
    seen = watch(model, compete, AddressedLuck(seed), np.arange(patients), uptake, complete, engine)
    share = np.array([np.mean((seen.status == 1) & (seen.months <= month)) for month in target.months])
    return share, np.sqrt(share * (1 - share) / patients)


@dataclass(frozen=True, eq=False)
class Studies:
    """Plays studies like a published one, each at a draw of its own; picklable.

    Attributes:
        scenario: A scenario with a calibration.
        target: Name of a curve in it.
        paths: Of what is drawn.
        draws: Values, [study, path].
        seed: Root of the luck.
    """

    scenario: Scenario
    target: str
    paths: tuple[str, ...]
    draws: Floats
    seed: int

    @property
    def batches(self) -> range:
        """Numbers of the batches."""
        return range(-(-len(self.draws) // PER_BATCH))

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on, and of how they are cut into batches."""
        return digest_of([VERSION, PER_BATCH, self.scenario.digest, self.target, self.paths, self.draws, self.seed])

    def __call__(self, batch: int) -> Arrays:
        """Estimates at the target's months, [study, month]."""
        assert self.scenario.calibration is not None
        target = self.scenario.calibration.targets[self.target]
        assert isinstance(target, IncidenceTarget)
        estimates = []
        for number in range(batch * PER_BATCH, min((batch + 1) * PER_BATCH, len(self.draws))):
            values = dict(zip(self.paths, self.draws[number].tolist(), strict=True))
            cohort, uptake, model = _played(self.scenario, target, values)
            patient = np.arange(number * cohort.patients, (number + 1) * cohort.patients)
            seen = watch(model, target, AddressedLuck(self.seed), patient, uptake, cohort.follow_up)
            estimates.append(cumulative_incidence(seen, target.months))
        return {"estimates": np.array(estimates)}


def replicated(
    scenario: Scenario, target: str, draws: Mapping[str, Floats], seed: int, runner: Runner = run_batches
) -> Floats:
    """Estimates of studies of the published size and follow-up, one at each draw, shape (n_draws, n_months).

    Args:
        scenario: A scenario with a calibration.
        target: Name of a curve in it.
        draws: Values of everything that is free, each of shape (n_draws,).
        seed: Root of the luck.
        runner: How studies are worked off.
    """
    studies = Studies(scenario, target, tuple(draws), np.column_stack(list(draws.values())), seed)
    return np.concatenate([batch["estimates"] for batch in runner(studies, studies.batches)])


def _played(
    scenario: Scenario, target: IncidenceTarget, values: dict[str, float]
) -> tuple[StudiedCohort, float, ClinicalModel]:
    assert scenario.calibration is not None
    cohort = scenario.calibration.cohorts[target.cohort]
    own = f"calibration.cohorts.{target.cohort}.ig_uptake"
    model = cohort_model(
        scenario, cohort, {path: v for path, v in values.items() if not path.startswith("calibration.")}
    )
    return cohort, values.get(own, cohort.ig_uptake.value), model
