"""Every faulty file in faults/ is named for its fault; its message, written by hand, lies beside it as .txt.

A line of expectation is `place: found ...; allowed`; a line ending in [file] says that the value was written in that
file and not in the faulty one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load

FAULTS = Path(__file__).parent / "faults"
FILES = sorted(path for path in FAULTS.glob("*.toml") if path.stem != "valid")


def report(error: ScenarioError, main: Path) -> list[str]:
    """Write the problems as the expectation files do."""
    lines = []
    for problem in error.problems:
        found = f"found {problem.found}; " if problem.found else ""
        elsewhere = "" if problem.file == str(main) else f" [{Path(problem.file).name}]"
        lines.append(f"{problem.place}: {found}{problem.allowed}{elsewhere}")
    return lines


def test_the_scenario_that_the_faulty_ones_extend_is_sound() -> None:
    assert load(FAULTS / "valid.toml").strategy_names == ("none", "preemptive", "secondary")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_fault_is_named_with_place_value_and_what_is_allowed(path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert report(caught.value, path) == path.with_suffix(".txt").read_text().splitlines()


def test_every_fault_has_an_expectation_and_every_expectation_a_fault() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in FAULTS.glob("*.txt")}
    assert len(FILES) >= 100


def test_the_message_has_the_path_of_the_file_and_ends_with_every_problem() -> None:
    path = FAULTS / "negative-rate.toml"
    with pytest.raises(ScenarioError) as caught:
        load(path)
    place = "infections.causes.any.rate_per_month.BCMA.grade_3plus"
    expected = f"{path}: 1 problem\n  {path}: {place}: found -0.06; must be from 0 to 100 (per month)"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"format = 1\ntitle = '\xff'\n", "must be UTF-8 text"),
        (b"a = " + b"[" * 5000, "is nested too deeply"),
        (b"format = 1\n" + b"a." * 40 + b"a = 1\n", "is nested too deeply"),
        (b"#" * 1_000_001, "a scenario has at most 1000000 bytes"),
    ],
    ids=["not utf-8", "nested lists", "nested tables", "too large"],
)
def test_a_file_that_cannot_be_text_of_a_scenario_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert [problem.allowed for problem in caught.value.problems] == [reason]


@pytest.mark.parametrize("name", ["missing.toml", "", "a\0b.toml"])
def test_a_path_that_leads_to_no_file_is_a_scenario_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / name)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (FAULTS / "valid.toml").read_bytes())
    assert load(path).digest == load(FAULTS / "valid.toml").digest


def test_strict_asks_every_plain_number_for_a_source() -> None:
    with pytest.raises(ScenarioError) as caught:
        load(FAULTS / "valid.toml", strict=True)
    by_place = {problem.place: problem.allowed for problem in caught.value.problems}
    assert by_place["igg.half_life_days"] == 'needs a source: { value = ..., unit = "days", source = "..." }'
    assert by_place["igg.assay_cv"] == 'needs a source: { value = ..., source = "..." }'
    assert by_place["immunoglobulin.hr.grade_3plus.source"].startswith("is missing")
    # Counted by hand, section by section: 3 + 10 + 4 + 4 + 4 + 15 + 12 + 7 + 2 + 5 quantities, none with a source.
    assert len(by_place) == 66


def test_strict_asks_for_units_except_of_pure_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    (tmp_path / "valid.toml").write_bytes((FAULTS / "valid.toml").read_bytes())
    path.write_text(
        'extends = "valid.toml"\nformat = 1\nigg.half_life_days = { value = 21, source = "x" }\n'
        'igg.assay_cv = { value = 0.1, source = "x" }\n'
    )
    with pytest.raises(ScenarioError) as caught:
        load(path, strict=True)
    places = {problem.place for problem in caught.value.problems}
    assert "igg.half_life_days.unit" in places
    assert not any(place.startswith("igg.assay_cv") for place in places)
