"""The JSON document of a run: stable, versioned, one object on standard output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sim.cohort import Cohort
from sim.model.accrual import COST_ITEMS
from sim.runs import RunResult
from sim.runs.detect import Finding
from sim.scenario import Scenario, quantities

SCHEMA = 1

Document = dict[str, Any]


def clean(value: object) -> Any:
    """A value as JSON can carry it: numbers that are not finite become null, NumPy scalars plain numbers."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def scenario_part(scenario: Scenario) -> Document:
    """What identifies the scenario."""
    return {"title": scenario.title, "file": scenario.files[0] if scenario.files else None, "digest": scenario.digest}


def inputs(scenario: Scenario) -> list[Document]:
    """Every quantity of a scenario with its unit, distribution and source, in the order of the file format."""
    return [
        {"input": path, "value": quantity.value, "unit": unit, "dist": quantity.dist, "source": quantity.source}
        for path, quantity, unit in quantities(scenario)
    ]


def assumptions(scenario: Scenario) -> list[Document]:
    """Every input whose source is an assumption, a recollection or nothing, in the order of the file format."""
    return [
        {
            "input": path,
            "value": quantity.value,
            "unit": unit,
            "kind": quantity.standing,
            "source": quantity.source,
        }
        for path, quantity, unit in quantities(scenario)
        if quantity.standing != "sourced"
    ]


def cohort_part(cohort: Cohort | None, patients: int) -> Document | None:
    """Which real patients were played, and what of them was drawn; their data stay where they are."""
    if cohort is None:
        return None
    return {
        "file": cohort.file,
        "sha256": cohort.sha256,
        "rows": cohort.rows,
        "columns": dict(cohort.columns),
        "drawn": list(cohort.drawn),
        "left_alone": list(cohort.left_alone),
        "standard_errors": cohort.errors_of(patients) or None,
    }


def findings_part(findings: Sequence[Finding]) -> list[Document]:
    """Silent inputs and outputs."""
    return [
        {"kind": finding.kind.value, "where": finding.where, "explanation": finding.explanation}
        for finding in findings
    ]


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """The same as a table: kind, where, explanation."""
    return pd.DataFrame(findings_part(findings), columns=["kind", "where", "explanation"], dtype=object)


def run_document(result: RunResult) -> Document:
    """The document of `igsim run`, without the run folder.

    Args:
        result: A finished run.

    Returns:
        A JSON-ready dictionary; amounts per patient, discounted unless the name says otherwise.
    """
    analysis = result.scenario.analysis
    return {
        "schema": SCHEMA,
        "command": "run",
        "scenario": scenario_part(result.scenario),
        "settings": {
            "patients": result.patients,
            "target_mcse": result.target_mcse,
            "cohort": cohort_part(result.cohort, result.patients),
            "seed": result.seed,
            "engine": result.engine,
            "perspective": analysis.perspective,
            "currency": analysis.currency,
            "price_year": analysis.price_year,
            "horizon_months": analysis.horizon_months.value,
            "discount_rate_costs_per_year": analysis.discount_rate_costs_per_year.value,
            "discount_rate_effects_per_year": analysis.discount_rate_effects_per_year.value,
            "discounting": "continuous, (1 + rate) ** -years",
            "bispecific_drug_cost_included": result.scenario.treatment.include_drug_cost,
            "wtp_per_qaly": list(analysis.wtp_per_qaly),
        },
        "strategies": [_strategy(result, index) for index in range(len(result.outcomes.strategies))],
        "incremental": _incremental(result),
        "efficiency": [
            {key: value if isinstance(value, str) else clean(value) for key, value in row.items()}
            for row in result.efficiency().to_dict(orient="records")
        ],
        "findings": findings_part(result.findings),
        "assumptions": assumptions(result.scenario),
    }


def _strategy(result: RunResult, index: int) -> Document:
    outcomes = result.outcomes
    name = outcomes.strategies[index]
    line: Document = {"name": name, "label": result.scenario.strategies[name].label}
    for component in outcomes.components:
        if ":" in component:
            continue
        key = component.replace("grade_", "grade")
        line[key] = outcomes.mean(component)[index]
        line[f"{key}_mcse"] = outcomes.mcse(component)[index]
    line["costs"] = {item: outcomes.mean(f"cost:{item}")[index] for item in COST_ITEMS}
    line["infections"] = {
        component.removeprefix("infections:"): outcomes.mean(component)[index]
        for component in outcomes.components
        if component.startswith("infections:")
    }
    cost, qaly = outcomes.mean("cost")[index], outcomes.mean("qaly")[index]
    line["nmb"] = {f"{wtp:g}": wtp * qaly - cost for wtp in result.scenario.analysis.wtp_per_qaly}
    return dict(clean(line))


def _incremental(result: RunResult) -> list[Document]:
    wtps = [f"{wtp:g}" for wtp in result.scenario.analysis.wtp_per_qaly]
    rows = []
    for record in result.table().to_dict(orient="records"):
        line = {str(key): value for key, value in record.items() if not str(key).startswith("inmb_")}
        for key in ("comparator", "icer", "icer_low", "icer_high", "icer_shape"):
            line[key] = None if isinstance(line[key], float) and math.isnan(line[key]) else line[key]
        line["inmb"] = {wtp: record[f"inmb_{wtp}"] for wtp in wtps}
        line["inmb_mcse"] = {wtp: record[f"inmb_{wtp}_mcse"] for wtp in wtps}
        rows.append(dict(clean(line)))
    return rows
