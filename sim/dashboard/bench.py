"""Playing a changed scenario at once: only what the change touches is played again.

A history depends on the patients, their luck and the physical part of the model, never on prices or utilities, so
histories are kept under a digest of just that (`physical`). A strategy that never gives immunoglobulin does not
depend on what immunoglobulin does, and no strategy depends on the rule of another (`apart`). What is shown is equal
to a run of the same scenario with as many patients, to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import numpy as np

from sim.build import compile_model
from sim.dashboard.recent import Recent
from sim.engines import numpy_engine
from sim.model.accrual import COST_ITEMS, accrue
from sim.model.histories import Histories
from sim.model.parts import NEVER, NO_TOXICITY, NO_WORK_UP, Floats, Immunoglobulin, Strategy
from sim.model.structure import Baseline, ClinicalModel
from sim.outcomes import BLOCK, BlockSummary, Outcomes, summarise
from sim.population import draw_baseline
from sim.runs import RunResult
from sim.scenario import Scenario
from sim.streams import AddressedLuck

PATIENTS = 20_000
"""Patients under each strategy of a what-if."""

KEPT_HISTORIES = 24
"""Strategies whose histories are kept, about 10 MB each with 20,000 patients and eight causes."""

AT_ONCE = 2
"""Simulations at a time, whatever the number of users; others wait for their turn."""

COMPONENTS = (
    "cost",
    "qaly",
    "life_years",
    "infections_any",
    "infections_grade_3plus",
    "infection_death",
    "ig_grams",
    *(f"cost:{item}" for item in COST_ITEMS),
)
"""Outcomes that a what-if shows."""


@dataclass(frozen=True)
class Played:
    """A scenario as the bench played it.

    Attributes:
        result: Outcomes of `COMPONENTS`, and the incremental analysis.
        simulated: Strategies that had to be simulated for it; the histories of the others were there.
    """

    result: RunResult
    simulated: tuple[str, ...]


class Bench:
    """Plays scenarios on the same patients and luck, and remembers their histories."""

    def __init__(self) -> None:
        self._histories: Recent[Histories] = Recent(KEPT_HISTORIES)
        self._patients: Recent[Baseline] = Recent(4)
        self._results: Recent[RunResult] = Recent(16)
        self._turn = BoundedSemaphore(AT_ONCE)

    def play(self, scenario: Scenario, *, patients: int = PATIENTS, seed: int | None = None) -> Played:
        """Outcomes of a scenario, equal to those of `sim.run` with so many patients.

        Args:
            scenario: What to play.
            patients: Patients under each strategy.
            seed: Root of the luck; None takes the scenario's.
        """
        root = scenario.analysis.seed if seed is None else seed
        simulated: list[str] = []

        def made() -> RunResult:
            with self._turn:
                return self._play(scenario, patients, root, simulated)

        result = self._results.get((scenario.digest, patients, root), made)
        return Played(result, tuple(simulated))

    def _play(self, scenario: Scenario, n: int, seed: int, simulated: list[str]) -> RunResult:
        model, luck, patient = compile_model(scenario), AddressedLuck(seed), np.arange(n)
        bare = physical(model)
        asked = (bare.population, bare.agents, bare.immunoglobulin.harms, bare.antimicrobials)
        who = self._patients.get((digest(asked), n, seed), lambda: draw_baseline(model, luck, patient))
        keys = [(digest(apart(bare, strategy)), n, seed) for strategy in bare.strategies]
        missing = [k for k, key in enumerate(keys) if key not in self._histories]
        simulated += [model.strategies[k].name for k in missing]
        fresh = simulate(model, luck, patient, missing)
        values: list[dict[str, Floats]] = []
        for k, (strategy, key) in enumerate(zip(model.strategies, keys, strict=True)):
            histories = self._histories.get(key, partial(_found_or_made, fresh, model, luck, patient, k))
            values.append(accrue(replace(model, strategies=(strategy,)), who, histories))
        return RunResult(scenario, condensed(model, values, n), n, seed, "numpy")


def _found_or_made(
    fresh: dict[int, Histories], model: ClinicalModel, luck: AddressedLuck, patient: np.ndarray, k: int
) -> Histories:
    """Histories just simulated; or simulated now, where another user's pushed out what was there a moment ago."""
    return fresh[k] if k in fresh else simulate(model, luck, patient, [k])[k]


def simulate(
    model: ClinicalModel, luck: AddressedLuck, patient: np.ndarray, which: Sequence[int]
) -> dict[int, Histories]:
    """Histories under some of a model's strategies, by index."""
    if not which:
        return {}
    some = replace(model, strategies=tuple(model.strategies[k] for k in which))
    together = numpy_engine.simulate(some, luck, patient)
    return {k: together.of_strategy(place) for place, k in enumerate(which)}


def condensed(model: ClinicalModel, values: Sequence[dict[str, Floats]], n: int) -> Outcomes:
    """Means and paired differences of the components shown, summed over the same blocks as in a run."""
    rows = {name: np.concatenate([value[name] for value in values]) for name in COMPONENTS}
    never = np.full((len(values), n), np.inf)
    summary: BlockSummary | None = None
    for first in range(0, n, BLOCK):
        block = slice(first, min(first + BLOCK, n))
        part = {name: value[:, block] for name, value in rows.items()}
        one = summarise(part, never[:, block], never[:, block], np.zeros(0))
        summary = one if summary is None else summary.merge(one)
    if summary is None:
        message = "no patient was simulated"
        raise ValueError(message)
    names = tuple(strategy.name for strategy in model.strategies)
    return Outcomes(strategies=names, n_patients=n, summary=summary, months=np.zeros(0))


def physical(model: ClinicalModel) -> ClinicalModel:
    """The model without what only puts prices and utilities on histories.

    The price of the bispecific stays, for histories sum the drug saved while it is held.
    """
    ig, infections = model.immunoglobulin, model.infections
    nothing = np.zeros_like(infections.cost)
    return replace(
        model,
        utility_on=0.0,
        utility_off=0.0,
        agents=tuple(
            replace(
                agent,
                step_up=tuple(replace(dose, label="", hospital_days=0.0) for dose in agent.step_up),
                crs=(0.0, 0.0),
                icans=(0.0, 0.0),
            )
            for agent in model.agents
        ),
        treatment=replace(model.treatment, end_of_life_cost=0.0, hospital_day_cost=0.0),
        infections=replace(infections, cost=nothing, hospital_days=nothing, qaly_loss=nothing),
        immunoglobulin=replace(
            ig,
            reaction_probability=0.0,
            reaction_cost=0.0,
            reaction_qaly_loss=0.0,
            harms=tuple(replace(harm, cost=0.0, qaly_loss=0.0, hospital_days=0.0) for harm in ig.harms),
        ),
        regimens=tuple(
            replace(regimen, price_per_gram=0.0, administration_cost=0.0, qaly_loss=0.0) for regimen in model.regimens
        ),
        antimicrobials=tuple(
            replace(
                drug, start_cost=0.0, cost_per_month=0.0, course_cost=0.0, silent_per_month=(), silent_treated=0.0
            )
            for drug in model.antimicrobials
        ),
        igg=replace(model.igg, test_cost=0.0),
        crs=NO_TOXICITY,
        icans=NO_TOXICITY,
        tocilizumab=replace(model.tocilizumab, cost=0.0),
        laboratory=NO_WORK_UP,
        strategies=tuple(replace(strategy, label="") for strategy in model.strategies),
    )


def apart(bare: ClinicalModel, strategy: Strategy) -> ClinicalModel:
    """What the histories under one strategy depend on."""
    one = replace(bare, strategies=(strategy,))
    if strategy.start != NEVER:
        return replace(one, regimens=(bare.regimens[strategy.regimen],))
    unity = np.ones_like(bare.infections.hazard_ratio)
    return replace(
        one,
        regimens=(),
        immunoglobulin=Immunoglobulin(washout=0.0),
        infections=replace(bare.infections, hazard_ratio=unity),
    )


def digest(value: object) -> str:
    """SHA-256 of the content of compiled parts, whatever objects carry it."""
    found = hashlib.sha256()
    _feed(found, value)
    return found.hexdigest()


def _feed(found: Any, value: object) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        found.update(f"{type(value).__name__}(".encode())
        for f in fields(value):
            _feed(found, getattr(value, f.name))
    elif isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        _feed(found, tuple(value.items()))
    elif isinstance(value, tuple | list):
        found.update(f"{len(value)}[".encode())
        for item in value:
            _feed(found, item)
    else:
        found.update(f"{value!r};".encode())
