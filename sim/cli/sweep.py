"""`igsim sweep`: a design over any scenario paths."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import options as opt
from sim.cli.answers import Answer
from sim.cli.cea import parse_wtp
from sim.cli.desk import desk
from sim.cli.keeping import Keeping
from sim.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario import Scenario
    from sim.sensitivity import Sweep

PATIENTS = 2_000


class DesignName(StrEnum):
    """How points are laid over the ranges."""

    GRID = "grid"
    LHS = "lhs"
    SOBOL = "sobol"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="sweep",
        epilog="Example: igsim sweep scenarios/base-case.toml --vary immunoglobulin.price_per_gram=20:150:14 "
        "--vary immunoglobulin.hr.grade_3plus=0.1:1:10",
    )(sweep)


Vary = Annotated[
    list[str],
    typer.Option("--vary", metavar="PATH=START:STOP:N[:log]", help="A range, or PATH=a,b,c. May be repeated."),
]
Design = Annotated[DesignName, typer.Option("--design", help="Every combination, Latin hypercube or Sobol sequence.")]
Points = Annotated[
    int, typer.Option("--points", min=1, help="Points of lhs and sobol; base sample of --sobol-indices.")
]
Indices = Annotated[
    str | None,
    typer.Option(
        "--sobol-indices", metavar="OUTCOME", help="What moves this outcome (inmb, nmb or a component); own design."
    ),
]
Strategy = Annotated[str | None, typer.Option("--strategy", help="Whose outcome for --sobol-indices.")]
Comparator = Annotated[
    str | None, typer.Option("--comparator", help="Whom INMB is against (default: the first strategy).")
]
Wtp = Annotated[
    list[str] | None, typer.Option("--wtp", help="Willingness to pay per QALY, or START:STOP:N. May be repeated.")
]


def sweep(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    vary: Vary,
    design: Design = DesignName.GRID,
    points: Points = 64,
    sobol_indices: Indices = None,
    strategy: Strategy = None,
    comparator: Comparator = None,
    wtp: Wtp = None,
    patients: opt.Patients = None,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    resume: opt.Resume = False,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Play a scenario at every point of a design over any of its values, on the same patients and luck."""
    from sim import sensitivity

    axes, wtps = sensitivity.parse_axes(vary), parse_wtp(wtp) if wtp else None
    only_wtp = None if sobol_indices is None else _only(wtps)
    loaded, n = opt.load_scenario(scenario, settings), PATIENTS if patients is None else patients
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        with opt.Bar("points") as bar:
            if sobol_indices is None:
                result = sensitivity.sweep(
                    loaded,
                    axes,
                    design=design.value,
                    n=points,
                    wtps=wtps,
                    comparator=comparator,
                    patients=n,
                    seed=seed,
                    runner=at.runner,
                    progress=bar,
                )
                answer = _answer(loaded, result)
            else:
                found = sensitivity.sobol_sweep(
                    loaded,
                    axes,
                    outcome=sobol_indices,
                    strategy=strategy,
                    comparator=comparator,
                    wtp=only_wtp,
                    n=points,
                    patients=n,
                    seed=seed,
                    runner=at.runner,
                    progress=bar,
                )
                answer = _answer(loaded, *found)
        at.hand_over(answer)


def _only(wtps: Sequence[float] | None) -> float | None:
    """The one threshold at which Sobol indices are taken; None where none is given."""
    if wtps and len(wtps) > 1:
        raise UsageError(f"--wtp: found {len(wtps)} thresholds; must be one with --sobol-indices")
    return wtps[0] if wtps else None


def _answer(scenario: Scenario, result: Sweep, indices: pd.DataFrame | None = None, words: str = "") -> Answer:
    """What the design gave, as the command says it."""
    from sim.report.sweep_text import print_sweep, sweep_document

    tables = {"sweep": result.table, "decisions": result.decisions}
    if indices is not None:
        tables["sobol_indices"] = indices
    return Answer(
        sweep_document(scenario, result, indices, words),
        tables,
        lambda console, folder: print_sweep(console, scenario, result, folder, indices, words),
    )
