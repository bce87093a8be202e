"""What the commands that play one scenario for long have in common: a runner, and the way of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from sim.cli import options as opt
from sim.cli.answers import Answer, hand_over
from sim.cli.keeping import Keeping
from sim.cli.long_run import long_run

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.work.long_work import LongWork


@dataclass(frozen=True)
class Desk:
    """Where a command works.

    Attributes:
        runner: Does the work.
        hand_over: Writes the run folder, unless nothing is saved, and prints.
    """

    runner: LongWork
    hand_over: Callable[[Answer], None]


@contextmanager
def desk(
    context: typer.Context,
    scenario: Scenario,
    name: str,
    settings: Sequence[str] | None,
    workers: int | None,
    scheduler: str | None,
    resume: bool,
    keeping: Keeping,
    output_format: opt.Format,
) -> Iterator[Desk]:
    """The desk of a command; time runs from here, and the answer is to be handed over before this ends.

    Args:
        context: The command as it was called.
        scenario: What is played, as changed by `settings`.
        name: Of the scenario, and of the folder of its run folders.
        settings: `--set`.
        workers: `--workers`.
        scheduler: `--scheduler`.
        resume: `--resume`.
        keeping: `--out`, `--save` and `--report`.
        output_format: `--format`.

    Raises:
        UsageError, WorkError, typer.Exit: As `sim.cli.long_run.long_run` does.
    """
    started, home = time.perf_counter(), keeping.home(name)
    with long_run(context, [scenario], home=home, workers=workers, scheduler=scheduler, resume=resume) as runner:
        yield Desk(
            runner,
            lambda answer: hand_over(answer, [scenario], keeping, name, started, settings or [], output_format),
        )
