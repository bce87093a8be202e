"""`igsim dsa`: what the answer depends on, and where it turns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import options as opt
from sim.cli.answers import Answer
from sim.cli.cea import parse_wtp
from sim.cli.desk import desk
from sim.cli.keeping import Keeping
from sim.errors import Problem, UsageError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.work import Runner

TORNADO_PATIENTS = 2_000
THRESHOLD_PATIENTS = 10_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="dsa", epilog="Example: igsim dsa scenarios/base-case.toml --price immunoglobulin.price_per_gram"
    )(dsa)


def dsa(
    context: typer.Context,
    scenario: opt.ScenarioFile,
    two_way: Annotated[
        tuple[str, str] | None,
        typer.Option("--two-way", metavar="PATH=START:STOP:N PATH=START:STOP:N", help="Vary two numbers at once."),
    ] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", metavar="PATH", help="Where the best strategy changes, by search.")
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price", metavar="PATH", help="The same for a price, exactly, from costs by item.")
    ] = None,
    outcome: Annotated[str, typer.Option("--outcome", help="inmb, nmb, or any component such as cost.")] = "inmb",
    strategy: Annotated[str | None, typer.Option("--strategy", help="Whose outcome (default: the best).")] = None,
    comparator: Annotated[
        str | None, typer.Option("--comparator", help="Against whom (default for inmb: the first strategy).")
    ] = None,
    wtp: Annotated[
        list[str] | None,
        typer.Option("--wtp", help="Willingness to pay per QALY; with --price also several, or START:STOP:N."),
    ] = None,
    between: Annotated[
        tuple[float, float] | None,
        typer.Option("--between", metavar="LOW HIGH", help="Interval that --threshold searches."),
    ] = None,
    scan: Annotated[int, typer.Option("--scan", min=2, help="Values that --threshold looks at first.")] = 11,
    subgroup: Annotated[
        list[str] | None,
        typer.Option("--subgroup", metavar="CONDITION", help="With --price: e.g. 'igg_mg_dl<400'. May be repeated."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Quantities shown; the table on disk has all.")] = 20,
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
    """One-way tornado over every uncertain quantity, or --two-way, --threshold, --price; on common luck."""
    wtps = parse_wtp(wtp) if wtp else None
    _check(two_way, threshold, price, {"--between": between, "--subgroup": subgroup}, wtps)
    loaded = opt.load_scenario(scenario, settings)
    one = wtps[0] if wtps else None
    keeping = Keeping.of(out, save, report)
    with desk(context, loaded, scenario.stem, settings, workers, scheduler, resume, keeping, output_format) as at:
        if price is not None:
            answer = _price(loaded, price, wtps, subgroup or [], patients, seed)
        elif threshold is not None:
            pair = (strategy, comparator) if strategy and comparator else None
            answer = _threshold(loaded, threshold, between, pair, one, patients, seed, scan, at.runner)
        elif two_way is not None:
            answer = _two_way(loaded, two_way, comparator, one, patients, seed, at.runner)
        else:
            answer = _tornado(loaded, outcome, strategy, comparator, one, patients, seed, top, at.runner)
        at.hand_over(answer)


def _check(
    two_way: object,
    threshold: object,
    price: object,
    needing: dict[str, object],
    wtps: list[float] | None,
) -> None:
    """Options that do not go together.

    Raises:
        UsageError: Naming all of them.
    """
    modes = {"--two-way": two_way, "--threshold": threshold, "--price": price}
    chosen = [option for option, given in modes.items() if given is not None]
    problems = []
    if len(chosen) > 1:
        problems.append(Problem(", ".join(chosen), "", "one question at a time"))
    for option, mode in (("--between", "--threshold"), ("--subgroup", "--price")):
        if needing[option] and modes[mode] is None:
            problems.append(Problem(option, "", f"needs {mode} PATH"))
    if wtps and len(wtps) > 1 and price is None:
        problems.append(Problem("--wtp", f"{len(wtps)} thresholds", "must be one, except with --price"))
    if problems:
        raise UsageError("these options cannot be used", problems)


def _tornado(
    scenario: Scenario,
    outcome: str,
    strategy: str | None,
    comparator: str | None,
    wtp: float | None,
    patients: int | None,
    seed: int | None,
    top: int,
    runner: Runner,
) -> Answer:
    from sim.report.dsa_document import tornado_document
    from sim.report.dsa_text import print_tornado
    from sim.sensitivity import tornado

    with opt.Bar("quantities") as bar:
        result = tornado(
            scenario,
            outcome=outcome,
            strategy=strategy,
            comparator=comparator,
            wtp=wtp,
            patients=TORNADO_PATIENTS if patients is None else patients,
            seed=seed,
            runner=runner,
            progress=bar,
        )
    return Answer(
        tornado_document(scenario, result),
        {"tornado": result.table},
        lambda console, folder: print_tornado(console, scenario, result, top, folder),
    )


def _two_way(
    scenario: Scenario,
    texts: tuple[str, str],
    comparator: str | None,
    wtp: float | None,
    patients: int | None,
    seed: int | None,
    runner: Runner,
) -> Answer:
    from sim.report.dsa_document import two_way_document
    from sim.report.dsa_text import print_two_way
    from sim.sensitivity import parse_axes, sweep
    from sim.sensitivity.outcome import middle

    with opt.Bar("points") as bar:
        result = sweep(
            scenario,
            parse_axes(texts, "--two-way"),
            wtps=[middle(scenario.analysis.wtp_per_qaly) if wtp is None else wtp],
            comparator=comparator,
            patients=TORNADO_PATIENTS if patients is None else patients,
            seed=seed,
            runner=runner,
            progress=bar,
        )
    return Answer(
        two_way_document(scenario, result),
        {"two_way": result.table, "two_way_decisions": result.decisions},
        lambda console, folder: print_two_way(console, scenario, result, folder),
    )


def _threshold(
    scenario: Scenario,
    path: str,
    between: tuple[float, float] | None,
    pair: tuple[str, str] | None,
    wtp: float | None,
    patients: int | None,
    seed: int | None,
    scan: int,
    runner: Runner,
) -> Answer:
    from sim.report.dsa_document import thresholds_document
    from sim.report.dsa_text import print_thresholds
    from sim.sensitivity import thresholds

    with opt.Bar("values") as bar:
        result = thresholds(
            scenario,
            path,
            between=between,
            strategies=pair,
            wtp=wtp,
            patients=THRESHOLD_PATIENTS if patients is None else patients,
            seed=seed,
            scan=scan,
            runner=runner,
            progress=bar,
        )
    return Answer(
        thresholds_document(scenario, result),
        {"thresholds": result.table, "threshold_scan": result.scan},
        lambda console, folder: print_thresholds(console, scenario, result, folder),
    )


def _price(
    scenario: Scenario,
    path: str,
    wtps: list[float] | None,
    conditions: list[str],
    patients: int | None,
    seed: int | None,
) -> Answer:
    from sim.report.dsa_document import prices_document
    from sim.report.dsa_text import print_prices
    from sim.sensitivity import price_thresholds, subgroups
    from sim.sensitivity.played import settled

    n, root = settled(scenario, patients, seed)
    groups = subgroups(scenario, conditions, n, root) if conditions else None
    result = price_thresholds(scenario, path, wtps=wtps, subgroups=groups, patients=n, seed=root)
    return Answer(
        prices_document(scenario, result),
        {"price_thresholds": result.table, "best_by_price": result.choice},
        lambda console, folder: print_prices(console, scenario, result, folder),
    )
