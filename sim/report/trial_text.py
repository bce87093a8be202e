"""`igsim trial` for a person at a terminal, as a document, and as tables of a run folder."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.dsa_folder import records
from sim.report.dsa_text import ending
from sim.report.text import number, table
from sim.scenario.trials import CURVES
from sim.trial import TrialResult
from sim.trial.result import AS_MODELLED, NO_EFFECT

Row = Mapping[Hashable, object]

ANALYSES = {
    "kaplan_meier": "Kaplan-Meier",
    "aalen_johansen": "Aalen-Johansen",
    "cox": "Cox, by arm",
    "rate_ratio": "rate ratio, by arm",
    "naive_cox": "Cox, ever against never received",
    "naive_rate_ratio": "rate ratio, ever against never",
    "landmark_cox": "Cox from a landmark on",
    "time_dependent_cox": "Cox, time-dependent",
    "on_off_rate_ratio": "rate ratio, time on against off",
    "adjusted_cox": "the same, given earlier infections",
    "frailty_adjusted_cox": "the same, given the frailty",
}
SIGNIFICANT = 3.0
"""Standard errors of a bias that is spoken of."""
NOTICED = 0.05
"""Smallest bias of a log ratio that is spoken of."""


def trial_tables(result: TrialResult) -> dict[str, pd.DataFrame]:
    """File stem to tidy table; those without a row are left out."""
    found = {
        "trial_estimates": result.estimates(),
        "trial_power": result.power(),
        "trial_published": result.published(),
        "trial_replicates": result.replicates(),
    }
    return {name: frame for name, frame in found.items() if not frame.empty}


def trial_document(result: TrialResult) -> Document:
    """The JSON document of `igsim trial`; single replications are in the run folder."""
    trials = result.scenario.trials
    return {
        "schema": SCHEMA,
        "command": "trial",
        "scenario": scenario_part(result.scenario),
        "settings": {
            "trials": {name: list(trials[name].patients) for name in result.names},
            "replications": result.replications,
            "seed": result.seed,
        },
        "estimates": records(result.estimates()),
        "power": records(result.power()),
        "published": records(result.published()),
        "largest_difference_from_lifelines": clean(result.largest_disagreement()),
        "findings": list(findings(result)),
    }


def print_trials(console: Console, result: TrialResult, folder: Path | None) -> None:
    """Everything `igsim trial` says."""
    console.print(Text(result.scenario.title, style="bold"))
    console.print(
        Text(
            f"Every study {result.replications:,} times with other patients, seed {result.seed}; as modelled, and "
            "with no effect of immunoglobulin on the same luck."
        )
    )
    estimates, power, published = result.estimates(), result.power(), result.published()
    for name in result.names:
        trial = result.scenario.trials[name]
        console.print()
        console.print(Text(f"{name}: {trial.label}", style="bold"))
        console.print(Text(_design(result, name)))
        for shown in (_curves(estimates, name), _ratios(estimates, name), _power(power, name)):
            if shown is not None:
                console.print(shown)
        console.print(Text("\n".join(_published(published, name))))
    for line in findings(result):
        console.print(Text(line))
    if math.isfinite(result.largest_disagreement()):
        console.print(
            Text(
                "The first replication of every study was fitted by lifelines too: log hazard ratios and standard "
                f"errors differ by {result.largest_disagreement():.0e} at most."
            )
        )
    ending(console, folder)


def _design(result: TrialResult, name: str) -> str:
    trial = result.scenario.trials[name]
    arms = ", ".join(f"{arm} {share:.0%}" for arm, share in trial.arms.items())
    counted = trial.outcome.replace("_", " ")
    grade = {"any": " of any grade", "3plus": " of grade ≥ 3"}.get(trial.infections or "", "")
    cause = f" ({trial.cause})" if trial.cause else ""
    loss = f", {trial.loss_per_month:g} per month lost" if trial.loss_per_month else ""
    return (
        f"{trial.kind}; {arms}; enrolment over {trial.accrual_months:g} months, closed {trial.follow_up_months:g} "
        f"months later{loss}; outcome: {counted}{grade}{cause}, {trial.observed.replace('_', ' ')}."
    )


def _own(frame: pd.DataFrame, name: str) -> list[Row]:
    return [] if frame.empty else [dict(row) for row in frame[frame["trial"] == name].to_dict(orient="records")]


def _curves(estimates: pd.DataFrame, name: str) -> Table | None:
    rows = [row for row in _own(estimates, name) if row["analysis"] in CURVES]
    if not rows:
        return None
    shown = table(
        "Cumulative incidence: true value, and how estimates scatter about it",
        *("analysis", "patients", "of", "month", "true", "mean of estimates", "95 % of estimates", "coverage"),
    )
    for row in rows:
        shown.add_row(
            ANALYSES[str(row["analysis"])],
            number(row["patients"]),
            str(row["group"]),
            f"{_float(row['month']):g}",
            f"{_float(row['true_value']):.1%}",
            f"{_float(row['mean']):.1%}",
            f"{_float(row['low']):.1%}–{_float(row['high']):.1%}",
            f"{_float(row['coverage']):.0%}" + _absent(row),
        )
    return shown


def _ratios(estimates: pd.DataFrame, name: str) -> Table | None:
    rows = [row for row in _own(estimates, name) if row["analysis"] not in CURVES]
    if not rows:
        return None
    shown = table(
        "Ratios: true value, typical estimate (geometric mean), 95 % of the estimates; with no effect the truth is 1",
        *("analysis", "patients", "of", "true", "estimate", "95 % of estimates", "SE", "coverage", "with no effect"),
    )
    null = {_key(row): row for row in rows if row["world"] == NO_EFFECT}
    for row in rows:
        if row["world"] != AS_MODELLED:
            continue
        without = null[_key(row)]
        shown.add_row(
            ANALYSES[str(row["analysis"])],
            number(row["patients"]),
            str(row["group"]),
            number(row["true_value"], 2),
            number(row["mean"], 2),
            f"{number(row['low'], 2)}–{number(row['high'], 2)}",
            number(row["empirical_se"], 2),
            f"{_float(row['coverage']):.0%}" + _absent(row),
            f"{number(without['mean'], 2)} (≠ 1: {_float(without['rejected']):.0%})",
        )
    return shown


def _key(row: Row) -> tuple[object, ...]:
    return row["patients"], row["analysis"], row["group"]


def _absent(row: Row) -> str:
    estimable = _float(row["estimable"])
    return "" if estimable == 1 else f", {1 - estimable:.1%} without one"


def _power(power: pd.DataFrame, name: str) -> Table | None:
    rows = _own(power, name)
    if not rows:
        return None
    shown = table(
        "Power: share of studies whose interval leaves out 1 (95 % interval of that share), and Schoenfeld's figure",
        *("analysis", "patients", "of", "events", "power", "Schoenfeld", "type I error", "80 % needs", "90 %"),
    )
    for row in rows:
        shown.add_row(
            ANALYSES[str(row["analysis"])],
            number(row["patients"]),
            str(row["group"]),
            number(row["events"], 1),
            *(
                f"{_float(row[what]):.1%} ({_float(row[f'{what}_low']):.1%}–{_float(row[f'{what}_high']):.1%})"
                if what != "schoenfeld_power"
                else ("" if math.isnan(_float(row[what])) else f"{_float(row[what]):.1%}")
                for what in ("power", "schoenfeld_power", "type_1_error")
            ),
            *(
                number(row[f"patients_for_{n}"]) if math.isfinite(_float(row[f"patients_for_{n}"])) else ""
                for n in (80, 90)
            ),
        )
    return shown


def _published(published: pd.DataFrame, name: str) -> Iterator[str]:
    for row in _own(published, name):
        is_curve = row["analysis"] in CURVES
        interval = ""
        if not math.isnan(_float(row["published_low"])):
            interval = f" ({_float(row['published_low']):.3g}–{_float(row['published_high']):.3g})"
        when = f" at {_float(row['month']):g} months" if is_curve else ""
        yield (
            f"Published: {_float(row['published']):.3g}{interval}, {ANALYSES[str(row['analysis'])]}{when}, against "
            f"{_float(row['model']):.3g} ({_float(row['model_low']):.3g}–{_float(row['model_high']):.3g}) of the "
            f"model's studies of {number(row['patients'])}: {_float(row['below']):.1%} of them are below it, p = "
            f"{_float(row['p']):.2g}. {_errors(row)}{row['source']}."
        )


def _errors(row: Row) -> str:
    published, own = _float(row["published_se"]), _float(row["empirical_se"])
    if math.isnan(published):
        return ""
    return f"Standard error published {published:.2f}, of the model's studies {own:.2f}. "


def findings(result: TrialResult) -> tuple[str, ...]:
    """Which ratios are biased: what they come to where immunoglobulin has no effect."""
    lines = []
    estimates = result.estimates()
    for name in result.names:
        for row in _own(estimates, name):
            bias, error = _float(row["bias"]), _float(row["bias_mcse"])
            if row["world"] != NO_EFFECT or abs(bias) < max(SIGNIFICANT * error, NOTICED):
                continue
            blame = "it flatters immunoglobulin" if bias < 0 else "it blames immunoglobulin for those who get it"
            lines.append(
                f"{name}, {number(row['patients'])} patients: with no effect of immunoglobulin "
                f"{ANALYSES[str(row['analysis'])]} still gives {_float(row['mean']):.2f} (log ratio "
                f"{bias:+.2f} ± {error:.2f}) and calls it significant in "
                f"{_float(row['rejected']):.0%} of studies: {blame}."
            )
    return tuple(lines)


def _float(value: object) -> float:
    return float(str(value))
