"""The JSON Schema of a scenario *file*, for completion and checking in an editor.

A file may leave out whatever the file it extends provides, so the published schema asks for no table and no key but
`format`; only what is always written whole (a quantity, a patient distribution, a start rule) keeps its required
keys. Completeness is for `load` to check.
"""

from __future__ import annotations

from typing import Any

from sim.scenario.quantity import CURRENCY
from sim.scenario.read import WHOLE
from sim.scenario.schema import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, with a description and unit for every field."""
    schema: dict[str, Any] = Scenario.model_json_schema()
    for table in [schema, *schema["$defs"].values()]:
        if not WHOLE & table["properties"].keys():
            table.pop("required", None)
    _finish(schema)
    schema["required"] = ["format"]
    extends = {
        "type": "string",
        "description": "A scenario file in the same folder or below, whose values hold wherever this file is silent.",
    }
    schema["properties"] = {"format": schema["properties"].pop("format"), "extends": extends} | schema["properties"]
    return {"$schema": DIALECT, **schema, "title": "igsim scenario"}


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
