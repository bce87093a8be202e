"""A scenario of constant hazards, in which what naive analyses give is known in closed form."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sim.scenario import Scenario, from_tables

ROOT = Path(__file__).resolve().parents[2]
SEVERE_PER_MONTH = 0.06
"""Severe infections per month at frailty 1: bacterial 0.035 and viral 0.025."""


def plain(trial: dict[str, Any], *, ratio: float = 1.0, frailty: float = 0.0, **changes: Any) -> Scenario:
    """Severe infections at a constant rate, nobody dies or stops; the trial is called `study`.

    Args:
        trial: Entries of the trial beyond those usual here.
        ratio: Hazard ratio of immunoglobulin.
        frailty: Variance of the frailty.
        changes: Dotted path, written with two underscores, to a value.
    """
    tables = tomllib.loads((ROOT / "scenarios" / "tutorial.toml").read_text(encoding="utf-8"))

    def put(path: str, value: Any) -> None:
        *way, last = path.split(".")
        node = tables
        for key in way:
            node = node[key]
        node[last] = value

    put("patients.frailty_variance.value", frailty)
    put("agents.teclistamab.stop_rate_per_month.value", 0)
    put("treatment.death_rate_per_month.on_treatment.value", 0)
    put("immunoglobulin.hr.grade_3plus", {"value": ratio, "source": "assumption: test"})
    for cause in ("bacterial", "viral"):
        put(f"infections.causes.{cause}.case_fatality.grade_3plus", {"value": 0, "source": "assumption: test"})
        put(f"infections.causes.{cause}.stop_probability.grade_3plus.value", 0)
        put(f"infections.causes.{cause}.rate_per_month.BCMA.grade_1_2.value", 0)
    # IgG falls at a pace of the patient's own: immunoglobulin starts at times that no infection knows of.
    put("igg.half_life_days.value", 90)
    tables["strategies"]["preemptive"] = {
        "label": "Preemptive",
        "start": {
            "rule": "igg_below",
            "threshold_mg_dl": {"value": 300, "unit": "mg/dL", "source": "assumption: test"},
            "delay_days": {"value": 14, "unit": "days", "source": "assumption: test"},
        },
        "igg_tests": {
            "interval_months": {"value": 1, "unit": "months", "source": "assumption: test"},
            "until": "ig_ordered",
        },
    }
    put("strategies.secondary.start.delay_days.value", 0)
    for path, value in changes.items():
        put(path.replace("__", "."), value)
    usual = {
        "label": "A study",
        "source": "assumption: test",
        "kind": "randomised",
        "arms": {"none": 0.5, "primary": 0.5},
        "patients": [100],
        "accrual_months": 0,
        "follow_up_months": 12,
        "outcome": "first_infection",
        "infections": "3plus",
        "analyses": ["cox", "rate_ratio"],
    }
    tables["trials"] = {"study": {key: value for key, value in (usual | trial).items() if value is not None}}
    return from_tables(tables)
