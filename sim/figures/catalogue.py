"""Which figure comes from which tables, under the names that `igsim plot` and `RunResult.figures` know.

Every entry only picks tables and columns; the figures themselves know nothing of runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go

from sim.figures import (
    acceptability,
    calibration,
    capacity,
    distributions,
    infections,
    over_time,
    patients,
    picks,
    plane,
    resources,
    scenarios,
    sensitivity,
    trial,
    value,
)
from sim.figures.recipe import Recipe, Setting, Tables, comparator_of
from sim.figures.style import Input, in_words
from sim.figures.tables import by_threshold, known, wtp_grid
from sim.figures.tornado import tornado


def _ce_plane(tables: Tables, setting: Setting) -> go.Figure:
    if "psa" in tables:
        versus = comparator_of(tables, setting)
        return plane.ce_plane(tables["psa"], setting.look, comparator=versus, wtp=setting.wtp)
    table = tables["increments"]
    versus = known(comparator_of(tables, setting), list(dict.fromkeys(table["comparator"])))
    return plane.ce_plane_means(table[table["comparator"] == versus], setting.look, wtp=setting.wtp)


def _by_threshold(tables: Tables, setting: Setting, name: str) -> pd.DataFrame:
    """A table over thresholds, made from the draws where the run has none."""
    return tables[name] if name in tables else by_threshold(tables["psa"], wtp_grid(setting.highest_wtp))[name]


def _population_evpi(tables: Tables, setting: Setting) -> go.Figure:
    table = _by_threshold(tables, setting, "by_wtp")
    columns = [name for name in ("evpi", "evpi_se", "evpi_corrected") if name in table.columns]
    scaled = table[columns].mul(setting.population or 0.0).add_prefix("population_")
    return value.population_evpi(scaled.assign(wtp=table["wtp"]), setting.look)


def _evppi(tables: Tables, setting: Setting) -> go.Figure:
    table = picks.worth_knowing(picks.at_wtp(tables["evppi"], setting.wtp))
    known = setting.look.inputs
    groups = [name for name in table["name"] if "." not in name and name not in known]
    look = replace(setting.look, inputs={**known, **{name: Input(in_words(name), "", math.nan) for name in groups}})
    return value.evppi(table.rename(columns={"name": "set"}), look, wtp=setting.wtp)


def _correlations(tables: Tables, setting: Setting) -> go.Figure:
    names = {"parameter": "path", "pearson": "correlation", "pearson_se": "standard_error"}
    table = picks.at_wtp(tables["correlations"], setting.wtp).rename(columns=names)
    strategy = str(table["strategy"].iloc[0]) if setting.strategy is None else setting.strategy
    if "comparator" in table.columns and (table["comparator"] == comparator_of(tables, setting)).any():
        table = table[table["comparator"] == comparator_of(tables, setting)]
    return sensitivity.correlations(table, setting.look, strategy=strategy)


def _study(tables: Tables, setting: Setting, make: Callable[..., go.Figure]) -> go.Figure:
    table = picks.at_wtp(tables["evsi"], setting.wtp)
    if "n_per_arm" in table.columns:
        return make(table.rename(columns={"n_per_arm": "n"}), setting.look, size="Patients in each arm")
    return make(table, setting.look)


def _tornado(tables: Tables, setting: Setting) -> go.Figure:
    asked = setting.asked
    outcome = str(asked.get("outcome") or "outcome")
    unit = None if outcome in {"inmb", "nmb", "outcome"} or outcome.startswith("cost") else "per patient"
    words = {"inmb": "INMB", "nmb": "NMB"}.get(outcome, in_words(outcome))
    for before, who in (("of", asked.get("strategy")), ("against", asked.get("comparator"))):
        words += f" {before} “{setting.look.labels.get(str(who), str(who))}”" if who else ""
    wtp = asked.get("wtp")
    if outcome in {"inmb", "nmb"} and isinstance(wtp, int | float):
        words += f" at {wtp:,.0f} {setting.look.currency} per QALY"
    return tornado(tables["tornado"], setting.look, outcome=words, unit=unit)


def _decisions(tables: Tables) -> pd.DataFrame:
    return tables["two_way_decisions"] if "two_way_decisions" in tables else tables["decisions"]


def _convergence(tables: Tables, setting: Setting, over: str) -> go.Figure:
    table = tables["convergence"]
    if "axis" in table.columns:
        table = table[table["axis"] == over]
    wtp = float(table["wtp"].iloc[0]) if "wtp" in table.columns and len(table) else None
    return distributions.convergence(table, setting.look, over=over, wtp=wtp)


def _ridgeline(tables: Tables, setting: Setting) -> go.Figure:
    versus = comparator_of(tables, setting)
    return distributions.inmb_ridgeline(tables["psa"], setting.look, comparator=versus, wtp=setting.wtp)


def _igg_course(tables: Tables, setting: Setting) -> go.Figure:
    events = tables["events"]
    tested = events.loc[events["event"] == "igg_test", "strategy"]
    strategy = setting.strategy or str((tested if len(tested) else events["strategy"]).iloc[0])
    return patients.igg_course(tables["igg"], events, setting.look, strategy=strategy)


_BY_STRATEGY = (("by_wtp_strategy",), ("psa",))
_BY_WTP = (("by_wtp",), ("psa",))

CATALOGUE: Mapping[str, Recipe] = {
    "ce_plane": Recipe(
        "incremental costs and QALYs: draws, or means with their Monte Carlo error",
        (("psa",), ("increments",)),
        _ce_plane,
    ),
    "ce_frontier": Recipe(
        "costs and QALYs of all strategies, and the efficiency frontier",
        (("incremental",),),
        lambda t, s: plane.ce_frontier(t["incremental"], s.look),
        lambda t, s: "scenario" not in t["incremental"].columns,
        "one scenario",
    ),
    "ceac": Recipe(
        "probability that each strategy is the best, over willingness to pay",
        _BY_STRATEGY,
        lambda t, s: acceptability.ceac(_by_threshold(t, s, "by_wtp_strategy"), s.look),
    ),
    "ceaf": Recipe(
        "the best strategy on average, and the probability that it is",
        _BY_WTP,
        lambda t, s: acceptability.ceaf(_by_threshold(t, s, "by_wtp"), s.look),
        lambda t, s: "by_wtp" not in t or "ceaf" in t["by_wtp"].columns,
        "probabilities over the draws",
    ),
    "expected_loss": Recipe(
        "what choosing each strategy forgoes, over willingness to pay",
        _BY_STRATEGY,
        lambda t, s: acceptability.expected_loss(_by_threshold(t, s, "by_wtp_strategy"), s.look),
    ),
    "evpi": Recipe(
        "value of perfect information per patient, over willingness to pay",
        _BY_WTP,
        lambda t, s: value.evpi(_by_threshold(t, s, "by_wtp"), s.look),
    ),
    "population_evpi": Recipe(
        "the same for all whom the decision concerns",
        _BY_WTP,
        _population_evpi,
        lambda t, s: s.population is not None,
        "a scenario that says whom the decision concerns",
    ),
    "population_over_time": Recipe(
        "value of perfect information to all who have arrived, over the years of the decision",
        (("population_by_year",),),
        lambda t, s: value.population_over_time(t["population_by_year"], s.look),
        lambda t, s: not t["population_by_year"].empty,
        "a scenario that says whom the decision concerns",
    ),
    "evppi": Recipe(
        "value of knowing single parameters or groups",
        (("evppi",),),
        _evppi,
        lambda t, s: not t["evppi"].empty,
        "uncertain parameters",
    ),
    "evsi": Recipe(
        "value of a study, by its size, per patient",
        (("evsi",),),
        lambda t, s: _study(t, s, value.evsi),
        lambda t, s: not t["evsi"].empty,
        "a trial",
    ),
    "enbs": Recipe(
        "value of a study to all, less its cost, by its size",
        (("evsi",),),
        lambda t, s: _study(t, s, value.enbs),
        lambda t, s: not t["evsi"].empty and bool(t["evsi"]["enbs"].notna().all()),
        "a trial whose cost and population are known",
    ),
    "price_threshold": Recipe(
        "immunoglobulin price at which a strategy breaks even",
        (("price_of_immunoglobulin",), ("price_thresholds",)),
        lambda t, s: picks.price(t, s.look, s.asked),
    ),
    "tornado": Recipe("one-way sensitivity, the widest bar on top", (("tornado",),), _tornado),
    "two_way": Recipe(
        "the best strategy over two inputs",
        (("two_way_decisions",), ("decisions",)),
        lambda t, s: picks.two_way(_decisions(t), s.look, s.wtp),
        lambda t, s: picks.is_full_grid(_decisions(t)),
        "a full grid over two inputs",
    ),
    "sweep_benefit": Recipe(
        "net benefit over the one input of a sweep, and where the best strategy changes",
        (("sweep", "decisions"),),
        lambda t, s: picks.sweep_benefit(
            t, s.look, s.wtp, s.comparator or str(s.asked.get("comparator") or s.look.strategies[0])
        ),
        lambda t, s: picks.is_over_one(t["decisions"]),
        "a sweep over one number",
    ),
    "threshold_scan": Recipe(
        "net benefit over one input, and where the best strategy changes",
        (("threshold_scan",),),
        lambda t, s: picks.threshold_scan(t, s.look, s.asked, s.wtp),
    ),
    "scenario_benefit": Recipe(
        "net benefit of every strategy in every scenario",
        (("incremental",),),
        lambda t, s: scenarios.scenario_benefit(t["incremental"], s.look, comparator=comparator_of(t, s), wtp=s.wtp),
        lambda t, s: "scenario" in t["incremental"].columns,
        "several scenarios",
    ),
    "correlations": Recipe(
        "correlation of the inputs with a strategy's INMB",
        (("correlations",),),
        _correlations,
        lambda t, s: not t["correlations"].empty,
        "uncertain parameters",
    ),
    "common_luck": Recipe(
        "what playing the same luck under all strategies gains",
        (("common_luck",),),
        lambda t, s: picks.common_luck(t["common_luck"], s.look),
    ),
    "inmb_ridgeline": Recipe("distribution of every strategy's INMB over draws", (("psa",),), _ridgeline),
    "histogram": Recipe(
        "distribution of one outcome over draws, by strategy",
        (("psa",),),
        lambda t, s: distributions.histogram(t["psa"], s.look, outcome=s.outcome),
    ),
    "ecdf": Recipe(
        "cumulative distribution of one outcome over draws",
        (("psa",),),
        lambda t, s: distributions.ecdf(t["psa"], s.look, outcome=s.outcome),
    ),
    "convergence_draws": Recipe(
        "INMB as draws are added", (("convergence",),), lambda t, s: _convergence(t, s, "draws")
    ),
    "convergence_patients": Recipe(
        "INMB as patients are added", (("convergence",),), lambda t, s: _convergence(t, s, "patients")
    ),
    "cumulative_incidence": Recipe(
        "patients with a first infection over time",
        (("cumulative_incidence",),),
        lambda t, s: infections.cumulative_incidence(t["cumulative_incidence"], s.look, published=t.get("published")),
    ),
    "incidence_by_cause": Recipe(
        "first infections over time, by cause",
        (("incidence_by_cause",),),
        lambda t, s: over_time.incidence_by_cause(t["incidence_by_cause"], s.look, labels=s.causes),
    ),
    "calibration_fit": Recipe(
        "published incidence with its error over the posterior of a calibration",
        (("calibration_curves", "calibration_targets"),),
        lambda t, s: calibration.calibration_fit(t["calibration_curves"], t["calibration_targets"], s.look),
    ),
    "trial_estimates": Recipe(
        "ratios that the analyses of a study give, as modelled and with no effect, beside the truth",
        (("trial_estimates",),),
        lambda t, s: trial.estimates(t["trial_estimates"], trial=s.trial, published=t.get("trial_published")),
        lambda t, s: bool(t["trial_estimates"]["month"].isna().any()),
        "a ratio among the analyses",
    ),
    "trial_power": Recipe(
        "power of a planned trial by its size, beside Schoenfeld's figure",
        (("trial_power",),),
        lambda t, s: trial.power(t["trial_power"], trial=s.trial),
    ),
    "calibration_posterior": Recipe(
        "posterior of every fitted quantity within its prior interval",
        (("parameters",),),
        lambda t, s: calibration.calibration_posterior(t["parameters"], s.look),
        lambda t, s: "contraction" in t["parameters"].columns,
        "a calibration",
    ),
    "infections_by_cause": Recipe(
        "infections per patient by cause and grade",
        (("outcomes",),),
        lambda t, s: infections.infections_by_cause(t["outcomes"], s.look, labels=s.causes),
    ),
    "costs_by_item": Recipe(
        "cost of each strategy by item", (("outcomes",),), lambda t, s: resources.costs_by_item(t["outcomes"], s.look)
    ),
    "ig_grams": Recipe(
        "immunoglobulin per patient", (("outcomes",),), lambda t, s: resources.ig_grams(t["outcomes"], s.look)
    ),
    "ig_use": Recipe(
        "who is on immunoglobulin, and how much is given, over time",
        (("ig_use",),),
        lambda t, s: over_time.ig_use(t["ig_use"], s.look),
    ),
    "programme_stock": Recipe(
        "stock of immunoglobulin by month, and grams due and given",
        (("capacity_months",),),
        lambda t, s: capacity.stock(t["capacity_months"], s.look),
    ),
    "programme_queue": Recipe(
        "visits waiting past their date, and infusions given up, by month",
        (("capacity_months",),),
        lambda t, s: capacity.queue(t["capacity_months"], s.look),
    ),
    "programme_utilisation": Recipe(
        "use of the chairs by hour of the day and by month",
        (("capacity_hours", "capacity_months"),),
        lambda t, s: capacity.utilisation(t["capacity_hours"], t["capacity_months"], s.look),
    ),
    "programme_spend": Recipe(
        "spend by calendar year and item under one way of running the programme",
        (("capacity_spend",),),
        lambda t, s: capacity.spend(t["capacity_spend"], s.look, arm=s.strategy),
    ),
    "who_paid": Recipe(
        "late and missed infusions of each group of patients under each rule",
        (("who_paid",),),
        lambda t, s: capacity.who_paid(t["who_paid"], s.look),
    ),
    "swimlanes": Recipe(
        "one patient under each strategy, with the infections averted",
        (("events",),),
        lambda t, s: patients.swimlanes(t["events"], s.look),
    ),
    "igg_course": Recipe(
        "one patient's IgG, true and measured, and the test that triggered", (("events", "igg"),), _igg_course
    ),
}
"""Name to figure, in the order in which they are listed."""
