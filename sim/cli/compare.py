"""`igsim compare`: several scenarios on the same patients and luck."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt
from sim.cli.answers import Answer, hand_over
from sim.cli.cea import parse_wtp
from sim.cli.keeping import Keeping
from sim.errors import Problem, UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="compare",
        epilog="Example: igsim compare scenarios/base-case.toml scenarios/marginal-effect.toml --weights 0.6,0.4",
    )(compare)


def compare(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO...", help="Two or more.", show_default=False)],
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="W,W,...", help="Weight of each, adding up to 1: average them.")
    ] = None,
    wtp: Annotated[
        list[str] | None, typer.Option("--wtp", help="Willingness to pay per QALY, or START:STOP:N. May be repeated.")
    ] = None,
    patients: opt.Patients = None,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Compare scenarios on the same patients and luck; --weights averages them and values knowing which is right."""
    from sim.report.compare_text import compare_document, print_compare
    from sim.sensitivity import compare as play_all

    shares, wtps = parse_weights(weights), parse_wtp(wtp) if wtp else None
    keeping = Keeping.of(out, save, report)
    names = distinct_names(scenarios)
    loaded = {name: opt.load_scenario(path, settings) for name, path in zip(names, scenarios, strict=True)}
    started = time.perf_counter()
    with opt.Bar("scenarios") as bar:
        result = play_all(loaded, weights=shares, wtps=wtps, patients=patients, seed=seed, progress=bar)
    tables = {"incremental": result.incremental, "decisions": result.decisions, "differences": result.differences}
    if result.averaging:
        tables |= {"averaged": result.averaging.strategies, "averaged_decisions": result.averaging.decisions}
        tables["losses"] = result.averaging.losses
    answer = Answer(
        compare_document(loaded, result),
        tables,
        lambda console, folder: print_compare(console, loaded, result, folder),
    )
    everyone = list(loaded.values())
    hand_over(answer, everyone, keeping, "compare", started, settings or [], output_format)


def parse_weights(text: str | None) -> list[float] | None:
    """Numbers separated by commas.

    Raises:
        UsageError: If they are not.
    """
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            "weights cannot be read", [Problem("--weights", text, "must be numbers: 0.5,0.3,0.2")]
        ) from None


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """File names without their ending; whole paths where two are the same.

    Raises:
        UsageError: A file is given twice.
    """
    stems = [path.stem for path in paths]
    names = [stem if stems.count(stem) == 1 else str(path) for stem, path in zip(stems, paths, strict=True)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(
            "these scenarios cannot be compared", [Problem(name, "", "is given twice") for name in twice]
        )
    return names
