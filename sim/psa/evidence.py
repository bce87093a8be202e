"""What the value of information needs of a probabilistic analysis: just played, or read from its run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.cea import PsaTable
from sim.errors import Problem, UsageError
from sim.model.parts.units import MONTHS_PER_YEAR
from sim.psa.job import trials_of
from sim.psa.result import PsaResult
from sim.scenario import Scenario, from_tables, matching
from sim.store import read_document, read_manifest, read_table
from sim.voi import Evidence, PatientGroups, PlannedTrial, Population, TrialPlan, TwoArmBinary


def evidence_of(result: PsaResult) -> Evidence:
    """The draws of an analysis, as drawn and with the patients' luck taken out, and its scenario's trials."""
    parameters = result.draws.frame().drop(columns="draw")
    groups = patient_groups(result)
    tables = result.table, result.corrected
    return _evidence(result.scenario, *tables, parameters, trial_events(result), groups, result.seed)


def trial_events(result: PsaResult) -> pd.DataFrame:
    """Share of patients with a first severe infection within the follow-up of each trial, by draw.

    Returns:
        draw, design, control, treatment.
    """
    names = list(trials_of(result.scenario))
    frames = [
        pd.DataFrame(
            {
                "draw": np.arange(1, result.n_draws + 1),
                "design": name,
                "control": result.events[:, place, 0],
                "treatment": result.events[:, place, 1],
            }
        )
        for place, name in enumerate(names)
    ]
    empty = pd.DataFrame(columns=["draw", "design", "control", "treatment"], dtype=np.float64)
    return pd.concat(frames, ignore_index=True) if frames else empty


def patient_groups(result: PsaResult) -> pd.DataFrame:
    """Means over all draws of the groups of patients that are kept: group, patients, strategy, cost, qaly."""
    n, k = len(result.sizes), len(result.strategies)
    mean = result.groups[:, :, :2].mean(axis=0)
    return pd.DataFrame(
        {
            "group": np.repeat(np.arange(1, n + 1), k),
            "patients": np.repeat(result.sizes, k),
            "strategy": list(result.strategies) * n,
            "cost": mean[:, 0].ravel(),
            "qaly": mean[:, 1].ravel(),
        }
    )


def corrected_draws(result: PsaResult) -> pd.DataFrame:
    """Costs and QALYs by draw with the patients' luck taken out: draw, strategy, cost, qaly."""
    table, k = result.corrected, len(result.strategies)
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(1, result.n_draws + 1), k),
            "strategy": list(result.strategies) * result.n_draws,
            "cost": table.cost.ravel(),
            "qaly": table.qaly.ravel(),
        }
    )


def evidence_of_run(folder: Path) -> tuple[Evidence, Scenario]:
    """The same from a run folder of `igsim psa`, without playing anything.

    Args:
        folder: A run folder.

    Returns:
        What `evidence_of` gave when the folder was written, to the last bit, and the scenario.

    Raises:
        RunFolderError: The folder is missing, incomplete or altered.
        UsageError: It is of another command.
    """
    manifest = read_manifest(folder)
    if manifest.get("command") != "psa":
        problem = Problem(str(folder), f"a run of igsim {manifest.get('command')}", "a run folder of igsim psa")
        raise UsageError("there are no draws to learn from", [problem])
    scenario = from_tables(read_document(folder / "resolved.json"))
    draws, events, groups = (
        read_table(folder / f"{stem}.parquet") for stem in ("draws", "trial_events", "patient_groups")
    )
    drawn, corrected = (
        _table_of(read_table(folder / f"{stem}.parquet"), scenario, draws["draw"].to_numpy())
        for stem in ("psa", "psa_corrected")
    )
    seed = int(manifest["settings"]["seed"])
    return _evidence(scenario, drawn, corrected, draws.drop(columns="draw"), events, groups, seed), scenario


def _table_of(rows: pd.DataFrame, scenario: Scenario, draw: NDArray[np.int64]) -> PsaTable:
    """Costs and QALYs from rows by draw and strategy."""
    strategies = scenario.strategy_names
    cost, qaly = (rows[name].to_numpy().reshape(len(draw), len(strategies)) for name in ("cost", "qaly"))
    return PsaTable(strategies, draw, cost, qaly)


def _evidence(
    scenario: Scenario,
    table: PsaTable,
    corrected: PsaTable,
    parameters: pd.DataFrame,
    events: pd.DataFrame,
    patients: pd.DataFrame,
    seed: int,
) -> Evidence:
    voi, known = scenario.voi, dict.fromkeys(parameters.columns)
    groups = {
        name: tuple(dict.fromkeys(path for glob in globs for path in matching(glob, known)))
        for name, globs in scenario.psa.groups.items()
    }
    trials = {
        name: PlannedTrial(
            label=trial.label,
            design=TwoArmBinary("control", "treatment"),
            data=events.loc[events["design"] == name, ["control", "treatment"]].reset_index(drop=True),
            plan=TrialPlan(
                fixed_cost=trial.fixed_cost.value,
                cost_per_patient=trial.cost_per_patient.value,
                recruited_per_year=trial.recruited_per_year.value,
                follow_up_years=trial.follow_up_months.value / MONTHS_PER_YEAR,
            ),
        )
        for name, trial in trials_of(scenario).items()
    }
    k = len(table.strategies)
    cost, qaly = (patients[name].to_numpy().reshape(-1, k) for name in ("cost", "qaly"))
    population = None
    if voi is not None:
        population = Population(voi.patients_per_year.value, voi.years.value, voi.discount_rate_per_year.value)
    return Evidence(
        strategies=table.strategies,
        cost=table.cost,
        qaly=table.qaly,
        parameters=parameters,
        without_luck=(corrected.cost, corrected.qaly),
        groups={name: paths for name, paths in groups.items() if paths},
        trials=trials,
        population=population,
        patients_played=PatientGroups(patients["patients"].to_numpy()[::k], cost, qaly),
        seed=seed,
    )
