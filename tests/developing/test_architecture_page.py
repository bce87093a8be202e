"""The picture of the layers is the contract that lint-imports holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = re.compile(r"## The layers\n.*?```text\n(.*?)```", re.DOTALL)


def layers(lines: list[str]) -> list[tuple[str, ...]]:
    """Names and separators of each layer, from the top."""
    return [tuple(re.findall(r"\w+|[|:]", line)) for line in lines]


def contract() -> list[tuple[str, ...]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (each["layers"] for each in contracts if each["type"] == "layers")
    return layers(found)


def drawn(page: str) -> list[tuple[str, ...]]:
    (picture,) = PICTURE.findall(page)
    return layers([re.split(r"\s{2,}", line)[0] for line in picture.splitlines()])


def test_the_picture_names_the_layers_of_the_contract_in_their_order() -> None:
    page = (ROOT / "docs" / "developing" / "architecture.md").read_text()
    assert drawn(page) == contract()
    assert len(contract()) > 10


def test_a_picture_with_two_layers_exchanged_is_found_out() -> None:
    page = (ROOT / "docs" / "developing" / "architecture.md").read_text()
    assert drawn(page.replace("calibrate  ", "trial  ", 1)) != contract()
