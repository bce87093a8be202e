"""The page on clinical elements says what the declaration says, and names nothing that is not there."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

import sim
from tests.walkthrough.declared import DECLARED
from tests.walkthrough.entries import changed, entry_paths, everything, put
from tests.walkthrough.outputs import GROUP_WORDS, GROUPS
from tests.walkthrough.page import PAGE, generated, written

ROOT = PAGE.parents[1]


@functools.cache
def _elements() -> tuple[tuple[str, ...], ...]:
    """Cells of the first table, one row an element."""
    page = PAGE.read_text(encoding="utf-8").partition("## ")[0]
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return tuple(tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[2:])


def _quoted(column: int) -> Iterator[tuple[str, str]]:
    for row in _elements():
        for token in re.findall(r"`([^`]+)`", row[column]):
            yield row[0], token


def test_the_page_is_what_the_declaration_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "write it anew: python -m tests.walkthrough.page"
    assert all(f"`{pattern}`" in generated() for pattern in DECLARED)
    assert set(GROUP_WORDS) == set(GROUPS)


@pytest.mark.parametrize(("element", "test"), list(_quoted(3)))
def test_tests_named_are_there(element: str, test: str) -> None:
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file()
    assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_scenarios_named_are_shipped() -> None:
    assert {name for _, name in _quoted(4)} <= {path.name for path in (ROOT / "scenarios").glob("*.toml")}


def test_entries_named_are_of_the_format() -> None:
    paths = entry_paths(everything())
    absent = [
        token
        for _, token in _quoted(1)
        if not token.startswith("igsim ")
        and not any(fnmatchcase(path, part) for path in paths for part in (token, f"{token}.*"))
    ]
    assert absent == []


def test_outputs_named_are_put_out() -> None:
    result = sim.run(changed(everything(), "analysis.patients", put(20)).without_programme())
    known = {*result.outcomes.components, *result.efficiency().columns}
    assert [token for _, token in _quoted(2) if not any(fnmatchcase(name, token) for name in known)] == []


def test_no_element_is_without_entries_outputs_tests_and_scenario() -> None:
    assert [row[0] for row in _elements() if len(row) != 5 or not all(row)] == []
    assert len(_elements()) > 20


def test_another_declaration_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DECLARED, "igg.test_cost", DECLARED["utilities.on_treatment"])
    page = PAGE.read_text(encoding="utf-8")
    assert page != written(page)
