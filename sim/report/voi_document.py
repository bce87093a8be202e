"""The JSON document and the tables of a value-of-information analysis."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sim.psa.research import VoiReport
from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.psa_document import records
from sim.report.voi_text import conclusions


def voi_document(report: VoiReport) -> Document:
    """The document of `igsim voi`, without the run folder."""
    evidence, people = report.evidence, report.evidence.population
    return {
        "schema": SCHEMA,
        "command": "voi",
        "scenario": scenario_part(report.scenario) if report.scenario else None,
        "settings": {
            "source": report.source,
            "draws": report.n_draws,
            "parameters": evidence.parameters.shape[1],
            "strategies": list(evidence.strategies),
            "seed": evidence.seed,
            "currency": report.currency,
            "wtp_per_qaly": list(report.wtp),
            "n_per_arm": list(report.sizes) if evidence.trials else [],
            "population": clean(evidence.patients),
            "patients_per_year": people.patients_per_year if people else None,
            "years": people.years if people else None,
            "discount_rate_per_year": people.discount_rate_per_year if people else None,
        },
        "designs": [
            {
                "name": name,
                "label": trial.label,
                "fixed_cost": trial.plan.fixed_cost if trial.plan else None,
                "cost_per_patient": trial.plan.cost_per_patient if trial.plan else None,
                "recruited_per_year": clean(trial.plan.recruited_per_year) if trial.plan else None,
                "follow_up_years": trial.plan.follow_up_years if trial.plan else None,
            }
            for name, trial in evidence.trials.items()
        ],
        "by_wtp": records(report.by_wtp),
        "population_by_year": records(report.population_by_year),
        "evppi": records(report.evppi),
        "evsi": records(report.evsi),
        "best_sizes": records(report.best_sizes),
        "conclusions": conclusions(report),
    }


def voi_tables(report: VoiReport) -> Mapping[str, pd.DataFrame]:
    """Tidy tables of the run folder by file stem."""
    return report.tables
