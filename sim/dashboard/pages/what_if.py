"""The page What-if: sliders, and what the model answers.

`layout` is the page as it opens; `answer` is what a position of the sliders gives, a function of numbers without
anything of the page in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd
from dash import dcc, html

from sim.dashboard import decision as told
from sim.dashboard.address import View
from sim.dashboard.bench import PATIENTS, Bench
from sim.dashboard.levers import Lever, levers, overrides
from sim.dashboard.library import Source
from sim.dashboard.pages import tables as shown
from sim.dashboard.pages.desk import Desk, file_of, no_single_scenario
from sim.dashboard.parts import (
    Column,
    Content,
    Shown,
    emphasise,
    estimate,
    is_number,
    label,
    live_card,
    notice,
    spoken,
)
from sim.figures import Look, benefit, plane, resources
from sim.figures.style import Drawing
from sim.report.text import number
from sim.runs import RunResult
from sim.scenario import Scenario, with_overrides

FIGURES = ("live_plane", "live_benefit", "live_costs")

CHANGES = {
    "cost": ("Cost", 0),
    "qaly": ("QALYs", 4),
    "infections_any": ("Infections", 3),
    "infections_grade_3plus": ("Infections of grade\u00a0≥\u00a03", 3),
    "infection_death": ("Deaths of infection, share", 4),
    "ig_grams": ("Grams of immunoglobulin", 1),
}


@dataclass(frozen=True)
class Question:
    """Where the sliders stand.

    Attributes:
        moved: Lever's key to its position.
        wtp: Willingness to pay per QALY.
        against: Comparator; empty for the reference.
        strategy: Strategy picked out; empty for none.
    """

    moved: Mapping[str, float]
    wtp: float
    against: str = ""
    strategy: str = ""


@dataclass(frozen=True)
class Answer:
    """What the model says to a question.

    Attributes:
        verdict: Which strategy is best, in a sentence.
        status: How it was found.
        tables: What is shown as tables.
        figures: Those of `FIGURES`.
        command: The command that does the same.
    """

    verdict: str
    status: str
    tables: tuple[Shown, ...]
    figures: Mapping[str, Drawing]
    command: str


def changed_scenario(scenario: Scenario, moved: Mapping[str, float]) -> Scenario:
    """The scenario with its levers moved, held to all its own rules.

    Raises:
        InputError: The model refuses the combination; carries every problem.
    """
    changes = overrides(levers(scenario), moved)
    return with_overrides(scenario, changes) if changes else scenario


def answer(
    bench: Bench, source: Source, question: Question, *, patients: int = PATIENTS, clock: float | None = None
) -> Answer:
    """Play a question.

    Args:
        bench: Plays it; remembers what did not change.
        source: What is looked at.
        question: Where the sliders stand.
        patients: Patients under each strategy.
        clock: `time.perf_counter()` when the question came; None for now.

    Raises:
        InputError: The model refuses the combination, or the comparator is none of the strategies.
    """
    started = time.perf_counter() if clock is None else clock
    scenario = source.scenario
    if scenario is None:
        message = "a comparison of scenarios has no sliders"
        raise ValueError(message)
    changed = changed_scenario(scenario, question.moved)
    before = bench.play(scenario, patients=patients, seed=source.seed)
    now = bench.play(changed, patients=patients, seed=source.seed)
    is_moved = changed is not scenario
    look, names = source.look, scenario.strategy_names
    tables = {"incremental": now.result.table(), "increments": now.result.increments()}
    against = told.comparator(tables, names, question.against)
    gains = told.benefits(tables, question.wtp, against)
    old = told.benefits({"increments": before.result.increments()}, question.wtp, against) if is_moved else None
    plots = (
        _plane(now.result, before.result if is_moved else None, look, against, question.wtp),
        benefit.inmb_bars_json(gains, look, comparator=against, wtp=question.wtp, before=old),
        resources.costs_by_item_json(now.result.outcomes.frame(), look),
    )
    figures = dict(zip(FIGURES, plots, strict=True))
    for figure in figures.values():
        if question.strategy in names:
            emphasise(figure, look, question.strategy)
        figure["layout"]["uirevision"] = "what-if"
        for axis in ("xaxis", "yaxis"):
            # Whether a label would leave the figure is not measured for every one; margins grow with them anyway.
            figure["layout"][axis]["ticklabeloverflow"] = "allow"
    largest = gains["inmb_mcse"].max()
    played = f"simulated anew: {', '.join(now.simulated)}" if now.simulated else "nothing had to be simulated anew"
    took = f"{1000 * (time.perf_counter() - started):,.0f} ms"
    status = (
        f"{patients:,} patients under each of {len(names)} strategies, seed {now.result.seed}; {played}; {took}. "
        f"Largest Monte Carlo standard error of an INMB: {look.currency} {number(largest)}."
    )
    return Answer(
        verdict=told.verdict(tables, question.wtp, look),
        status=status,
        tables=(shown.incremental(tables, look), _changes(now.result, before.result, look)),
        figures=figures,
        command=command(source, scenario, question.moved, patients),
    )


def command(source: Source, scenario: Scenario, moved: Mapping[str, float], patients: int) -> str:
    """The command line that plays the same patients with the same changes."""
    changes = overrides(levers(scenario), moved)
    parts = [f"igsim run {file_of(source)}", f"--patients {patients}"]
    if source.seed is not None and source.seed != scenario.analysis.seed:
        parts.append(f"--seed {source.seed}")
    earlier = [f"--set '{text}'" for text in source.asked.get("set") or []]
    return " ".join([*parts, *earlier, *(f"--set {path}={value:.10g}" for path, value in changes.items())])


def _plane(now: RunResult, before: RunResult | None, look: Look, against: str, wtp: float) -> Drawing:
    table, old = now.increments(), None if before is None else before.increments()
    old = None if old is None else old[old["comparator"] == against]
    return plane.ce_plane_means_json(table[table["comparator"] == against], look, wtp=wtp, before=old)


def _changes(now: RunResult, before: RunResult, look: Look) -> Shown:
    """Outcomes now and before, by strategy."""
    after, first = now.outcomes, before.outcomes
    frame = after.frame()
    frame = frame[frame["component"].isin(CHANGES)]
    was = first.frame().set_index(["strategy", "component"])["mean"]
    frame = frame.assign(before=[was[key] for key in zip(frame["strategy"], frame["component"], strict=True)])
    rows = []
    for name, own in frame.groupby("strategy", sort=False):
        line: dict[str, object] = {"strategy": name}
        for entry in own.to_dict(orient="records"):
            component = str(entry["component"])
            line |= {component: entry["mean"], f"{component}_mcse": entry["mcse"]}
            line |= {f"{component}_before": entry["before"]}
        rows.append(line)

    def cell(row: dict[str, object], component: str, digits: int) -> Content:
        spread = number(row[f"{component}_mcse"], digits)
        text = estimate(number(row[component], digits), f"±\u00a0{spread}")
        moved = is_number(row[component]) and row[component] != row[f"{component}_before"]
        old = html.Div(f"before {number(row[f'{component}_before'], digits)}", className="before")
        return [*text, old] if moved else text

    columns = [Column("Strategy", lambda row: label(look, row["strategy"]))]
    for component, (words, digits) in CHANGES.items():
        words += f" ({look.currency})" if component == "cost" else ""
        columns.append(
            Column(words, lambda row, c=component, d=digits: cell(row, c, d))  # type: ignore[misc]
        )
    note = "The same patients with the same luck before and after the change. ± is one Monte Carlo standard error."
    return Shown(
        "what_if",
        "What happens under each strategy, per patient; cost and QALYs discounted",
        pd.DataFrame(rows),
        columns,
        note,
        lambda row: str(row["strategy"]),
        look,
    )


# ---------------------------------------------------------------------- the page


def what_if_page(source: Source, view: View, desk: Desk) -> list[Content]:
    """Sliders at the left, the answer at the right."""
    if source.scenario is None:
        return [no_single_scenario(source, "try changes")]
    own = levers(source.scenario)
    unknown = [key for key in view.moved if key not in {lever.key for lever in own}]
    return [
        notice("Not in this scenario, left out: " + ", ".join(unknown), kind="warning") if unknown else None,
        notice("Changes are shown for the first of the two.") if view.beside else None,
        html.Div([_panel(own, view), _answer_area()], className="what-if"),
    ]


def _panel(own: Sequence[Lever], view: View) -> html.Section:
    groups = [
        html.Fieldset([html.Legend(group), *(slider(lever, view.moved.get(lever.key)) for lever in members)])
        for group, members in groupby(own, key=lambda lever: lever.group)
    ]
    back = html.Button("Back to the scenario", id="back", className="action")
    return html.Section([html.H2("What if"), *groups, back], className="panel", **spoken("Sliders"))


def slider(
    lever: Lever, position: float | None = None, *, debounce: bool | float = False, hint: str | None = None
) -> html.Div:
    """A slider and a box for the same number, which follow each other."""
    value = lever.base if position is None else position
    name = f"{lever.label} ({lever.unit})" if lever.unit else lever.label
    if hint is None:
        hint = f"scenario {lever.base:,.6g}" + (f"; {lever.spread}" if lever.spread else "")
    box = dcc.Input(
        id={"type": "typed", "key": lever.key},
        type="number",
        value=value,
        step="any",
        debounce=0.3,
        className="typed",
    )
    slide = dcc.Input(
        id={"type": "lever", "key": lever.key},
        type="range",
        value=value,
        min=lever.low,
        max=lever.high,
        step=lever.step,
        debounce=debounce,
        className="slide",
    )
    return html.Div(
        [
            html.Div([html.Label(name, htmlFor=dom_id("typed", lever), className="name"), box], className="boxed"),
            html.Label(f"{name}, slider", htmlFor=dom_id("lever", lever), className="unseen"),
            slide,
            html.Span(hint, className="hint"),
        ],
        className="lever",
    )


def dom_id(kind: str, lever: Lever) -> str:
    """What Dash makes of an id that is a table, so that a label can name its box."""
    return json.dumps({"key": lever.key, "type": kind}, separators=(",", ":"))


def _answer_area() -> html.Div:
    titles = {
        "live_plane": "Cost-effectiveness plane",
        "live_benefit": "Incremental net monetary benefit (INMB)",
        "live_costs": "Cost of each strategy by item",
    }
    plane_card, benefit_card, costs_card = (
        live_card(name, titles[name], height=440, wide=name == "live_costs") for name in FIGURES
    )
    return html.Div(
        [
            dcc.Store(id="asked"),
            html.Div(id="refused"),
            html.P(id="verdict", className="verdict", role="status"),
            html.P(id="status", className="reading", role="status"),
            html.Div([plane_card, benefit_card], className="grid"),
            html.Div(id="live-incremental", className="card wide"),
            costs_card,
            html.Div(id="live-changes", className="card wide"),
            html.Details([html.Summary("The same on the command line"), html.Pre(id="command", className="command")]),
        ],
        className="answer",
        id="answer",
    )
