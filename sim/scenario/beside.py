"""Files that a scenario names: in its own folder or below, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sim.errors import Problem, ScenarioError
from sim.scenario.quantity import shown


def file_beside(folder: Path, name: str, place: str, kinds: Sequence[str]) -> Path:
    """Where a file that a scenario names lies.

    Args:
        folder: Folder of the scenario file.
        name: As the scenario writes it.
        place: Dotted path of the entry that names it.
        kinds: Endings allowed.

    Raises:
        ScenarioError: The name leads out of the folder, or has another ending.
    """
    parts = PurePosixPath(name).parts
    if "\\" in name or ":" in name or "\0" in name or name.startswith(("/", "~")) or ".." in parts or not parts:
        raise refused(
            place, name, "must name a file in the scenario's folder or below, without .., drive or leading /"
        )
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise refused(place, name, "leads out of the folder of the scenario")
    if file.suffix not in kinds:
        raise refused(place, name, f"must end in {' or '.join(kinds)}")
    return file


def refused(place: str, found: str, allowed: str) -> ScenarioError:
    """The error of a file that cannot be used."""
    return ScenarioError("a file that the scenario names cannot be used", [Problem(place, shown(found), allowed)])
