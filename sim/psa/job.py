"""The work of a probabilistic analysis, cut into batches of parameter draws.

What a draw gives depends on the scenario, its number and the seed alone, so results do not depend on how draws are
put into batches, on the order of the batches, or on who computes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.model.accrual import accrue
from sim.model.grouping import TOGETHER
from sim.parameters import DrawTable, at_draw
from sim.population import draw_baseline
from sim.runs.job import in_turn
from sim.scenario import Scenario, TwoArmTrial
from sim.streams import AddressedLuck, KeptLuck, Luck
from sim.subgroups import conditions, members
from sim.work import Arrays

Floats = NDArray[np.float64]

MOST_GROUPS = 20
"""Groups of patients whose means are kept; part of the standard errors, of no consequence for the means."""
TRACKED = ("cost", "qaly", "cost:immunoglobulin")
"""Components whose group means are kept."""
FORMAT = 3


def group_sizes(n_patients: int) -> Floats:
    """Patients in each group; patient p belongs to group p modulo the number of groups.

    Args:
        n_patients: Patients in all, at least 2.
    """
    n_groups = min(MOST_GROUPS, n_patients)
    return np.bincount(np.arange(n_patients) % n_groups, minlength=n_groups).astype(np.float64)


@dataclass(frozen=True)
class PsaJob:
    """Draws of one scenario, `draws_per_batch` at a time.

    Attributes:
        scenario: What is played.
        draws: The drawn parameters.
        n_patients: Patients in each draw under each strategy, at least 2.
        seed: Root of the luck.
        draws_per_batch: Draws a batch.
        shared_luck: Whether all draws play the same patients' luck; else each draw has its own.
    """

    scenario: Scenario
    draws: DrawTable
    n_patients: int
    seed: int
    draws_per_batch: int
    shared_luck: bool = True

    @property
    def batches(self) -> range:
        """Numbers of the batches."""
        return range(-(-len(self.draws.matrix) // self.draws_per_batch))

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on, and of how they are cut into batches."""
        settings = [FORMAT, self.scenario.digest, self.n_patients, self.seed, self.draws_per_batch, self.shared_luck]
        found = hashlib.sha256(json.dumps([*settings, list(self.draws.paths)]).encode())
        found.update(np.ascontiguousarray(self.draws.matrix).tobytes())
        return found.hexdigest()

    def __call__(self, batch: int) -> Arrays:
        """Outcomes of the draws of one batch, as `play_draws` gives them."""
        first = batch * self.draws_per_batch
        numbers = range(first, min(first + self.draws_per_batch, len(self.draws.matrix)))
        scenarios = [at_draw(self.scenario, self.draws, i) for i in numbers]
        lucks: list[Luck] = [AddressedLuck(self.seed)] * len(scenarios)
        if not self.shared_luck:
            lucks = [AddressedLuck(own_seed(self.seed, i)) for i in numbers]
        return play_draws(scenarios, lucks, self.n_patients)


def own_seed(seed: int, draw: int) -> int:
    """Root of a draw that plays luck of its own; hashed, for sums of seeds collide."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:draw:{draw}".encode(), digest_size=8).digest(), "little") >> 1


def components_of(scenario: Scenario) -> tuple[str, ...]:
    """Names of the outcome components, in order."""
    model, luck, patient = compile_model(scenario), AddressedLuck(0), np.arange(1)
    return tuple(accrue(model, draw_baseline(model, luck, patient), numpy_engine.simulate(model, luck, patient)))


def play_draws(scenarios: Sequence[Scenario], lucks: Sequence[Luck], n_patients: int) -> Arrays:
    """Play scenarios that differ in parameters alone, and keep means.

    Args:
        scenarios: One a draw.
        lucks: The luck each plays; the same object for all, or one each.
        n_patients: Patients, from number 0.

    Returns:
        Arrays whose first axis is the draw, each a mean over patients:
        "mean", [draw, component, strategy];
        "groups", [draw, group, tracked component, strategy], over each group of patients;
        "subgroups", [draw, group, subgroup, 3 n_strategies + 1]: the tracked components of the members and 1 for
        each member, over all patients of the group, so that they add up;
        "events", [draw, trial, arm]: share with a severe infection within the trial's follow-up.
    """
    sizes = group_sizes(n_patients)
    models = [compile_model(scenario) for scenario in scenarios]
    chosen = conditions(scenarios[0])
    trials = list(trials_of(scenarios[0]).values())
    sums: list[Arrays] = [{} for _ in models]
    for patient in in_turn(n_patients, len(models[0].strategies)):
        first = int(patient[0])
        kept = KeptLuck(lucks[0], patient)
        for i, (scenario, model, own) in enumerate(zip(scenarios, models, lucks, strict=True)):
            luck = kept if own is lucks[0] else own
            who = draw_baseline(model, luck, patient)
            histories = numpy_engine.simulate(model, luck, patient, who=who)
            # Nobody asks for single patients but in what is tracked: the rest is summed before it is priced.
            values = accrue(model, who, histories, undiscounted=TOGETHER)
            tracked = np.stack([values[name] for name in TRACKED])
            each = np.vstack([tracked.reshape(-1, patient.size), np.ones((1, patient.size))])
            inside = np.array([*members(scenario, who, chosen).values()]).reshape(len(chosen), 1, patient.size)
            found = {
                "mean": np.stack([value.sum(axis=-1) for value in values.values()]),
                "groups": _group_sums(tracked, first, sizes.size),
                "subgroups": _group_sums(inside * each, first, sizes.size),
                "events": _events(scenario, trials, histories.illnesses.first_grade_3plus),
            }
            sums[i] = {name: sums[i][name] + value if sums[i] else value for name, value in found.items()}
    divisor = {
        "mean": n_patients,
        "events": n_patients,
        "groups": sizes[:, None, None],
        "subgroups": sizes[:, None, None],
    }
    return {name: np.stack([each[name] for each in sums]) / divisor[name] for name in divisor}


def trials_of(scenario: Scenario) -> dict[str, TwoArmTrial]:
    """Trials whose two arms are both among the strategies compared, by name."""
    designs, compared = scenario.voi.designs if scenario.voi else {}, set(scenario.strategy_names)
    return {name: trial for name, trial in designs.items() if {trial.control, trial.treatment} <= compared}


def _events(scenario: Scenario, trials: Sequence[TwoArmTrial], first: Floats) -> Floats:
    """Patients with a severe infection within each trial's follow-up, [trial, arm]; first infections by strategy."""
    names = scenario.strategy_names
    arms = [[names.index(trial.control), names.index(trial.treatment)] for trial in trials]
    counts = [(first[arm] <= t.follow_up_months.value).sum(axis=1) for t, arm in zip(trials, arms, strict=True)]
    return np.array(counts, dtype=np.float64).reshape(len(trials), 2)


def _group_sums(values: Floats, first: int, n_groups: int) -> Floats:
    """Sums over the patients of each group, [group, ...], of values [..., patient] from patient `first` on."""
    n = values.shape[-1]
    whole = n // n_groups * n_groups
    # Patients take turns, so each group is a column.
    sums = values[..., :whole].reshape(*values.shape[:-1], n // n_groups, n_groups).sum(axis=-2)
    sums[..., : n - whole] += values[..., whole:]
    return np.roll(np.moveaxis(sums, -1, 0), first % n_groups, axis=0)
