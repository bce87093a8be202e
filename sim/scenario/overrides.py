"""Change single values of a scenario by dotted path: `--set immunoglobulin.hr.grade_3plus=0.52`.

Works on plain tables before they are validated, so an override is held to the same rules as a file.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from sim.errors import Problem, ScenarioError, UsageError
from sim.scenario.problems import child, declared_keys
from sim.scenario.quantity import shown

ON_COMMAND_LINE: Final = "--set"
SOURCE_OF_OVERRIDE: Final = "set on the command line"


def parse_setting(text: str) -> tuple[str, object]:
    """Read one `PATH=VALUE`.

    Args:
        text: As typed; VALUE is a TOML value, and anything that is not one is text.

    Returns:
        The dotted path and the value.

    Raises:
        UsageError: There is no path or no equals sign.
    """
    path, equals, value = (part.strip() for part in text.partition("="))
    if not path or not equals:
        message = f"--set: found {shown(text)}; must be PATH=VALUE, e.g. analysis.patients=5000"
        raise UsageError(message)
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        return path, value
    return path, parsed["value"] if parsed.keys() == {"value"} else value


def path_of(place: str) -> tuple[str, ...]:
    """Split a dotted path into its keys."""
    return tuple(key.strip() for key in place.split("."))


def apply_overrides(tables: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return the tables with values replaced.

    A path may lead into a list by position, from 1: `targets.BCMA.hazard_periods.2.multiplier`.
    A plain value put where a quantity with a unit and a distribution stands replaces its value and keeps its unit;
    distribution, interval and source belonged to the old value and go. A key that the format knows but the
    file leaves out may be set; a name that neither knows is refused.

    Args:
        tables: Tables of a scenario; not changed, and shared with the result wherever no path leads.
        overrides: Values by dotted path.

    Raises:
        ScenarioError: A path leads nowhere; carries every such path and what may have been meant.
    """
    changed = dict(tables)
    problems = []
    for place, value in overrides.items():
        if not _put(changed, path_of(place), copy.deepcopy(value)):
            allowed = f"no such path{_meant(place, changed)}"
            problems.append(Problem(place, shown(value), allowed, ON_COMMAND_LINE))
    if problems:
        message = "overrides cannot be applied"
        raise ScenarioError(message, sorted(problems))
    return changed


def _put(tables: dict[str, Any], path: tuple[str, ...], value: object) -> bool:
    node: Any = tables
    for depth, key in enumerate(path):
        old = child(node, key)
        if isinstance(node, list) and old is not None:
            step: Any = int(key) - 1
        elif isinstance(node, dict) and (key in node or key in (declared_keys(path[:depth]) or ())):
            step = key
        else:
            return False
        if depth == len(path) - 1:
            node[step] = _replacing(old, value)
            return True
        # A copy of each table on the way, so that those of the caller stay as they are.
        node[step] = {} if old is None else copy.copy(old)
        node = node[step]
    return False


def _replacing(old: object, value: object) -> object:
    if not isinstance(old, Mapping) or not _is_quantity(old) or isinstance(value, Mapping):
        return value
    unit = {"unit": old["unit"]} if "unit" in old else {}
    return {"value": value, **unit, "source": SOURCE_OF_OVERRIDE}


def _meant(place: str, tables: Mapping[str, Any]) -> str:
    known = [".".join(path) for path in _paths((), tables, tables)]
    ends = [path for path in known if path.endswith(f".{place}")]
    begun = [path for path in known if path.startswith(place) and "." not in path[len(place) :]]
    close = ends[:3] or begun[:3] or get_close_matches(place[:200], known, n=1, cutoff=0.6)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def _paths(path: tuple[str, ...], node: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the paths that may be set: those in the file, and keys of its tables that it leaves out."""
    left_out = (declared_keys(path, tables) or frozenset()) - node.keys()
    for key in (*node, *sorted(left_out)):
        yield (*path, key)
        below = node.get(key)
        listed = below if isinstance(below, list) else []
        members = {(*path, key, str(place)): member for place, member in enumerate(listed, start=1)}
        for place, member in {(*path, key): below, **members}.items():
            if isinstance(member, Mapping) and not _is_quantity(member):
                yield from _paths(place, member, tables)


def _is_quantity(node: object) -> bool:
    return isinstance(node, Mapping) and "value" in node and not {"distribution", "between"} & node.keys()
