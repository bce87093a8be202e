"""The JSON document and the tables of a value-of-information analysis."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.psa_document import records
from sim.scenario import Scenario
from sim.voi import Evidence, evpi_table, evppi_table, trial_tables


@dataclass(frozen=True, eq=False)
class VoiReport:
    """What more evidence would be worth.

    Attributes:
        source: Where the draws come from, for the title.
        evidence: The draws.
        scenario: None for an outside table.
        wtp: Thresholds; empty names none: net benefits were given as they are.
        currency: Of all amounts; empty where it is not known.
        sizes: Patients per arm.
        by_wtp: Columns `sim.voi.EVPI_COLUMNS`.
        evppi: Columns `sim.voi.EVPPI_COLUMNS`.
        evsi: Columns `sim.voi.EVSI_COLUMNS`.
        best_sizes: Columns `sim.voi.BEST_COLUMNS`.
    """

    source: str
    evidence: Evidence
    scenario: Scenario | None
    wtp: tuple[float, ...]
    currency: str
    sizes: tuple[int, ...]
    by_wtp: pd.DataFrame
    evppi: pd.DataFrame
    evsi: pd.DataFrame
    best_sizes: pd.DataFrame

    @property
    def n_draws(self) -> int:
        """Parameter draws."""
        return len(self.evidence.cost)


def assess(
    evidence: Evidence, wtp: Sequence[float], sizes: Sequence[int], *, source: str, scenario: Scenario | None = None
) -> VoiReport:
    """Value of information of one decision at each threshold.

    Args:
        evidence: Draws, with trials if there are any.
        wtp: Thresholds.
        sizes: Patients per arm of the trials.
        source: Where the draws come from.
        scenario: The scenario, if there is one.

    Raises:
        UsageError: The draws or the sizes cannot be used.
    """
    evsi, best = trial_tables(evidence, wtp, sizes)
    return VoiReport(
        source=source,
        evidence=evidence,
        scenario=scenario,
        wtp=tuple(wtp),
        currency=scenario.analysis.currency if scenario else "",
        sizes=tuple(sorted(set(sizes))),
        by_wtp=evpi_table(evidence, wtp),
        evppi=evppi_table(evidence, wtp),
        evsi=evsi,
        best_sizes=best,
    )


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
        "evppi": records(report.evppi),
        "evsi": records(report.evsi),
        "best_sizes": records(report.best_sizes),
    }


def voi_tables(report: VoiReport) -> Mapping[str, pd.DataFrame]:
    """Tidy tables of the run folder by file stem."""
    return {
        "by_wtp": report.by_wtp,
        "evppi": report.evppi,
        "evsi": report.evsi,
        "best_sizes": report.best_sizes.astype({"n_per_arm": float}),
    }


def file_digest(paths: Sequence[Path]) -> str:
    """SHA-256 of some files, in order."""
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()
