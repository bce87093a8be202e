"""Tables of the value of information hold what each set of parameters and each trial gives by itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from sim.voi import (
    BEST_COLUMNS,
    EVPPI_COLUMNS,
    EVSI_COLUMNS,
    Evidence,
    PatientGroups,
    PlannedTrial,
    Population,
    TrialPlan,
    TwoArmBinary,
    enbs,
    evpi_table,
    evppi,
    evppi_table,
    evsi,
    trial_tables,
)


def planned() -> Evidence:
    rng = np.random.default_rng(8)
    x = pd.DataFrame({"c": rng.beta(6, 14, 300), "t": rng.beta(5, 15, 300), "idle": rng.normal(size=300)})
    nothing = np.zeros((300, 2))
    return Evidence(
        strategies=("old", "new"),
        cost=np.column_stack([nothing[:, 0], 300 - 9_000 * (x["c"] - x["t"])]),
        qaly=nothing,
        parameters=x,
        groups={"both": ("c", "t")},
        trials={"trial": PlannedTrial("t", TwoArmBinary("c", "t"), x[["c", "t"]], TrialPlan(1e5, 900, 240, 0.5))},
        population=Population(730, 8, 0.035),
        patients_played=PatientGroups(np.full(5, 40.0), rng.normal(0, 400, (5, 2)), rng.normal(0, 0.01, (5, 2))),
    )


def test_the_table_of_trials_has_what_the_trial_by_itself_gives():
    evidence, sizes = planned(), (50, 200)
    rows, best = trial_tables(evidence, [1.0], [200, 50, 50])
    trial, total = evidence.trials["trial"], float(evpi_table(evidence, [1.0])["evpi"].item())
    values = evsi(
        evidence.net_benefit(1.0),
        trial.data,
        trial.design,
        sizes,
        luck=evidence.luck(1.0),
        total=total,
        seed=evidence.seed,
    )
    curve = enbs(values, trial.plan, patients_per_year=730, years=8, discount_rate_per_year=0.035)
    assert tuple(rows.columns) == EVSI_COLUMNS
    assert tuple(best.columns) == BEST_COLUMNS
    assert rows.notna().all(axis=None)
    for row, value, size in zip(rows.to_dict(orient="records"), values, curve.sizes, strict=True):
        assert (row["wtp"], row["design"], row["n_per_arm"]) == (1.0, "trial", value.n_per_arm)
        assert (row["evsi"], row["evppi"], row["evpi"]) == (value.value, value.evppi, value.evpi)
        assert (row["population_evsi"], row["cost"], row["enbs"]) == (size.population_evsi, size.cost, size.value)
        assert row["population_evsi"] == pytest.approx(size.patients * value.value)
        assert (row["patients"], row["enbs_se"]) == (size.patients, size.standard_error)
        assert row["years_to_report"] == pytest.approx(2 * value.n_per_arm / 240 + 0.5)
    assert best["n_per_arm"].tolist() == [curve.optimal_n_per_arm]
    without, none = trial_tables(dataclasses.replace(evidence, population=None), [1.0], sizes)
    assert without[["enbs", "cost", "patients"]].isna().all(axis=None)
    assert tuple(none.columns) == BEST_COLUMNS
    assert none.empty


def test_the_table_of_parameters_has_what_each_set_by_itself_gives():
    evidence = planned()
    table = evppi_table(evidence, [1.0]).set_index("name")
    assert tuple(evppi_table(evidence, [1.0]).columns) == EVPPI_COLUMNS
    sets = {name: (name,) for name in ("c", "t", "idle")} | {"both": ("c", "t")}
    asked = {"luck": evidence.luck(1.0), "seed": evidence.seed}
    for each in evppi(evidence.net_benefit(1.0), evidence.parameters, sets, **asked):
        row = table.loc[each.name]
        assert (row["evppi"], row["standard_error"], row["share_of_evpi"]) == (
            each.value,
            each.standard_error,
            each.share_of_evpi,
        )
        assert (row["evppi_low"], row["evppi_high"], row["note"]) == (each.low, each.high, each.note)
        assert row["members"] == ", ".join(sets[each.name])
        assert row["population_evppi"] == pytest.approx(evidence.patients * each.value)
        assert row["less_than_member"] == each.less_than_member
    assert table.loc["both", "kind"] == "group"
    bare = dataclasses.replace(evidence, parameters=pd.DataFrame(index=range(300)), groups={})
    assert tuple(evppi_table(bare, [1.0]).columns) == EVPPI_COLUMNS
