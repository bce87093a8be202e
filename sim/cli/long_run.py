"""Work that takes long: who does it, and what is kept if it is interrupted."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sim.errors import IgsimError, InputError, Problem, UsageError, WorkError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.work.folder import Undertaking, WorkFolder
    from sim.work.long_work import LongWork

INTERRUPTED, TERMINATED = 130, 143
"""Exit status after Ctrl-C and after SIGTERM, as shells have it."""
IMMATERIAL = ("workers", "scheduler", "resume", "out", "save", "output_format", "scenario", "scenarios", "settings")
"""Options on which results do not depend, or only through the scenario."""


class _Terminated(KeyboardInterrupt):
    """SIGTERM: the same as Ctrl-C, but for the exit status."""


@contextmanager
def long_run(
    context: typer.Context,
    scenarios: Sequence[Scenario],
    *,
    home: Path | None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
) -> Iterator[LongWork]:
    """The runner of a command; its run folder is to be written before this ends.

    The work is known by the command's name, its scenarios and all its options but `IMMATERIAL` ones.

    Args:
        context: The command as it was called.
        scenarios: What is played, as changed by `--set`.
        home: Where the run folder will be, `--out` and the scenario's name; None keeps nothing (`--no-save`).
        workers: Processes of this machine; None for as many as it pays to have.
        scheduler: Address of a Dask scheduler.
        resume: Whether to take up unfinished work.

    Yields:
        What works batches off (a `sim.work.Runner`).

    Raises:
        UsageError: The options cannot be used together, or the cluster cannot be used.
        WorkError: Workers, the cluster or the disk failed; said with how to resume.
        typer.Exit: Interrupted.
    """
    from sim.work.folder import WorkFolder
    from sim.work.long_work import LongWork, crew_of

    if resume and home is None:
        raise UsageError("nothing can be resumed", [Problem("--resume", "--no-save", "needs a run folder: --save")])
    undertaking = _undertaking(context, scenarios)
    crew = crew_of(workers, scheduler, _tell)
    folder: WorkFolder | None = None
    terminate = signal.signal(signal.SIGTERM, _terminate)
    try:
        if home is not None:
            folder = WorkFolder(home, undertaking, resume=resume, tell=_tell)
        yield LongWork(crew, folder)
        if folder:
            folder.remove()
    except KeyboardInterrupt as interrupt:
        _ignore_interrupts()  # what is done is being written: once is enough
        crew.close()
        _tell(f"Interrupted. {_leave(folder, undertaking)}")
        raise typer.Exit(TERMINATED if isinstance(interrupt, _Terminated) else INTERRUPTED) from None
    except InputError:
        raise
    except IgsimError as error:
        crew.close()
        message = f"{error}\n{_leave(folder, undertaking)}"
        raise WorkError(message) from error
    finally:
        crew.close()
        if folder:
            folder.close()
        signal.signal(signal.SIGTERM, terminate)


def _terminate(*_: object) -> None:
    raise _Terminated


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _undertaking(context: typer.Context, scenarios: Sequence[Scenario]) -> Undertaking:
    """What the command line asks for."""
    from sim.work.folder import Undertaking

    again = [argument for argument in sys.argv[1:] if argument != "--resume"]
    files = [
        {"digest": each.digest, "file": each.files[0] if each.files else "", "text": each.source_text}
        for each in scenarios
    ]
    return Undertaking(
        command=str(context.info_name),
        scenarios=tuple(files),
        settings={name: _plain(value) for name, value in context.params.items() if name not in IMMATERIAL},
        resume=shlex.join(["igsim", *again, "--resume"]),
    )


def _plain(value: Any) -> Any:
    """An option as JSON can carry it."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _leave(folder: WorkFolder | None, undertaking: Undertaking) -> str:
    """Keep what is done; says how to go on."""
    try:
        if folder and folder.close():
            return f"What is done is kept; finish it with: {undertaking.resume}"
    except IgsimError as error:
        return f"What was done last could not be kept: {error}"
    return "Nothing is kept."
