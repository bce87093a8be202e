"""What stands in two files of the project's root says the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("entry", ["version", "license"])
def test_the_citation_states_what_the_project_states(entry: str) -> None:
    cited = re.findall(rf"^{entry}: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited == [PROJECT[entry]]


def test_the_licence_is_held_by_those_who_are_named_as_authors() -> None:
    (holder,) = (author["name"] for author in PROJECT["authors"])
    assert f" {holder}\n" in (ROOT / "LICENSE").read_text()
    assert holder in (ROOT / "CITATION.cff").read_text()
