"""The JSON document and the run folder of a probabilistic analysis."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sim.psa import PsaReport
from sim.psa.evidence import corrected_draws, patient_groups, trial_events
from sim.psa.exports import export_tables, r_script
from sim.report.document import SCHEMA, Document, assumptions, clean, findings_part, findings_table, scenario_part


def psa_document(report: PsaReport) -> Document:
    """The document of `igsim psa`, without the run folder.

    Args:
        report: A finished analysis.

    Returns:
        A JSON-ready dictionary; amounts per patient, discounted unless the name says otherwise.
    """
    result = report.result
    analysis = result.scenario.analysis
    by_wtp, by_strategy = result.curves
    return {
        "schema": SCHEMA,
        "command": "psa",
        "scenario": scenario_part(result.scenario),
        "settings": {
            "draws": result.n_draws,
            "patients": result.n_patients,
            "seed": result.seed,
            "shared_luck": result.shared_luck,
            "parameters": len(result.draws.paths),
            "currency": analysis.currency,
            "price_year": analysis.price_year,
            "wtp_per_qaly": list(result.wtp),
            "population": report.population,
        },
        "strategies": _strategies(report),
        "incremental": records(result.incremental()),
        "by_wtp": records(by_wtp),
        "by_wtp_strategy": records(by_strategy),
        "population_by_year": records(report.population_by_year),
        "precision": records(result.precision()),
        "leads": records(result.leads()),
        "evppi": records(report.evppi),
        "price_of_immunoglobulin": records(report.price),
        "subgroups": records(report.subgroups),
        "findings": findings_part(report.findings),
        "adjusted_draws": dict(result.draws.adjusted),
        "assumptions": assumptions(result.scenario),
    }


def _strategies(report: PsaReport) -> list[Document]:
    """Mean and 95 % credible interval of every outcome by strategy, in the shape of `igsim run`."""
    outcomes = report.result.outcomes()
    found = []
    for name, frame in outcomes.groupby("strategy", sort=False):
        line: Document = {"name": name, "label": report.result.scenario.strategies[str(name)].label}
        for row in frame.to_dict(orient="records"):
            key = str(row["component"]).replace("grade_", "grade")
            line |= {key: row["mean"], f"{key}_low": row["low"], f"{key}_high": row["high"]}
        found.append(dict(clean({key: value for key, value in line.items() if ":" not in key})))
    return found


def psa_tables(report: PsaReport) -> dict[str, pd.DataFrame]:
    """Tidy tables of the run folder by file stem."""
    result = report.result
    by_wtp, by_strategy = result.curves
    tables = {
        "draws": result.draws.frame(),
        "psa": result.draw_table(),
        "psa_corrected": corrected_draws(result),
        "trial_events": trial_events(result),
        "patient_groups": patient_groups(result),
        "outcomes": result.outcomes(),
        "incremental": result.incremental(),
        "by_wtp": by_wtp,
        "by_wtp_strategy": by_strategy,
        "precision": result.precision(),
        "leads": result.leads(),
        "convergence": result.convergence(),
        "population_by_year": report.population_by_year,
        "evppi": report.evppi,
        "correlations": report.correlations,
        "price_of_immunoglobulin": report.price,
        "subgroups": report.subgroups,
        "findings": findings_table(report.findings),
    }
    return tables | {f"export_{name}": table for name, table in export_tables(result).items()}


def psa_texts(report: PsaReport) -> dict[str, str]:
    """Texts of the run folder by file name."""
    return {"export_to_r.R": r_script(report.result)}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as JSON can carry them; what is missing is null."""
    rows = []
    for record in frame.to_dict(orient="records"):
        rows.append({str(key): _plain(value) for key, value in record.items()})
    return rows


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, bool) else clean(value)
