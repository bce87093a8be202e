"""Every error igsim raises on purpose, and the exit status each one means.

    IgsimError                   exit 1  the analysis failed
      InputError                 exit 2  what the user gave cannot be used
        ScenarioError                    a scenario file: all its problems at once
        TableError                       an outside table: all its problems at once
        UsageError                       a command-line option or a Python argument
        UnsupportedByEngineError         a valid scenario that this engine cannot play
        RunFolderError                   a run folder that is missing, incomplete, altered or from a newer version
      SimulationError            exit 1  an invariant of the simulation broke: our bug
      ResultsError               exit 1  a run folder or figure cannot be written
      WorkError                  exit 1  workers, a cluster or the disk failed long work; what is done is kept

A user's mistake never shows a traceback; a bug of ours never hides one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with an input: where, what was found there, what is allowed.

    Attributes:
        place: Dotted path in the file, or column and row of a table.
        found: The value found, as text; empty where nothing was found.
        allowed: What would have been right.
        file: The file the value was written in; empty where there is none.
    """

    place: str
    found: str
    allowed: str
    file: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.place}" if self.file else self.place
        found = f"found {self.found}; " if self.found else ""
        return f"{where}: {found}{self.allowed}"


class IgsimError(Exception):
    """Base of every error raised on purpose."""

    exit_status = 1


class InputError(IgsimError):
    """What the user gave cannot be used; carries every problem found."""

    exit_status = 2

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        self.message = message
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(message)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


class ScenarioError(InputError):
    """A scenario cannot be read, or can be read but cannot be meant."""


class TableError(InputError):
    """A table of outcomes or parameters from outside cannot be used."""


class UsageError(InputError):
    """An option, argument or combination of them cannot be used."""


class UnsupportedByEngineError(InputError):
    """The scenario is valid, but the chosen engine cannot play it; says which can."""


class RunFolderError(InputError):
    """A run folder that was given is missing, incomplete, altered, or from a newer version."""


class SimulationError(IgsimError):
    """An invariant of the simulation broke. Always our bug, never the user's."""


class ResultsError(IgsimError):
    """A run folder or a figure cannot be written."""


class WorkError(IgsimError):
    """Long work cannot go on: workers die, the cluster is gone, or its batches cannot be kept."""
