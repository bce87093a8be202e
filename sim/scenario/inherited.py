"""What a file keeps of the one that it extends although it has changed what that rested on: questions, never errors.

A label that says a number which the rule no longer has, and rates of death that were made for patients of another
target. Both are valid and play without a word, and both mislead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from sim.scenario.read import Chain, merged

DEATHS: Final = ("treatment", "death_rate_per_month")


def kept_questions(chain: Chain, tables: Mapping[str, Any], changes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """List what a file or a command line leaves standing that no longer fits.

    Args:
        chain: The files.
        tables: All of them merged, with the changes of the command line.
        changes: Paths that the command line sets.

    Returns:
        One sentence each, beginning with the dotted path it is about.
    """
    if len(chain.files) == 1 and not (changes := tuple(changes)):
        return ()
    then = _Then(chain, tables, tuple(changes))
    return (*_deaths(then), *_labels(then))


class _Then:
    """The tables as they were where something was last written."""

    def __init__(self, chain: Chain, tables: Mapping[str, Any], changes: tuple[tuple[str, ...], ...]) -> None:
        self.chain, self.now, self.changes = chain, tables, changes
        self._tables = cache(lambda place: merged(chain.files[place:]).tables)

    def of(self, path: tuple[str, ...]) -> tuple[Mapping[str, Any], str]:
        """The tables of the file that wrote what stands at a path, and its name; the present ones for --set."""
        if any(path[: len(change)] == change for change in self.changes):
            return self.now, ""
        lengths = range(len(path), -1, -1)
        origin = next(self.chain.origins[path[:length]] for length in lengths if path[:length] in self.chain.origins)
        place = next(i for i, file in enumerate(self.chain.files) if str(file.path) == origin)
        return self._tables(place), Path(origin).name


def _deaths(then: _Then) -> Iterator[str]:
    now = _targets(then.now)
    for when in ("on_treatment", "off_treatment"):
        tables, file = then.of((*DEATHS, when))
        before = _targets(tables)
        if before and (new := now - before):
            whose = f"{'some' if before & now else 'all'} have one directed at {', '.join(sorted(new))}"
            yield (
                f"{'.'.join(DEATHS)}: the rates are one for all agents, and {file} has them for patients on agents "
                f"directed at {', '.join(sorted(before))}; here {whose}"
            )
            return


def _targets(tables: Mapping[str, Any]) -> set[str]:
    """Targets at which the agents of patients are directed."""
    agents, shares = tables.get("agents", {}), tables.get("patients", {}).get("agents", {})
    return {str(agents[name]["target"]) for name, share in shares.items() if name in agents and any(_numbers(share))}


def _labels(then: _Then) -> Iterator[str]:
    for name, strategy in then.now["strategies"].items():
        tables, file = then.of(("strategies", name, "label"))
        said = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", strategy.get("label", ""))}
        now = set(_numbers(strategy.get("start")))
        for number in sorted(said & {*_numbers(tables["strategies"][name].get("start"))} - now):
            yield (
                f"strategies.{name}.label: the label says {number:g}, as the rule did in {file}, and the rule no "
                f"longer does: “{strategy['label']}”"
            )


def _numbers(node: object) -> Iterator[float]:
    """Every number in a table or list; of a quantity its value alone."""
    if isinstance(node, Mapping):
        for child in [node["value"]] if "value" in node else node.values():
            yield from _numbers(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _numbers(child)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield float(node)
