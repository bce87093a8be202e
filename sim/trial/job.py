"""The work of a virtual trial, cut into batches: some replications of one size, or some patients of the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.scenario import Scenario
from sim.streams import AddressedLuck
from sim.trial.analyses import asked_in, disagreement, estimates
from sim.trial.truth import true_values
from sim.trial.watch import Played, study_model
from sim.work import Arrays, digest_of

VERSION = 1
"""Of what a batch's arrays mean."""
PER_BATCH = 10
"""Replications of one batch."""
TRUE_PATIENTS, TRUE_BATCHES = 10_000, 20
"""Patients of one batch of the truth, and batches."""
TRUE_FIRST = 10**10
"""Number of the first of them: none of these patients is in a replication."""
LARGEST_CHECKED = 2000
"""Studies above this size are not fitted again by lifelines: it takes minutes."""


@dataclass(frozen=True)
class Replications:
    """Plays and analyses studies; picklable.

    Attributes:
        scenario: The scenario.
        name: Which of its trials.
        size: Patients of each study.
        replications: How many studies in all.
        effect: Whether immunoglobulin has its effect.
        seed: Root of the luck.
    """

    scenario: Scenario
    name: str
    size: int
    replications: int
    effect: bool
    seed: int

    @property
    def batches(self) -> range:
        """Numbers of the batches."""
        return range(-(-self.replications // PER_BATCH))

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on, and of how they are cut into batches."""
        rest = [self.name, self.size, self.replications, self.effect, self.seed]
        return digest_of(["replications", VERSION, PER_BATCH, self.scenario.digest, rest])

    def __call__(self, batch: int) -> Arrays:
        """Estimates [replication, estimand, (value, standard error, low, high)], events [replication, arm]."""
        trial = asked_in(self.scenario.trials[self.name], effect=self.effect)
        first = batch * PER_BATCH
        number = min(first + PER_BATCH, self.replications) - first
        patient = np.arange(first * self.size, (first + number) * self.size)
        model = study_model(self.scenario, trial, effect=self.effect)
        played = Played.of(model, trial, AddressedLuck(self.seed), patient)
        arm, censored = played.allotted(self.size), played.followed()
        everybody = played.watch(arm, censored)
        found, events, apart = [], [], np.full(number, np.nan)
        for k in range(number):
            seen = everybody.between(k * self.size, (k + 1) * self.size)
            found.append([(e.value, e.standard_error, e.low, e.high) for e in estimates(trial, seen)])
            events.append(np.bincount(seen.arm[seen.event_patient], minlength=len(trial.arms)))
            if first + k == 0 and self.size <= LARGEST_CHECKED:
                apart[k] = disagreement(trial, seen)
        return {"estimates": np.array(found), "events": np.array(events), "apart": apart}


@dataclass(frozen=True)
class Truth:
    """Computes the model's own value of every estimand; picklable.

    Attributes:
        scenario: The scenario.
        name: Which of its trials.
        effect: Whether immunoglobulin has its effect.
        seed: Root of the luck.
    """

    scenario: Scenario
    name: str
    effect: bool
    seed: int

    @property
    def digest(self) -> str:
        """SHA-256 of everything the results depend on."""
        return digest_of(["truth", VERSION, TRUE_PATIENTS, self.scenario.digest, self.name, self.effect, self.seed])

    def __call__(self, batch: int) -> Arrays:
        """Values of the estimands among the patients of one batch."""
        patient = TRUE_FIRST + np.arange(batch * TRUE_PATIENTS, (batch + 1) * TRUE_PATIENTS)
        trial, luck = asked_in(self.scenario.trials[self.name], effect=self.effect), AddressedLuck(self.seed)
        return {"values": true_values(self.scenario, trial, luck, patient, effect=self.effect)}
