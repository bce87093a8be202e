"""The JSON Schema of a scenario *file*, for completion and checking in an editor.

A file may leave out whatever the file it extends provides, so the published schema asks for no table and no key but
`format`; only what is always written whole (a quantity, a patient distribution, a start rule, a member of a list)
keeps its required keys. Completeness is for `load` to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.scenario.quantity import CURRENCY
from sim.scenario.read import WHOLE
from sim.scenario.schema import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, with a description and unit for every field."""
    schema: dict[str, Any] = Scenario.model_json_schema()
    listed = set(_in_lists(schema))
    for name, table in [("", schema), *schema["$defs"].items()]:
        if not WHOLE & table["properties"].keys() and name not in listed:
            table.pop("required", None)
    _finish(schema)
    schema["required"] = ["format"]
    extends = {
        "type": "string",
        "description": "A scenario file in the same folder or below, whose values hold wherever this file is silent.",
    }
    schema["properties"] = {"format": schema["properties"].pop("format"), "extends": extends} | schema["properties"]
    return {"$schema": DIALECT, **schema, "title": "igsim scenario"}


def _in_lists(node: Any, *, listed: bool = False) -> Iterator[str]:
    """Yield the names of the tables that are members of lists."""
    if isinstance(node, Mapping):
        if listed and "$ref" in node:
            yield str(node["$ref"]).removeprefix("#/$defs/")
        for key, inner in node.items():
            yield from _in_lists(inner, listed=key == "items" or (listed and key in ("oneOf", "anyOf")))
    elif isinstance(node, list):
        for inner in node:
            yield from _in_lists(inner, listed=listed)


def _finish(node: Any) -> None:
    """Write units into descriptions, and drop null: TOML has none."""
    if isinstance(node, list):
        for child in node:
            _finish(child)
    if not isinstance(node, dict):
        return
    if node.get("default", "") is None:
        del node["default"]
    variants = [variant for variant in node.get("anyOf", []) if variant != {"type": "null"}]
    if len(variants) == 1:
        del node["anyOf"]
        node.update(variants[0])
    elif variants:
        node["anyOf"] = variants
    if "x-unit" in node and "description" in node:
        unit = str(node["x-unit"]).replace(CURRENCY, "currency of the analysis")
        node["description"] = f"{str(node['description']).rstrip('.')} ({unit})."
    for child in list(node.values()):
        _finish(child)
