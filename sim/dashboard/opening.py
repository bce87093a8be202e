"""What `igsim dashboard RUN|SCENARIO` opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.dashboard.library import RUN, SCENARIO
from sim.errors import Problem, UsageError
from sim.scenario import load, shipped_scenarios
from sim.store import read_manifest


@dataclass(frozen=True)
class Opening:
    """Where the dashboard looks, and what it shows first.

    Attributes:
        root: Results folder.
        scenarios: Name to file: the shipped ones and the one given.
        key: What is looked at; empty for the list.
        page: Which page; empty for the list.
    """

    root: Path
    scenarios: Mapping[str, Path]
    key: str = ""
    page: str = ""


def opening(what: Path | None, results: Path) -> Opening:
    """Settle what to open.

    Args:
        what: Run folder, scenario file, or nothing.
        results: Results folder; a run folder elsewhere brings its own.

    Raises:
        InputError: It is neither, or a scenario that cannot be meant.
        RunFolderError: It is a run folder that cannot be read.
    """
    shipped = shipped_scenarios()
    if what is None:
        return Opening(results, shipped)
    if what.is_dir():
        read_manifest(what)
        folder = what.resolve()
        name = f"{folder.parent.name}/{folder.name}"
        return Opening(folder.parent.parent, shipped, f"{RUN}{name}", "decision")
    if what.is_file():
        load(what)
        name = what.stem
        if name in shipped and shipped[name].resolve() != what.resolve():
            name = f"{name} ({what.parent.name or '.'})"
        return Opening(results, {**shipped, name: what.resolve()}, f"{SCENARIO}{name}", "what-if")
    raise UsageError(
        "the dashboard cannot be opened",
        [Problem("RUN|SCENARIO", str(what), "must be a run folder or a scenario file that is there")],
    )
