"""`igsim voi`: what more evidence would be worth, on what, and from how large a trial."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli import options as opt
from sim.cli import voi_table as outside
from sim.cli.cea import DEFAULT_WTP, parse_wtp
from sim.errors import Problem, UsageError

if TYPE_CHECKING:
    from sim.cli.answers import Answer
    from sim.scenario import Scenario
    from sim.voi import Evidence
    from sim.work import Runner

DEFAULT_SIZES = (50, 100, 200, 400, 800)
MOST_PER_ARM = 10**7
DEFAULT_PATIENTS = 2_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="voi", epilog="Example: igsim voi scenarios/base-case.toml --design trial --n 50,100,200,400")(
        voi
    )


Source = Annotated[
    Path,
    typer.Argument(
        metavar="SCENARIO|RUN|TABLE",
        callback=opt.newest,
        help="A scenario (plays its PSA), a run folder of igsim psa (reads it), or anyone's PSA table.",
        show_default=False,
    ),
]
Design = Annotated[
    list[str] | None, typer.Option("--design", help="Trial of the scenario's \\[voi.designs] (default: all).")
]
Sizes = Annotated[
    str | None, typer.Option("--n", metavar="N,N,...", help="Patients per arm (default: 50,100,200,400,800).")
]
Wtp = Annotated[
    list[str] | None,
    typer.Option("--wtp", help="Willingness to pay per QALY: a number, or START:STOP:N. May be repeated."),
]


def voi(
    context: typer.Context,
    source: Source,
    design: Design = None,
    n: Sizes = None,
    wtp: Wtp = None,
    draws: opt.Draws = None,
    patients: opt.Patients = None,
    seed: opt.Seed = None,
    settings: opt.Settings = None,
    effects: outside.Effects = None,
    parameters: outside.Parameters = None,
    nmb: outside.NetBenefits = None,
    group: outside.Group = None,
    arms: outside.Arms = None,
    population: outside.Concerned = None,
    trial_cost: outside.TrialCost = None,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    resume: opt.Resume = False,
    out: opt.Out = Path("results"),
    save: opt.Save = True,
    report: opt.Report = False,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Value of information: EVPI, EVPPI of parameters and groups, EVSI and net benefit of a trial by its size."""
    from sim.cli.answers import hand_over
    from sim.cli.keeping import Keeping
    from sim.cli.long_run import long_run
    from sim.psa.evidence import evidence_of_run

    started, sizes, thresholds = time.perf_counter(), parse_sizes(n), parse_wtp(wtp) if wtp else None
    table = outside.OutsideTable(source, effects, parameters, nmb, group or [], arms, population, trial_cost)
    keeping = Keeping.of(out, save, report)
    to_play: dict[str, object] = {"--draws": draws, "--patients": patients, "--seed": seed, "--set": settings}
    scenario: Scenario | None = None
    drawn: Evidence | None = None
    name = source.stem
    if source.is_dir():
        refuse(source, "a run folder", {**table.options, **to_play})
        drawn, scenario = evidence_of_run(source)
        name = source.resolve().parent.name
    elif source.suffix.lower() == ".toml":
        refuse(source, "a scenario", table.options)
        scenario = opt.load_scenario(source, settings)
    else:
        refuse(source, "a table", {"--design": design, **to_play, **({"--wtp": wtp} if nmb else {})})
        drawn = table.evidence()
    known, home = [scenario] if scenario else [], keeping.home(name)
    with long_run(context, known, home=home, workers=workers, scheduler=scheduler, resume=resume) as runner:
        evidence = drawn or _played(known[0], draws, patients, seed, runner)
        answer = _assessed(source, evidence, scenario, design, [0.0] if nmb else thresholds, sizes, runner)
        if scenario is None:
            answer = replace(answer, table=table.described)
        hand_over(answer, known, keeping, name, started, settings or [], output_format)


def _assessed(
    source: Path,
    evidence: Evidence,
    scenario: Scenario | None,
    design: list[str] | None,
    thresholds: list[float] | None,
    sizes: tuple[int, ...],
    runner: Runner,
) -> Answer:
    """What the evidence is worth, as the command says it."""
    from sim.cli.answers import Answer
    from sim.psa.research import assess, chosen_trials
    from sim.report.voi_document import voi_document, voi_tables
    from sim.report.voi_text import print_voi

    if scenario is not None:
        evidence = replace(evidence, trials=chosen_trials(evidence, design))
    wtp = thresholds or list(scenario.analysis.wtp_per_qaly if scenario else DEFAULT_WTP)
    with opt.Bar("sets of parameters") as bar:
        report = assess(evidence, wtp, sizes, source=str(source), scenario=scenario, runner=runner, progress=bar)
    return Answer(
        voi_document(report), voi_tables(report), lambda console, folder: print_voi(console, report, folder)
    )


def _played(
    scenario: Scenario, draws: int | None, patients: int | None, seed: int | None, runner: Runner
) -> Evidence:
    """Draws of a scenario's probabilistic analysis."""
    from sim.psa import psa
    from sim.psa.evidence import evidence_of

    with opt.Bar("batches of draws") as bar:
        n_patients = DEFAULT_PATIENTS if patients is None else patients
        return evidence_of(psa(scenario, draws=draws, patients=n_patients, seed=seed, runner=runner, progress=bar))


def parse_sizes(text: str | None) -> tuple[int, ...]:
    """Patients per arm from `--n`.

    Raises:
        UsageError: Naming each part that is not a whole number from 1.
    """
    if text is None:
        return DEFAULT_SIZES
    sizes, problems = [], []
    for part in text.split(","):
        try:
            size = int(part)
        except ValueError:
            size = 0
        if not 1 <= size <= MOST_PER_ARM:
            problems.append(Problem("--n", part.strip() or "nothing", f"a whole number from 1 to {MOST_PER_ARM:,}"))
        sizes.append(size)
    if problems:
        raise UsageError("sizes of the trial cannot be read", problems)
    return tuple(dict.fromkeys(sizes))


def refuse(source: Path, kind: str, options: Mapping[str, object]) -> None:
    """Refuse options that say nothing about this kind of source."""
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"{source} is {kind}", [Problem(name, "", f"is not an option for {kind}") for name in given])
