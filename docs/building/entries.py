"""The reference of scenario entries, written from the JSON schema of `igsim schema`."""

from __future__ import annotations

import re
from typing import Any

from sim.scenario.editor_schema import json_schema

Node = dict[str, Any]


def page() -> str:
    """A section for each table of a scenario file, beginning with the file itself."""
    schema = json_schema()
    parts: dict[str, Node] = schema["$defs"]
    lines = [
        "# Scenario entries",
        "",
        "Written from the schema that `igsim schema` prints. A *quantity* is a number, or a table with value, unit, "
        "distribution and source (see [Quantity](#quantity)). Names in capitals are the user's. An entry without a "
        "default is needed, in the file or in one that it extends: "
        "[what `extends` keeps and replaces](../how-to/own-country.md#what-extends-keeps-and-replaces).",
        "",
    ]
    lines += _section("The file", schema, parts)
    seen: list[str] = []
    _collect(schema, parts, seen)
    for name in seen:
        lines += _section(_title(name), parts[name], parts)
    return "\n".join(lines)


def _collect(node: Any, parts: dict[str, Node], seen: list[str]) -> None:
    """Names of the tables that a node refers to, in the order in which a reader meets them."""
    if isinstance(node, dict):
        if "$ref" in node:
            name = str(node["$ref"]).rsplit("/", 1)[1]
            if name not in seen:
                seen.append(name)
                _collect(parts[name], parts, seen)
        for key, value in node.items():
            if key != "$defs":
                _collect(value, parts, seen)
    elif isinstance(node, list):
        for value in node:
            _collect(value, parts, seen)


def _section(title: str, node: Node, parts: dict[str, Node]) -> list[str]:
    words = " ".join(str(node.get("description", "")).split()) if title != "The file" else "The top level of a file."
    lines = [f"## {title}", "", words, "", "| entry | kind | default | what it is |", "| --- | --- | --- | --- |"]
    properties = {name: entry for name, entry in node.get("properties", {}).items() if name != "$schema"}
    for name, entry in properties.items():
        default = f"`{_default(entry['default'])}`" if "default" in entry else ""
        if name not in node.get("required", []) and "default" not in entry and "unset" in str(entry):
            default = "unset"
        about = " ".join(str(entry.get("description", "")).split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {_kind(entry)} | {default} | {about} |")
    return [*lines, ""]


def _kind(entry: Node) -> str:
    """The type of an entry, with its unit and bounds."""
    if "$ref" in entry:
        return _link(entry)
    if "const" in entry:
        return f"`{_default(entry['const'])}`"
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    if "patternProperties" in entry:
        (inner,) = entry["patternProperties"].values()
        return f"NAME = {_kind(inner)}"
    for choice in ("oneOf", "anyOf"):
        if choice in entry:
            return _choice(entry[choice], entry)
    if entry.get("type") == "array":
        inner = entry.get("items", {})
        return f"list of {_kind(inner)}" if inner else "list"
    if entry.get("type") in ("number", "integer"):
        return f"{'number' if entry['type'] == 'number' else 'whole number'}{_bounds(entry)}"
    return {"string": "text", "boolean": "true or false", "object": "table"}.get(str(entry.get("type")), "")


def _choice(options: list[Node], entry: Node) -> str:
    named = [option for option in options if option.get("$ref", "").endswith("/Quantity")]
    if named:
        number = next(option for option in options if "$ref" not in option)
        unit = entry.get("x-unit")
        return "quantity" + (f", {unit}" if unit else "") + _bounds(number)
    return " or ".join(_kind(option) for option in options)


def _bounds(number: Node) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {number[key]:g}" for key, sign in words.items() if key in number]
    return f", {', '.join(found)}" if found else ""


def _link(entry: Node) -> str:
    name = str(entry["$ref"]).rsplit("/", 1)[1]
    title = _title(name)
    return f"[{title}](#{title.lower().replace(' ', '-')})"


def _title(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return words[0] + words[1:].lower()


def _default(value: Any) -> str:
    if value == "":
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)
