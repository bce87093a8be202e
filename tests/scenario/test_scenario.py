"""The Scenario object: its identity, its numbers, its round trip, the questions asked about it, its JSON Schema."""

from __future__ import annotations

import json
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import Scenario, from_tables, json_schema, load, quantities, shipped_scenarios, warnings

VALID = Path(__file__).parent / "faults" / "valid.toml"
SHIPPED = shipped_scenarios()


def variant(tmp_path: Path, old: str, new: str) -> Scenario:
    """Load valid.toml with one piece of text exchanged."""
    text = VALID.read_text()
    assert old in text
    path = tmp_path / "variant.toml"
    path.write_text(text.replace(old, new))
    return load(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[analysis]", "# a comment\n\n[analysis]"),
        ("horizon_months = 60", "horizon_months = 60.0"),
        ("horizon_months = 60", 'horizon_months = { value = 6e1, unit = "months" }'),
        ("horizon_months = 60", "horizon_months.value = 60"),
        ("seed = 1\n", 'seed = 1\nstrategies = ["none", "preemptive", "secondary"]\n'),
        ("grade_1_2 = 1\n", 'grade_1_2 = { value = 1, unit = "" }\n'),
        ("end_of_life_cost = 0\n", "end_of_life_cost = 0\ninclude_drug_cost = false\n"),
    ],
)
def test_the_digest_ignores_how_the_content_is_written(tmp_path: Path, old: str, new: str) -> None:
    assert variant(tmp_path, old, new).digest == load(VALID).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("horizon_months = 60", "horizon_months = 61"),
        ("horizon_months = 60", 'horizon_months = { value = 60, source = "x" }'),
        ("seed = 1\n", "seed = 2\n"),
        ("seed = 1\n", 'seed = 1\nstrategies = ["preemptive", "none", "secondary"]\n'),
        ("ci = [0.2, 0.8]", "ci = [0.2, 0.81]"),
        ('label = "None"', 'label = "No Ig"'),
    ],
)
def test_the_digest_changes_with_the_content(tmp_path: Path, old: str, new: str) -> None:
    assert variant(tmp_path, old, new).digest != load(VALID).digest


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_resolved_scenario_reads_back_the_same_through_json(name: str) -> None:
    scenario = load(SHIPPED[name])
    assert from_tables(json.loads(json.dumps(scenario.resolved())), strict=True).digest == scenario.digest


def test_a_scenario_survives_pickling_for_other_processes() -> None:
    scenario = load(VALID)
    again = pickle.loads(pickle.dumps(scenario))
    assert (again, again.digest, again.files) == (scenario, scenario.digest, scenario.files)


def test_a_scenario_cannot_be_changed() -> None:
    scenario = load(VALID)
    with pytest.raises(ValueError, match="frozen"):
        scenario.igg.assay_cv.value = 1  # type: ignore[misc]


def test_quantities_come_with_path_and_unit_of_their_field() -> None:
    found = {path: (quantity.value, unit) for path, quantity, unit in quantities(load(VALID))}
    assert found["immunoglobulin.hr.grade_3plus"] == (0.4, "hazard ratio")
    assert found["patients.weight_kg.mean"] == (75, "kg")
    assert found["patients.m_protein_mg_dl.value"] == (1000, "mg/dL")
    assert found["immunoglobulin.administration_cost"] == (300, "USD per infusion")
    assert found["treatment.death_rate_per_month.on_treatment"] == (0.01, "per month")
    assert found["strategies.preemptive.start.threshold_mg_dl"] == (400, "mg/dL")
    # Counted by hand, section by section: 3 + 7 + 5 + 13 + 11 + 5 + 2 + 5.
    assert len(found) == 51


def test_a_source_says_whether_it_is_an_assumption_or_recalled(tmp_path: Path) -> None:
    for source, expected in {
        "assumption: x": (True, False),
        "Recalled: x": (False, True),
        "x": (False, False),
    }.items():
        cv = variant(tmp_path, "assay_cv = 0.05", f'assay_cv = {{ value = 0.05, source = "{source}" }}').igg.assay_cv
        assert (cv.is_assumption, cv.is_recalled) == expected


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("protection_days = 28", "protection_days = 21", "7 days of each 28-day interval are without protection"),
        ("grade_3plus = 0.2 }", "grade_3plus = 0.7 }", "a state worse than death"),
        ("grade_3plus = 14 }", "grade_3plus = 7 }", "longer than the infection costs utility"),
        ("cost = { grade_1_2 = 400", "cost = { grade_1_2 = 40000", "grade 1-2 exceeds grade 3 or more"),
        ("ci = [0.2, 0.8]", "ci = [0.01, 0.45]", "the interval will not be reproduced"),
        ("seed = 1\n", 'seed = 1\nstrategies = ["none", "secondary"]\n', "defined, but not among"),
        (
            'value = 40000, unit = "USD per month" }',
            'value = 0, unit = "USD per month" }\ninclude_drug_cost = true',
            "is 0 although include_drug_cost = true",
        ),
    ],
)
def test_what_is_valid_but_odd_raises_a_question(tmp_path: Path, old: str, new: str, question: str) -> None:
    asked = warnings(variant(tmp_path, old, new))
    assert len(asked) == 1
    assert question in asked[0]


def test_the_sound_scenario_raises_none() -> None:
    assert warnings(load(VALID)) == ()


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema["$defs"].values()]


def test_the_json_schema_describes_every_field() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    undescribed = [
        (node["title"], name)
        for node in nodes(schema)
        for name, field in node["properties"].items()
        if not field.get("description")
    ]
    assert undescribed == []


def test_the_json_schema_names_units_and_bounds() -> None:
    ig = json_schema()["$defs"]["Immunoglobulin"]["properties"]
    assert ig["dose_g_per_kg"]["description"] == "Dose per infusion (g/kg)."
    assert ig["price_per_gram"]["description"] == "Price of the product (currency of the analysis per gram)."
    number, table = ig["dose_g_per_kg"]["anyOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0, "maximum": 10}
    assert table == {"$ref": "#/$defs/Quantity"}


def test_the_json_schema_asks_only_for_what_an_extending_file_must_state() -> None:
    required = {node["title"]: node["required"] for node in nodes(json_schema()) if "required" in node}
    assert required["igsim scenario"] == ["format"]
    assert required["Quantity"] == ["value"]
    assert "Immunoglobulin" not in required
    assert "threshold_mg_dl" in required["IggBelow"]


KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def conforms(value: object, node: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Check a value against the parts of JSON Schema used here; shares nothing with the code under test."""
    if "$ref" in node:
        return conforms(value, schema["$defs"][node["$ref"].removeprefix("#/$defs/")], schema)
    options = node.get("anyOf") or node.get("oneOf")
    if options and not any(conforms(value, option, schema) for option in options):
        return False
    if "const" in node and value != node["const"]:
        return False
    if "enum" in node and value not in node["enum"]:
        return False
    if "type" in node and not isinstance(value, KINDS[node["type"]]):
        return False
    if isinstance(value, bool):
        return node.get("type", "boolean") == "boolean"
    if isinstance(value, int | float):
        return number_conforms(value, node)
    return table_conforms(value, node, schema) if isinstance(value, dict) else True


def number_conforms(value: float, node: dict[str, Any]) -> bool:
    above = "exclusiveMinimum" not in node or value > node["exclusiveMinimum"]
    return above and node.get("minimum", value) <= value <= node.get("maximum", value)


def table_conforms(table: dict[str, Any], node: dict[str, Any], schema: dict[str, Any]) -> bool:
    known, other = node.get("properties", {}), node.get("additionalProperties", True)
    if not set(node.get("required", [])) <= table.keys():
        return False
    if other is False and not table.keys() <= known.keys():
        return False
    patterns = list(node.get("patternProperties", {}).values())
    default = patterns[0] if patterns else other if isinstance(other, dict) else {}
    return all(conforms(child, known.get(key, default), schema) for key, child in table.items())


@pytest.mark.parametrize("path", [VALID, *SHIPPED.values()], ids=lambda path: path.stem)
def test_the_json_schema_accepts_every_sound_file_as_it_is_written(path: Path) -> None:
    assert conforms(tomllib.loads(path.read_text()), json_schema(), json_schema())


@pytest.mark.parametrize(
    "fault",
    [
        "negative-rate",
        "misspelt-key",
        "misspelt-section",
        "unknown-route",
        "distribution-unknown",
        "number-for-a-table",
    ],
)
def test_the_json_schema_refuses_faulty_files(fault: str) -> None:
    tables = tomllib.loads((VALID.parent / f"{fault}.toml").read_text())
    assert not conforms(tables, json_schema(), json_schema())
