"""The Scenario object: its identity, its numbers, its round trip, the questions asked about it, its JSON Schema."""

from __future__ import annotations

import json
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import (
    AllOfThese,
    AntiCd38,
    AnyOf,
    AnyOfThese,
    DespiteProphylaxis,
    IgaLow,
    IggLow,
    IgmLow,
    Infectious,
    Scenario,
    from_tables,
    json_schema,
    load,
    quantities,
    shipped_scenarios,
    warnings,
)

VALID = Path(__file__).parent / "faults" / "valid.toml"
SHIPPED = shipped_scenarios()


def variant(tmp_path: Path, changes: dict[str, str]) -> Scenario:
    """Load valid.toml with pieces of its text exchanged."""
    text = VALID.read_text()
    for old, new in changes.items():
        assert text.count(old) >= 1
        text = text.replace(old, new)
    path = tmp_path / "variant.toml"
    path.write_text(text)
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
    assert variant(tmp_path, {old: new}).digest == load(VALID).digest


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
    assert variant(tmp_path, {old: new}).digest != load(VALID).digest


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_resolved_scenario_reads_back_the_same_through_json(name: str) -> None:
    scenario = load(SHIPPED[name])
    again = from_tables(json.loads(json.dumps(scenario.resolved())), strict=True)
    assert again.resolved() == scenario.resolved()
    # Draws lie in a table beside the file, and the digest is of them too.
    assert (again.digest == scenario.digest) == (not scenario.posteriors)


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
    assert found["infections.causes.any.rate_per_month.BCMA.grade_3plus"] == (0.06, "per month")
    assert found["targets.BCMA.hazard_periods.1.multiplier"] == (1, "multiplier")
    assert found["strategies.preemptive.start.threshold_mg_dl"] == (400, "mg/dL")
    # Counted by hand, section by section: 3 + 10 + 5 + 4 + 4 + 15 + 12 + 7 + 2 + 5.
    assert len(found) == 67


def test_quantities_in_lists_come_with_their_position() -> None:
    found = {path: quantity.value for path, quantity, _ in quantities(load(SHIPPED["indication-based"]))}
    assert found["strategies.indication.start.conditions.1.conditions.1.threshold_mg_dl"] == 400
    assert found["strategies.indication.start.conditions.1.conditions.2.conditions.2.within_months"] == 12
    alternatives = {
        path: quantity.value for path, quantity, _ in quantities(load(SHIPPED["structural-alternatives"]))
    }
    assert alternatives["targets.BCMA.hazard_periods.2.multiplier"] == 0.59
    assert alternatives["patients.correlations.3.value"] == 0.4


def test_what_is_left_out_is_nothing() -> None:
    scenario = load(VALID)
    assert (scenario.crs, scenario.icans, scenario.tocilizumab, scenario.laboratory) == (None,) * 4
    assert (scenario.antimicrobials, scenario.regimens, scenario.immunoglobulin.harms) == ({}, {}, {})
    assert (scenario.patients.iga_mg_dl, scenario.patients.serostatus, scenario.patients.correlations) == (
        None,
        {},
        (),
    )
    assert [(p.from_month, p.multiplier.value) for p in scenario.targets["BCMA"].hazard_periods] == [(0, 1)]
    none = scenario.strategies["none"]
    assert (none.regimen, none.antimicrobials, none.tocilizumab) == ("standard", (), False)


def test_a_correlation_may_have_its_source_beside_a_plain_number(tmp_path: Path) -> None:
    pair = 'between = ["weight_kg", "frailty"]'
    for written in ('value = 0.3, source = "x"', 'value = { value = 0.3, source = "x" }'):
        added = f"frailty_variance = 0.5\ncorrelations = [{{ {pair}, {written} }}]\n"
        (correlation,) = variant(tmp_path, {"frailty_variance = 0.5\n": added}).patients.correlations
        assert correlation.between == ("weight_kg", "frailty")
        assert (correlation.value.value, correlation.value.source) == (0.3, "x")


def test_conditions_nest() -> None:
    start = load(SHIPPED["indication-based"]).strategies["indication"].start
    assert isinstance(start, AnyOf)
    both, classes, breakthrough = start.conditions
    assert isinstance(both, AllOfThese)
    assert isinstance(both.conditions[0], IggLow)
    assert isinstance(both.conditions[1], AnyOfThese)
    assert isinstance(classes, AllOfThese)
    assert [type(condition) for condition in classes.conditions] == [AntiCd38, IgaLow, IgmLow, Infectious]
    assert isinstance(breakthrough, DespiteProphylaxis)


def test_a_source_says_whether_it_is_an_assumption_or_recalled(tmp_path: Path) -> None:
    for source, expected in {
        "assumption: x": "assumption",
        "Recalled: x": "recalled",
        "x": "sourced",
        " ": "no source",
    }.items():
        written = f'assay_cv = {{ value = 0.05, source = "{source}" }}'
        cv = variant(tmp_path, {"assay_cv = 0.05": written}).igg.assay_cv
        assert cv.standing == expected


AGENT = """agents.other = { label = "x", target = "BCMA", stop_rate_per_month = 0, drug_cost_per_month = 0, \
step_up = [] }"""
TARGET = """targets.FcRH5 = { label = "x", suppressed_fraction = 0, recovery_start_months = 0, \
recovered_fraction = 0, therapeutic_antibody_mg_dl = 0 }"""
HARM = """harms.stroke = { label = "x", rate_per_month = 0, cost = 0, utility_decrement = 0, duration_days = 0, \
hospital_days = 0 }"""
ADJUSTMENT = """dose_adjustment = { step_up_factor = 1, maximum_factor = 1, step_down_after_months = 12, \
step_down_factor = 1, stop_after_months = 12, hr_dose_exponent = 0 }"""
REDUCED = "reduced_frequency = { from_month = 6, infection_multiplier = 1, drug_cost_multiplier = 1 }"
SCIG = """regimens.scig = { route = "SCIG", dose_g_per_kg = 0.1, vial_size_g = 0, interval_days = 7, \
price_per_gram = 9, administration_cost = 9, onset_lag_days = 0, protection_days = 5, \
infusion_utility_decrement = 0, adherence = 1 }"""
TOCILIZUMAB = """tocilizumab = { crs_multiplier = { grade_1_2 = 1, grade_3plus = 1 }, cost = 9, \
icans_multiplier = { grade_1_2 = 1, grade_3plus = 1 }, infection_multiplier = 1, infection_months = 1 }"""
DRUG = """antimicrobials.pcr = { label = "PCR", kind = "surveillance", adherence = ADHERENCE, start_cost = 0, \
cost_per_month = 0, months_after_treatment = 0, course_cost = 0, hr.any = { grade_1_2 = 1, grade_3plus = RATIO } }"""
LISTED = 'label = "None"\nantimicrobials = ["pcr"]'
LIFE_TABLE = 'life_table = { annual_probability = [[60, 0.01, 0.01]], hazard_multiplier = 0, source = "x" }'
AGE = 'age_years = { distribution = "fixed", value = 66 }\nmale_proportion = 0.5\n'


def drug(adherence: float = 1, ratio: float = 0.5) -> str:
    return DRUG.replace("ADHERENCE", f"{adherence:g}").replace("RATIO", f"{ratio:g}")


FOR_CARRIERS = drug().replace("adherence", 'given_to = "cmv", adherence')
EITHER = """start = { rule = "any_of", delay_days = 0, conditions = [{ kind = "anti_cd38" }, \
{ kind = "igg_below", threshold_mg_dl = 400 }] }"""


@pytest.mark.parametrize(
    ("changes", "question"),
    [
        ({"protection_days = 28": "protection_days = 21"}, "7 days of each 28-day interval are without protection"),
        ({'title = "Valid"': f'title = "Valid"\n{SCIG}'}, "regimens.scig.protection_days: 2 days of each 7-day"),
        ({"grade_3plus = 0.2 }": "grade_3plus = 0.7 }"}, "a state worse than death"),
        ({"grade_3plus = 8 }": "grade_3plus = 21 }"}, "longer than the infection costs utility"),
        ({"cost = { grade_1_2 = 400": "cost = { grade_1_2 = 40000"}, "grade 1-2 exceeds grade 3 or more"),
        ({"ci = [0.2, 0.8]": "ci = [0.01, 0.45]"}, "the interval will not be reproduced"),
        ({"seed = 1\n": 'seed = 1\nstrategies = ["none", "secondary"]\n'}, "defined, but not among"),
        ({"value = 40000": "value = 0", "end_of_life_cost = 0": "end_of_life_cost = 0\ninclude_drug_cost = true"},
         "agents.teclistamab.drug_cost_per_month: is 0 although include_drug_cost = true"),
        ({"grade_3plus = 14 }\ncost": "grade_3plus = 0 }\ncost",
          "end_of_life_cost = 0": "end_of_life_cost = 0\ninclude_drug_cost = true"},
         "paid for through every severe infection"),
        ({'title = "Valid"': f'title = "Valid"\n{AGENT}'}, "agents.other: defined, but without a share"),
        ({'title = "Valid"': f'title = "Valid"\n{TARGET}'}, "targets.FcRH5: defined, but no agent"),
        ({"responder_proportion = 0.6": "responder_proportion = 0", "[treatment]": f"[treatment]\n{REDUCED}"},
         "patients.responder_proportion: is 0"),
        ({'route = "IVIG"': f'route = "IVIG"\n{HARM}'}, "immunoglobulin.harms.stroke.rate_per_month: is 0"),
        ({'route = "IVIG"': 'route = "IVIG"\nmarginal_follow_up_months = 6'}, "is without effect while effect"),
        ({'route = "IVIG"': f'route = "IVIG"\n{ADJUSTMENT}'}, "immunoglobulin ends before the dose goes down"),
        ({'route = "IVIG"': 'route = "IVIG"\nbenefit_below_igg_mg_dl = 300'},
         "strategies.preemptive.start: orders immunoglobulin at an IgG under 400 mg/dL, where it may not work yet"),
        ({'title = "Valid"': f'title = "V"\n{TOCILIZUMAB}', 'label = "None"': 'label = "None"\ntocilizumab = true'},
         "tocilizumab: changes no probability"),
        ({"threshold_mg_dl = 400, delay_days = 14": "threshold_mg_dl = 400, delay_days = 1900"},
         "strategies.preemptive.start.delay_days: 1900 days, past the horizon of 60 months"),
        ({"interval_months = 1,": "interval_months = 60,"},
         "strategies.preemptive.igg_tests.interval_months: 60 months, past the horizon of 60 months"),
        ({"adherence = 1": "adherence = 0"}, "immunoglobulin.adherence: is 0: of every course the first infusion"),
        ({"onset_lag_days = 0": "onset_lag_days = 1900"}, "onset_lag_days: 1900 days, past the horizon"),
        ({"[immunoglobulin.hr]\ngrade_1_2 = 1": "[immunoglobulin.hr]\ngrade_1_2 = 1.1"},
         "immunoglobulin.hr.grade_1_2: 1.1 is above 1: it brings infections"),
        ({'title = "Valid"': f'title = "Valid"\n{drug()}'}, "antimicrobials.pcr: defined, but no strategy lists it"),
        ({'title = "Valid"': f'title = "Valid"\n{drug(adherence=0)}', 'label = "None"': LISTED},
         "antimicrobials.pcr.adherence: is 0: nobody takes it"),
        ({'title = "Valid"': f'title = "Valid"\n{FOR_CARRIERS}',
          'label = "None"': LISTED, "frailty_variance = 0.5": "frailty_variance = 0.5\nserostatus.cmv = 0"},
         "antimicrobials.pcr.given_to: nobody is positive for cmv (patients.serostatus.cmv = 0)"),
        ({'title = "Valid"': f'title = "Valid"\n{drug(ratio=1)}', 'label = "None"': LISTED},
         "antimicrobials.pcr.hr: are all 1: it finds nothing"),
        ({'title = "Valid"': f'title = "Valid"\n{drug(ratio=1.5)}', 'label = "None"': LISTED},
         "antimicrobials.pcr.hr.any.grade_3plus: 1.5 is above 1: it brings infections"),
        ({'label = "BCMA"': 'label = "BCMA"\nhazard_periods = [{ from_month = 0, multiplier = 0 }]'},
         "targets.BCMA.hazard_periods: are all 0: nobody is infected on treatment"),
        ({"[treatment]": f"[treatment]\n{LIFE_TABLE}", "frailty_variance = 0.5": f"frailty_variance = 0.5\n{AGE}"},
         "treatment.life_table.hazard_multiplier: is 0: the life table is without effect"),
        ({"anti_cd38_proportion = 1": "anti_cd38_proportion = 0",
          'start = { rule = "igg_below", threshold_mg_dl = 400, delay_days = 14 }': EITHER},
         "strategies.preemptive.start.conditions.1: can never fire: nobody had such an antibody"),
    ],
)  # fmt: skip
def test_what_is_valid_but_odd_raises_a_question(tmp_path: Path, changes: dict[str, str], question: str) -> None:
    asked = warnings(variant(tmp_path, changes))
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
    assert not {"Immunoglobulin", "Agent", "ReducedFrequency"} & required.keys()
    assert required["HazardPeriod"] == ["from_month", "multiplier"]
    assert required["Correlation"] == ["between", "value"]
    assert required["AntiCd38"] == ["kind"]
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
    if isinstance(value, list):
        members = node.get("prefixItems") or [node.get("items", {})] * len(value)
        return len(value) >= node.get("minItems", 0) and all(map(conforms, value, members, [schema] * len(value)))
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
        "condition-unknown",
        "condition-with-a-delay",
        "conditions-none",
        "correlation-above-one",
    ],
)
def test_the_json_schema_refuses_faulty_files(fault: str) -> None:
    tables = tomllib.loads((VALID.parent / f"{fault}.toml").read_text())
    assert not conforms(tables, json_schema(), json_schema())
