"""JSON documents of `igsim dsa`: one for each question it answers."""

from __future__ import annotations

from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.dsa_folder import records
from sim.scenario import Scenario
from sim.sensitivity import Outcome, PriceThresholds, Sweep, Thresholds, Tornado


def _document(scenario: Scenario, kind: str, settings: Document) -> Document:
    return {
        "schema": SCHEMA,
        "command": "dsa",
        "kind": kind,
        "scenario": scenario_part(scenario),
        "settings": {"currency": scenario.analysis.currency, **settings},
    }


def outcome_part(outcome: Outcome) -> Document:
    """Which outcome was looked at."""
    return {
        "outcome": outcome.name,
        "strategy": outcome.strategy,
        "comparator": outcome.comparator,
        "wtp": outcome.wtp,
    }


def tornado_document(scenario: Scenario, result: Tornado) -> Document:
    """The document of a tornado."""
    settings = {"patients": result.patients, "seed": result.seed, **outcome_part(result.outcome)}
    return _document(scenario, "tornado", settings) | {
        "base": clean({"outcome": result.base, "mcse": result.base_mcse, "best": result.best}),
        "tornado": records(result.table),
    }


def two_way_document(scenario: Scenario, result: Sweep) -> Document:
    """The document of a two-way analysis."""
    settings = {
        "patients": result.patients,
        "seed": result.seed,
        "wtp": result.wtps[0],
        "comparator": result.comparator,
        "paths": list(result.paths),
    }
    inmb = f"inmb_{result.wtps[0]:g}"
    columns = ["point", *result.paths, "strategy", "cost", "qaly", "status", inmb, f"{inmb}_mcse"]
    return _document(scenario, "two-way", settings) | {
        "decisions": records(result.decisions),
        "strategies": records(result.table[columns].rename(columns={inmb: "inmb", f"{inmb}_mcse": "inmb_mcse"})),
    }


def thresholds_document(scenario: Scenario, result: Thresholds) -> Document:
    """The document of a threshold search."""
    settings = {
        "patients": result.patients,
        "seed": result.seed,
        "wtp": result.wtp,
        "path": result.path,
        "unit": result.unit,
        "between": [result.low, result.high],
    }
    return _document(scenario, "threshold", settings) | {
        "thresholds": records(result.table),
        "scan": records(result.scan),
    }


def prices_document(scenario: Scenario, result: PriceThresholds) -> Document:
    """The document of exact price thresholds."""
    settings = {
        "patients": result.patients,
        "seed": result.seed,
        "path": result.path,
        "unit": result.unit,
        "price": result.value,
        "cost_item": result.item,
    }
    return _document(scenario, "price", settings) | {
        "thresholds": records(result.table),
        "best_by_price": records(result.choice),
    }
