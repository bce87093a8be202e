"""Patients played one by one and kept apart, so that any two analyses can be compared on the same patients."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sim.build import compile_model
from sim.engines import numpy_engine
from sim.errors import Problem, UsageError
from sim.model.accrual import accrue
from sim.model.parts import Floats
from sim.population import draw_baseline
from sim.runs.job import in_turn
from sim.scenario import Scenario
from sim.streams import AddressedLuck

MOST_PATIENTS = 1_000_000


def settled(scenario: Scenario, patients: int | None, seed: int | None) -> tuple[int, int]:
    """Patients and seed of an analysis; None takes the scenario's.

    Raises:
        UsageError: If one of them cannot be used.
    """
    n = scenario.analysis.patients if patients is None else patients
    root = scenario.analysis.seed if seed is None else seed
    problems = []
    if not 2 <= n <= MOST_PATIENTS:
        allowed = f"must be from 2, for a standard error, to {MOST_PATIENTS:,}, who are kept in memory"
        problems.append(Problem("patients", str(n), allowed))
    if not 0 <= root < 2**63:
        problems.append(Problem("seed", str(root), "must be from 0 to 2**63 - 1"))
    if problems:
        raise UsageError("this analysis cannot be started", problems)
    return n, root


def patient_values(
    scenario: Scenario, patients: int, seed: int, components: Collection[str] | None = None
) -> dict[str, Floats]:
    """Outcomes of every patient under every strategy.

    Args:
        scenario: What to play.
        patients: Patients under each strategy.
        seed: Root of the luck; the same seed is the same patients with the same luck, whatever the scenario.
        components: Components to keep (see `sim.model.accrual.accrue`); None keeps all.

    Returns:
        Component to values, each (n_strategies, n_patients), in patient order.
    """
    model, luck = compile_model(scenario), AddressedLuck(seed)
    kept: dict[str, list[Floats]] = {}
    for patient in in_turn(patients, len(model.strategies)):
        who = draw_baseline(model, luck, patient)
        values = accrue(model, who, numpy_engine.simulate(model, luck, patient, who=who))
        for name in values if components is None else components:
            kept.setdefault(name, []).append(values[name])
    return {name: np.concatenate(parts, axis=1) for name, parts in kept.items()}


def component_names(scenario: Scenario) -> tuple[str, ...]:
    """Every component that playing this scenario gives."""
    return tuple(patient_values(scenario, 1, 0))


def mean_mcse(values: Floats) -> tuple[Floats, Floats]:
    """Mean over patients (the last axis) and its Monte Carlo standard error; nan for a single patient."""
    n = values.shape[-1]
    mean = values.mean(axis=-1)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=-1, ddof=1) / np.sqrt(n)


def net_benefit(values: dict[str, Floats], wtp: float) -> Floats:
    """Net monetary benefit of every patient, (n_strategies, n_patients)."""
    benefit: Floats = wtp * values["qaly"] - values["cost"]
    return benefit


def runner_up(mean: Floats) -> tuple[int, int]:
    """Index of the highest and of the second highest; of equals the first."""
    order = np.argsort(-mean, kind="stable")
    return int(order[0]), int(order[1])
