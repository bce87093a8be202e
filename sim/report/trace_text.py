"""A patient's trace as a table, and as a JSON document."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.text import number, wide_table
from sim.scenario import Scenario
from sim.tracing import Happening, Trace

BASELINE = {
    "agent": ("Bispecific antibody", ""),
    "age_years": ("Age", "years"),
    "sex": ("Sex", ""),
    "weight_kg": ("Body weight", "kg"),
    "igg_polyclonal_mg_dl": ("Polyclonal IgG", "mg/dL"),
    "iga_mg_dl": ("IgA", "mg/dL"),
    "igm_mg_dl": ("IgM", "mg/dL"),
    "m_protein_mg_dl": ("M-protein of IgG type", "mg/dL"),
    "frailty": ("Frailty (factor on infection rates)", "× average"),
    "positive_for": ("Can reactivate", ""),
    "anti_cd38": ("Anti-CD38 antibody before", ""),
    "responder": ("Responds to the bispecific", ""),
}
"""Attributes of a patient in words, with their units."""

_DIGITS = {"cost": 2, "qaly": 4, "life_years": 3, "ig_grams": 1}


def print_trace(console: Console, scenario: Scenario, traced: Trace) -> None:
    """Everything `igsim trace` says."""
    who = "; ".join(_said(name, value) for name, value in traced.baseline.items())
    console.print(Text(f"{scenario.title}: patient {traced.patient}, seed {traced.seed}", style="bold"))
    if traced.identity:
        console.print(Text(f"Cohort: {traced.identity}"))
    console.print(Text(f"At the first dose. {who}."))
    console.print()
    events = wide_table("History by month", "month", *traced.strategies, left=1 + len(traced.strategies))
    ends = {name: happenings[-1].month for name, happenings in traced.histories.items()}
    for month, row in traced.rows():
        cells = [_cell(row.get(name), month, ends[name]) for name in traced.strategies]
        events.add_row(f"{month:.2f}", *cells)
    console.print(events)
    if traced.explanations:
        console.print(Text("Where the strategies part", style="bold"))
        for sentence in traced.explanations:
            console.print(Text(sentence))
    else:
        console.print(Text("This patient meets the same infections under every strategy."))
    console.print()
    totals = wide_table(f"Totals ({scenario.analysis.currency}; costs and QALYs discounted)", "", *traced.strategies)
    for component in traced.totals[traced.strategies[0]]:
        digits = _DIGITS.get(component, 0)
        totals.add_row(component, *(number(traced.totals[name][component], digits) for name in traced.strategies))
    console.print(totals)


def _said(name: str, value: float | str) -> str:
    """An attribute of the patient: words, value, unit."""
    words, unit = BASELINE[name]
    return f"{words}: {value if isinstance(value, str) else number(value, 2)} {unit}".rstrip()


def _cell(happening: Happening | None, month: float, end: float) -> str:
    if happening is None:
        return "·" if month > end else ""
    return happening.text if happening.month == month else f"{happening.text} [month {happening.month:.2f}]"


def trace_document(scenario: Scenario, traced: Trace) -> Document:
    """The JSON document of `igsim trace`."""
    return {
        "schema": SCHEMA,
        "command": "trace",
        "scenario": scenario_part(scenario),
        "settings": {
            "patient": traced.patient,
            "seed": traced.seed,
            **({"cohort": traced.identity} if traced.identity else {}),
        },
        "baseline": clean(traced.baseline),
        "strategies": [
            {
                "name": name,
                "events": [
                    {"month": h.month, "event": h.event.name.lower(), "text": h.text} for h in traced.histories[name]
                ],
                "totals": clean(traced.totals[name]),
            }
            for name in traced.strategies
        ],
        "explanations": list(traced.explanations),
    }
