"""Whatever is put in, only a ScenarioError comes out: no other exception, no silence about what is wrong."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario import Scenario, apply_overrides, from_tables, load, parse_setting, shipped_scenarios

VALID = tomllib.loads((Path(__file__).parent / "faults" / "valid.toml").read_text())
# Between them these have every table of the format.
FULL = [load(shipped_scenarios()[name]).resolved() for name in ("indication-based", "structural-alternatives")]

KEYS = st.sampled_from(
    [
        "value",
        "unit",
        "dist",
        "ci",
        "se",
        "range",
        "source",
        "rule",
        "distribution",
        "analysis",
        "format",
        "causes",
        "x",
    ]
) | st.text(max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.builds(lambda: 10**400)
    | st.builds(lambda: -(1 << 20_000))
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


Place = tuple[str | int, ...]


def places(node: object, path: Place = ()) -> list[Place]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [place for key, child in inner for place in places(child, (*path, key))]
    return [path, *below] if path else below


PLACES = places(VALID)


def changed(tables: dict[str, Any], path: Place, value: object) -> dict[str, Any]:
    tables = copy.deepcopy(tables)
    node: Any = tables
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tables


def dotted(path: Place) -> str:
    return ".".join(str(key + 1) if isinstance(key, int) else key for key in path)


def outcome(tables: dict[str, Any], *, strict: bool) -> Scenario | ScenarioError:
    try:
        return from_tables(tables, strict=strict)
    except ScenarioError as error:
        return error


def check(tables: dict[str, Any], *, strict: bool) -> None:
    result = outcome(tables, strict=strict)
    if isinstance(result, ScenarioError):
        assert result.problems
        assert all(problem.place and problem.allowed for problem in result.problems)
        assert str(result)
    else:
        assert from_tables(result.resolved()).digest == result.digest


@settings(max_examples=400)
@given(st.sampled_from(PLACES), VALUES, st.booleans())
@example(("analysis", "currency"), "usd", False)
@example(("strategies", "none", "start"), {"rule": []}, False)
@example(("strategies", "none", "start"), {"rule": {}}, False)
@example(("patients", "weight_kg"), {"distribution": ["normal"], "x": 1}, False)
@example(("analysis", "patients"), 1 << 20_000, False)
@example(("infections", "causes"), {"any": {"rate_per_month": []}}, True)
def test_any_value_anywhere_is_accepted_or_refused_with_a_message(path: Place, value: object, strict: bool) -> None:
    check(changed(VALID, path, value), strict=strict)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FULL).flatmap(lambda full: st.tuples(st.just(full), st.sampled_from(places(full)))), VALUES)
def test_any_value_anywhere_in_a_full_scenario_too(where: tuple[dict[str, Any], Place], value: object) -> None:
    check(changed(*where, value), strict=False)


@settings(max_examples=200)
@given(st.sampled_from(FULL).flatmap(lambda full: st.tuples(st.just(full), st.sampled_from(places(full)))))
def test_whatever_a_full_scenario_lacks_it_is_accepted_or_refused_with_a_message(
    where: tuple[dict[str, Any], Place],
) -> None:
    tables, path = where
    tables = copy.deepcopy(tables)
    node: Any = tables
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    check(tables, strict=True)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(sorted(VALID)) | KEYS, VALUES, max_size=6))
def test_any_tables_are_refused_with_a_message(tables: dict[str, Any]) -> None:
    result = outcome(tables, strict=True)
    assert isinstance(result, ScenarioError)
    assert result.problems


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60)
    | st.text(alphabet="[]{}=\"'.,#\n\r0123456789aeformatx_- ", max_size=80)
    | st.binary(max_size=60)
)
@example("format = 1\nx = 0x" + "f" * 20_000)
@example("format = 1\nx = " + "9" * 5_000)
@example("format = 0x" + "f" * 20_000)
def test_any_text_in_a_file_is_refused_with_a_message(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert caught.value.problems


@settings(max_examples=300)
@given(
    st.text(max_size=20).map(lambda path: (VALID, path))
    | st.sampled_from([(tables, dotted(path)) for tables in (VALID, *FULL) for path in places(tables)]),
    VALUES,
)
def test_any_override_is_taken_or_refused(where: tuple[dict[str, Any], str], value: object) -> None:
    base, path = where
    try:
        tables = apply_overrides(base, {path: value})
    except ScenarioError as error:
        refused = [problem.place for problem in error.problems]
    else:
        outcome(tables, strict=False)
        refused = []
    assert refused in ([], [path])


@given(st.text(max_size=30))
def test_any_value_of_a_setting_is_read(value: str) -> None:
    path, _ = parse_setting(f"a.b={value}")
    assert path == "a.b"
