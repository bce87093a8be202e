"""The page Patients: one patient under every strategy, and where that patient stands among others."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html

from sim.dashboard import decision as told
from sim.dashboard.address import MOST_PATIENT, View
from sim.dashboard.library import Source
from sim.dashboard.pages.desk import Desk, no_single_scenario
from sim.dashboard.parts import Column, Content, Shown, figure_card, grid, label, notice, table_card
from sim.figures import individuals, patients
from sim.report.text import EVENT_ROWS, number
from sim.report.trace_text import BASELINE
from sim.scenario import Scenario
from sim.sensitivity.played import patient_values
from sim.tracing import TOTALS, Trace, event_table, igg_table, trace

SHOWN = 1_000
"""Patients in the scatter: the first of the run."""

_DIGITS = {"cost": 0, "qaly": 4, "life_years": 3}
_WORDS = {"cost": "Cost, discounted", "qaly": "QALYs, discounted", "life_years": "Life-years"}


def patients_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """One patient, played again with the run's luck."""
    scenario = source.scenario
    if scenario is None:
        return [no_single_scenario(source, "follow a patient")]
    seed = source.seed
    followed = trace(scenario, view.patient, seed=seed)
    events = event_table(scenario, view.patient, seed=seed)
    course = igg_table(scenario, view.patient, seed=seed)
    strategy = _igg_strategy(events, view.strategy)
    return [
        _cohort_note(source),
        figure_card(
            "swimlanes", lambda: patients.swimlanes(events, source.look), look=source.look, data=events, wide=True
        ),
        table_card(_totals(followed, source), picked=view.strategy),
        grid(
            figure_card(
                "igg_course",
                lambda: patients.igg_course(course, events, source.look, strategy=strategy),
                look=source.look,
                data=course[course["strategy"] == strategy],
            ),
            _among_others(source, scenario, view),
        ),
        grid(
            html.Div([html.H3("Where the strategies part"), _parting(followed)], className="card"),
            table_card(_baseline(followed, scenario), wide=False),
        ),
    ]


def _cohort_note(source: Source) -> Content:
    if source.asked.get("cohort") is None:
        return None
    told_why = (
        "This run played a cohort whose data are not kept with it. Patients here are drawn as its scenario says."
    )
    return notice(told_why, kind="warning")


def _igg_strategy(events: pd.DataFrame, picked: str) -> str:
    """The strategy picked out, else the first under which IgG is measured."""
    if picked in set(events["strategy"]):
        return picked
    tested = events.loc[events["event"] == "igg_test", "strategy"]
    return str((tested if len(tested) else events["strategy"]).iloc[0])


def _parting(followed: Trace) -> Content:
    if not followed.explanations:
        return html.P("Nowhere: this patient meets the same infections under every strategy.")
    return html.Ul([html.Li(sentence) for sentence in followed.explanations])


def _baseline(followed: Trace, scenario: Scenario) -> Shown:
    named = {"agent": scenario.agents[str(followed.baseline["agent"])].label}
    rows = [
        {"attribute": BASELINE[key][0], "value": value, "unit": BASELINE[key][1]}
        for key, value in {**followed.baseline, **named}.items()
    ]

    def value(row: dict[str, Any]) -> str:
        found = row["value"]
        return f"{number(found, 2 if found < 10 else 0)} {row['unit']}" if isinstance(found, float) else str(found)

    columns = [Column("At the start", lambda row: str(row["attribute"])), Column("Value", value)]
    return Shown("patient", f"Patient {followed.patient:,} at the first dose", pd.DataFrame(rows), columns)


def _totals(followed: Trace, source: Source) -> Shown:
    rows = [{"strategy": name, **followed.totals[name]} for name in followed.strategies]
    columns = [Column("Strategy", lambda row: label(source.look, row["strategy"]))]
    for name in TOTALS:
        words = _WORDS.get(name) or EVENT_ROWS[name][0].capitalize()
        words += f" ({source.look.currency})" if name == "cost" else ""
        digits = _DIGITS.get(name, EVENT_ROWS.get(name, ("", 1))[1] if name == "ig_grams" else 0)
        columns.append(Column(words, lambda row, name=name, digits=digits: number(row[name], digits)))  # type: ignore[misc]
    note = "One patient's history, without error: what differs between strategies is what they did."
    caption = f"Patient {followed.patient:,} under each strategy"
    return Shown("totals", caption, pd.DataFrame(rows), columns, note, lambda row: str(row["strategy"]), source.look)


def _among_others(source: Source, scenario: Scenario, view: View) -> Content:
    """The first patients of the run, the one followed marked; a click on another follows that one."""
    names = scenario.strategy_names
    against = told.comparator(source.tables, names, view.against)
    others = [name for name in names if name != against]
    if not others:
        return None
    strategy = view.strategy if view.strategy in others else others[0]
    table = differences(scenario, source.seed, strategy, against)
    said = f"The first {SHOWN:,} patients; choose a point to follow that patient."
    return figure_card(
        "patients",
        lambda: individuals.patient_differences(
            table, source.look, strategy=strategy, comparator=against, patient=view.patient
        ),
        look=source.look,
        data=table,
        said=said,
    )


def differences(scenario: Scenario, seed: int | None, strategy: str, against: str) -> pd.DataFrame:
    """Columns patient, delta_cost, delta_qaly: strategy less comparator, for the first patients."""
    root = scenario.analysis.seed if seed is None else seed
    values = patient_values(scenario, SHOWN, root, ("cost", "qaly"))
    s, c = (scenario.strategy_names.index(name) for name in (strategy, against))
    columns = {f"delta_{name}": values[name][s] - values[name][c] for name in ("cost", "qaly")}
    return pd.DataFrame({"patient": range(SHOWN), **columns})


def patient_control(view: View) -> Content:
    """The number of the patient followed."""
    box = dcc.Input(
        id="patient", type="number", value=view.patient, min=0, max=MOST_PATIENT - 1, step=1, debounce=0.4
    )
    return html.Label(["Patient number", box], className="control")
