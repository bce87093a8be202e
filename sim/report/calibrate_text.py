"""`igsim calibrate` for a person at a terminal, as a document, and as tables of a run folder."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.calibrate import CalibrationResult
from sim.report.document import SCHEMA, Document, clean, scenario_part
from sim.report.dsa_folder import records
from sim.report.text import table

Row = Mapping[Hashable, object]


def calibrate_tables(result: CalibrationResult) -> dict[str, pd.DataFrame]:
    """File stem to table."""
    return {
        "parameters": result.parameters,
        "calibration_targets": result.targets,
        "calibration_summary": result.summary,
        "calibration_curves": result.curves,
        "calibration_check": result.check,
        "posterior": result.model_posterior(),
        "posterior_nuisance": result.posterior.drop(columns=list(result.model_posterior().columns)),
    }


def calibrate_document(result: CalibrationResult) -> Document:
    """The JSON document of `igsim calibrate`; the posterior draws are in the run folder."""
    drawn = result.sample
    return {
        "schema": SCHEMA,
        "command": "calibrate",
        "scenario": scenario_part(result.scenario),
        "settings": {"seed": result.seed, "draws": len(result.posterior)},
        "sampling": dict(
            clean(
                {
                    "converged": result.has_converged,
                    "walkers": drawn.chains.shape[0],
                    "steps": drawn.steps,
                    "burn_in": drawn.burn_in,
                    "acceptance": drawn.acceptance,
                    "largest_r_hat": drawn.r_hat.max(),
                    "fewest_effective": min(drawn.ess_bulk.min(), drawn.ess_tail.min()),
                }
            )
        ),
        "parameters": records(result.parameters),
        "targets": records(result.targets),
        "summary": records(result.summary),
        "check": records(result.check),
        "findings": list(findings(result)),
    }


def print_calibration(console: Console, result: CalibrationResult, folder: Path | None) -> None:
    """Everything `igsim calibrate` says."""
    console.print(Text(result.scenario.title, style="bold"))
    console.print(Text(sampling_line(result)))
    console.print()
    console.print(_parameters(result.parameters))
    console.print(_targets(result.targets))
    console.print(_check(result.check))
    for line in findings(result):
        console.print(Text(line))
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def sampling_line(result: CalibrationResult) -> str:
    """How the posterior was sampled."""
    drawn = result.sample
    outcome = "converged" if result.has_converged else "NOT CONVERGED: do not use these draws"
    return (
        f"{drawn.chains.shape[0]} walkers x {drawn.steps:,} steps, {drawn.burn_in:,} discarded; largest R-hat "
        f"{drawn.r_hat.max():.4f}, fewest effective draws {min(drawn.ess_bulk.min(), drawn.ess_tail.min()):,.0f}, "
        f"{drawn.acceptance:.0%} of proposals taken, seed {result.seed}: {outcome}."
    )


def findings(result: CalibrationResult) -> tuple[str, ...]:
    """What follows: what data could not tell, and which targets are met by nothing."""
    own = result.parameters[result.parameters["r_hat"].notna()]
    silent = [
        str(name) for name, said in zip(own["parameter"], own["verdict"], strict=True) if said.startswith("not")
    ]
    lines = []
    if silent:
        lines.append(
            f"The data do not identify {len(silent)} of {len(own)} parameters (under a tenth of the prior variance "
            f"taken away): {', '.join(silent)}."
        )
    for row in result.summary.to_dict(orient="records"):
        met = float(row["draws_that_meet_it"])
        said = "fitted" if row["fitted"] else "not fitted"
        line = (
            f"calibration.targets.{row['target']} ({said}): {met:.1%} of posterior draws pass within a point of all "
            f"that was observed; posterior predictive p {float(row['predictive_p']):.2f}; with every parameter "
            f"within its prior 95 % interval the best curve misses by "
            f"{100 * float(row['best_largest_miss']):.1f} points"
        )
        lines.append(line + (": no plausible values meet it." if float(row["best_largest_miss"]) > 0.01 else "."))
    return tuple(lines)


def _percent(row: Row, name: str) -> str:
    """A proportion or a rate, to three digits."""
    return f"{float(str(row[name])):.3g}"


def _parameters(parameters: pd.DataFrame) -> Table:
    shown = table(
        "Prior and posterior: median and 95 % interval; share of the prior variance that the data take away",
        *("parameter", "prior", "posterior", "taken away", "R-hat", "verdict"),
    )
    shown.columns[-1].justify = "left"
    for line in parameters.to_dict(orient="records"):
        row: Row = dict(line)
        limits = [
            f"{_percent(row, f'{what}_median')} ({_percent(row, f'{what}_low')}–{_percent(row, f'{what}_high')})"
            for what in ("prior", "posterior")
        ]
        r_hat = float(str(row["r_hat"]))
        shown.add_row(
            str(row["parameter"]),
            *limits,
            f"{float(str(row['contraction'])):.0%}",
            "" if r_hat != r_hat else f"{r_hat:.3f}",
            str(row["verdict"]),
        )
    return shown


def _targets(targets: pd.DataFrame) -> Table:
    shown = table(
        "Targets: what was observed with its sampling error, the posterior, and what a study like it would see",
        *("target", "month", "observed (95 %)", "posterior (95 %)", "such a study (95 %)", "best possible"),
    )
    for line in targets.to_dict(orient="records"):
        row: Row = dict(line)
        shown.add_row(
            str(row["target"]) + ("" if row["fitted"] else " (not fitted)"),
            f"{float(str(row['month'])):g}",
            f"{_percent(row, 'observed')} ({_percent(row, 'observed_low')}–{_percent(row, 'observed_high')})",
            f"{_percent(row, 'fit')} ({_percent(row, 'fit_low')}–{_percent(row, 'fit_high')})",
            f"{_percent(row, 'predicted_low')}–{_percent(row, 'predicted_high')}",
            _percent(row, "best_possible"),
        )
    return shown


def _check(check: pd.DataFrame) -> Table:
    shown = table(
        "The exact curves against patients simulated at the posterior medians, nobody censored",
        *("target", "month", "exact", "simulated", "standard errors apart"),
    )
    for line in check.to_dict(orient="records"):
        row: Row = dict(line)
        shown.add_row(
            str(row["target"]),
            f"{float(str(row['month'])):g}",
            f"{float(str(row['exact'])):.4f}",
            f"{float(str(row['simulated'])):.4f} ± {float(str(row['mcse'])):.4f}",
            f"{float(str(row['z'])):+.1f}",
        )
    return shown
