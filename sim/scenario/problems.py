"""From pydantic's errors to problems a user can act on: dotted path, value found, value allowed, file.

Knows the schema (to suggest the key that was meant) but neither files nor meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sim.errors import Problem
from sim.scenario.fields import DRUG_DOSE_PATTERN, TARGET_PATTERN
from sim.scenario.quantity import Fault, number_fault, shown, suggestion
from sim.scenario.schema import Scenario

Path = tuple[str, ...]
Origins = Mapping[Path, str]

# Keys that say which of several kinds of table is meant.
TAGS = frozenset({"distribution", "rule", "kind"})

LIMITS = {
    "greater_than_equal": "must be {ge:g} or more",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "less_than": "must be less than {lt:g}",
}

EXPECTED_TYPES = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number, written without decimal point or exponent",
    "tuple_type": "must be a list, [...]",
    "string_too_short": "must not be empty",
    "finite_number": "must be a finite number",
}


def dotted(path: Sequence[str]) -> str:
    """Join keys to the path that a user would write, quoting keys that TOML would want quoted."""
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else shown(key) for key in path)


def origin_of(path: Path, origins: Origins) -> str:
    """Return the file in which the value at `path`, or the nearest table around it, was written."""
    for length in range(len(path), -1, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return ""


def problem(path: Path, found: str, allowed: str, origins: Origins) -> Problem:
    """Build a problem at `path`, naming the file that the value came from."""
    return Problem(dotted(path) or "the file", found, allowed, origin_of(path, origins))


def translated(
    error: ValidationError, tables: Mapping[str, Any], origins: Origins, replaced: Collection[Path] = ()
) -> list[Problem]:
    """Turn pydantic's errors into problems.

    Args:
        error: What pydantic raised for the scenario.
        tables: The tables that were validated.
        origins: File of each path.
        replaced: Paths of tables in place of which an extending file put one of its own.
    """
    return [
        problem(path, found, allowed, origins)
        for details in error.errors(include_url=False)
        for path, found, allowed in _explained(details, tables, replaced)
    ]


def _explained(
    details: ErrorDetails, tables: Mapping[str, Any], replaced: Collection[Path]
) -> Iterator[tuple[Path, str, str]]:
    path = _path_in(tables, details["loc"])
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "faults":
        faults: list[Fault] = context["faults"]
        for fault in faults:
            yield (*path, *fault.keys), fault.found, fault.allowed
    elif kind == "too_short" and len(value) >= context["min_length"]:
        return  # its members are at fault, and reported themselves
    elif kind == "missing":
        yield path, "", f"is missing{_missing_hint(path, tables, replaced)}"
    elif kind == "extra_forbidden":
        known = declared_keys(path[:-1], tables) or frozenset()
        yield path, shown(value), f"unknown key{suggestion(path[-1], known)}; allowed: {', '.join(sorted(known))}"
    elif kind in ("union_tag_not_found", "model_type", "model_attributes_type", "dict_type"):
        wanted = sorted(TAGS & (declared_keys(path) or frozenset()))
        yield path, shown(value), f"must be a table{f' with {wanted[0]} = ...' if wanted else ''}"
    elif kind == "union_tag_invalid":
        tag, allowed = str(context["tag"]), str(context["expected_tags"]).replace("'", '"')
        hint = suggestion(tag, [name.strip('" ') for name in allowed.split(",")])
        yield (*path, context["discriminator"].strip("'")), shown(tag), f"must be one of {allowed}{hint}"
    elif "[key]" in details["loc"]:
        yield path, shown(value), _name(context)
    else:
        yield path, shown(value), _allowed(kind, value, context)


def _allowed(kind: str, value: object, context: Mapping[str, Any]) -> str:
    match kind:
        case "literal_error":
            hint = suggestion(str(value), re.findall(r"'([^']*)'", str(context["expected"])))
            return "must be " + str(context["expected"]).replace("'", '"') + hint
        case "float_type" | "float_parsing":
            return number_fault(value)
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return LIMITS[kind].format(**context)
        case "too_short":
            return f"needs at least {context['min_length']}"
        case "string_pattern_mismatch" if context["pattern"] == "^[A-Z]{3}$":
            return 'must be three capital letters, such as "USD"'
        case "too_long":
            return f"may have at most {context['max_length']}"
        case "string_pattern_mismatch" if context["pattern"] == DRUG_DOSE_PATTERN:
            return 'must be a dose like "12 mg" or "0.06 mg/kg"'
        case "string_pattern_mismatch":
            return _name(context)
        case "int_type" if isinstance(value, str):
            return number_fault(value)
    return EXPECTED_TYPES.get(kind, f"is not allowed ({kind.replace('_', ' ')})")


def _name(context: Mapping[str, Any]) -> str:
    if context.get("pattern") == TARGET_PATTERN:
        return "must be the name of a target: letters and digits, starting with a letter"
    return "must be a name of lower-case letters, digits and _, starting with a letter"


def _missing_hint(path: Path, tables: Mapping[str, Any], replaced: Collection[Path]) -> str:
    if path == ("format",):
        return "; this file format begins with format = 1"
    whole, node = path[:-1], tables
    if whole not in replaced:
        return ""
    for key in whole:
        node = child(node, key)
    tag = next((tag for tag in sorted(TAGS) if tag in node), "")
    return f" (stating `{tag}` replaces the whole {whole[-1]}; to change one entry, leave `{tag}` out)" if tag else ""


def _path_in(tables: Mapping[str, Any], location: tuple[int | str, ...]) -> Path:
    """Drop from pydantic's location what is not in the file: the tags of unions, and its mark for keys."""
    path: list[str] = []
    node: object = tables
    last = len(location) - 1
    for position, step in enumerate(location):
        if isinstance(node, Mapping):
            if step in node or (position == last and step != "[key]"):
                path.append(str(step))
                node = node.get(step)
        elif isinstance(node, list | tuple) and isinstance(step, int):
            path.append(str(step + 1))
            node = node[step] if step < len(node) else None
    return tuple(path)


def declared_keys(path: Sequence[str], tables: Mapping[str, Any] | None = None) -> frozenset[str] | None:
    """Return the keys that the format declares for the table at `path`.

    Args:
        path: Keys from the top of the file.
        tables: The file's tables; they tell which of several kinds of table is meant.

    Returns:
        The keys; None where the names are the user's own (strategies, causes) or no table belongs.
    """
    found = [kind for kind in _kinds_at(path) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    node: Any = tables
    for key in path:
        node = child(node, key)
    if isinstance(node, Mapping):
        found = [kind for kind in found if _may_be(kind, node)]
    keys = frozenset(key for kind in found for key in kind.model_fields)
    return (keys | {"extends"} if not path else keys) if found else None


def child(node: object, key: str) -> Any:
    """Return what stands under a key of a table, or at a position (from 1) of a list; None for nothing."""
    if isinstance(node, Mapping):
        return node.get(key)
    if isinstance(node, list | tuple) and key in map(str, range(1, len(node) + 1)):
        return node[int(key) - 1]
    return None


def _may_be(kind: type[BaseModel], node: Mapping[str, Any]) -> bool:
    tags = TAGS & kind.model_fields.keys() & node.keys()
    return all(node[tag] in get_args(kind.model_fields[tag].annotation) for tag in tags)


def _kinds_at(path: Sequence[str]) -> list[Any]:
    kinds: list[Any] = [Scenario]
    for step in path:
        below: list[Any] = []
        for kind in kinds:
            if get_origin(kind) is dict:
                below += _members(get_args(kind)[1])
            elif get_origin(kind) is tuple and step.isdecimal():
                below += _members(get_args(kind)[0])
            elif isinstance(kind, type) and issubclass(kind, BaseModel) and step in kind.model_fields:
                below += _members(kind.model_fields[step].annotation)
        kinds = below
    return kinds


def _members(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]
