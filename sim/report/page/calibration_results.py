"""Results of `igsim calibrate`: the fit, the posterior, and what the data cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, section
from sim.report.text import number


def calibration_sections(folder: RunFolder) -> list[Section]:
    """Sections of a calibration, in order."""
    return [
        section(folder, "fit", "Fit to published data", "calibration_fit", _targets(folder), _check(folder)),
        section(
            folder,
            "posterior",
            "Posterior, and what cannot be known",
            "calibration_posterior",
            _parameters(folder),
            words=(_sampled(folder),),
        ),
    ]


def calibration_sentences(folder: RunFolder) -> list[str]:
    """Whether the sampling converged, what is not identified, and which targets are met."""
    if folder.document["sampling"]["converged"]:
        return [folder.told(line) for line in folder.document["findings"]]
    return [
        "The sampling has not converged: nothing of this posterior may be used.",
        *map(folder.told, folder.document["findings"]),
    ]


def _sampled(folder: RunFolder) -> str:
    drawn = folder.document["sampling"]
    outcome = "converged" if drawn["converged"] else "NOT CONVERGED: do not use these draws"
    return (
        f"{drawn['walkers']} walkers of {drawn['steps']:,} steps, {drawn['burn_in']:,} discarded; largest R-hat "
        f"{drawn['largest_r_hat']:.4f}, fewest effective draws {number(drawn['fewest_effective'])}, "
        f"{drawn['acceptance']:.0%} of proposals taken, seed {folder.settings['seed']}: {outcome}. "
        f"{folder.settings['draws']:,} draws of the posterior are in the run folder."
    )


def _limits(row: Mapping[str, Any], middle: str, low: str, high: str) -> str:
    return f"{row[middle]:.3g} ({row[low]:.3g} to {row[high]:.3g})"


def _parameters(folder: RunFolder) -> Grid:
    rows = [
        (
            folder.input(row["parameter"]),
            str(row["unit"] or ""),
            str(row["verdict"]),
            *(_limits(row, f"{what}_median", f"{what}_low", f"{what}_high") for what in ("prior", "posterior")),
            f"{row['contraction']:.0%}",
            "" if row["r_hat"] is None else f"{row['r_hat']:.3f}",
        )
        for row in folder.document["parameters"]
    ]
    return grid(
        "Prior and posterior of every free quantity: median (95 % interval)",
        ("parameter", "unit", "verdict", "prior", "posterior", "taken away", "R-hat"),
        rows,
        left=3,
        small=True,
        paths=tuple(str(row["parameter"]) for row in folder.document["parameters"]),
        note="Taken away: share of the prior variance that the data removed. Under a tenth, the data do not identify "
        "the parameter, and its posterior is its prior.",
    )


def _target(folder: RunFolder, row: Mapping[str, Any]) -> str:
    return folder.input(f"calibration.targets.{row['target']}")


def _targets(folder: RunFolder) -> Grid:
    rows = [
        (
            _target(folder, row) + ("" if row["fitted"] else " (not fitted)"),
            f"{row['month']:g}",
            _limits(row, "observed", "observed_low", "observed_high"),
            _limits(row, "fit", "fit_low", "fit_high"),
            f"{row['predicted_low']:.3g} to {row['predicted_high']:.3g}",
            f"{row['best_possible']:.3g}",
        )
        for row in folder.document["targets"]
    ]
    return grid(
        "Targets: what was observed with its sampling error, the posterior, and what a study like it would see",
        ("target", "month", "observed (95 %)", "posterior (95 %)", "such a study (95 %)", "best possible"),
        rows,
    )


def _check(folder: RunFolder) -> Grid:
    rows = [
        (
            _target(folder, row),
            f"{row['month']:g}",
            f"{row['exact']:.4f}",
            f"{row['simulated']:.4f} ± {row['mcse']:.4f}",
            f"{row['z']:+.1f}".replace("-", "−"),
        )
        for row in folder.document["check"]
    ]
    return grid(
        "The exact curves against patients simulated at the posterior medians, nobody censored",
        ("target", "month", "exact", "simulated", "standard errors apart"),
        rows,
    )
