"""The JSON document and the run folder's tables of a programme."""

from __future__ import annotations

from typing import Any

from sim.capacity import CapacityResult
from sim.capacity.measures import NUMBERS
from sim.capacity.sizing import TARGET
from sim.report.capacity_text import size_lines, verdicts, warm_up_line, when_counted
from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.dsa_folder import records


def capacity_document(result: CapacityResult) -> Document:
    """The document of `igsim capacity`; amounts per replication, money undiscounted."""
    scenario, plan = result.scenario, result.scenario.programme
    assert plan is not None
    return {
        "schema": SCHEMA,
        "command": "capacity",
        "scenario": scenario_part(scenario),
        "settings": {
            "replications": result.replications,
            "seed": result.seed,
            "arrivals": result.starts.file if result.starts else "poisson",
            "starts_left_out": result.starts.left_out if result.starts else 0,
            "first_day": plan.first_day,
            "years": plan.years,
            "warm_up_months": plan.warm_up_months.value,
            "currency": scenario.analysis.currency,
            "price_year": scenario.analysis.price_year,
        },
        "arms": [_arm(result, place) for place in range(len(result.arms))],
        "infections_by_cause": [
            {**row, "label": scenario.infections.causes[str(row["cause"])].label}
            for row in records(result.infections())
        ],
        "spend_by_year": records(result.yearly()),
        "spend_by_item": records(result.items()),
        "who_paid": records(result.who_paid()),
        "hours": records(result.hourly()),
        "sizes": [
            {"what": each.what, "smallest": clean(each.smallest), "target_share_on_time": TARGET}
            for each in result.sized
        ],
        "counted": when_counted(result),
        "conclusions": [*verdicts(result), *size_lines(result)],
        "warm_up": warm_up_line(result),
    }


def _arm(result: CapacityResult, place: int) -> Document:
    frame = result.numbers()
    own = frame[frame["arm"] == result.arms[place]].set_index("measure").drop(columns="arm")
    found: dict[str, Any] = {
        measure: dict(clean(own.loc[measure].to_dict())) | {"what": words} for measure, words in NUMBERS.items()
    }
    return {"name": result.arms[place], "label": result.labels[place], "numbers": found}
