"""The page on robustness counts as many bad inputs as there are."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/robustness.md").read_text(encoding="utf-8")


def faults(folder: Path) -> int:
    return sum(1 for path in folder.iterdir() if path.suffix != ".txt" and path.stem not in ("sound", "valid"))


def test_the_page_counts_what_is_there() -> None:
    told = {
        name: int(number) for name, number in re.findall(r"^\| [^|]+ \| `(tests/[^`]+)` \| (\d+) \|$", PAGE, re.M)
    }
    corpus = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tests/bad_input/corpus").iterdir()}
    assert told.keys() == {name for name in corpus if not name.endswith(".toml")} | {"tests/scenario/faults"}
    assert told == {name: faults(REPOSITORY / name) for name in told}
    (total,) = re.findall(r"^\| in all \| \| (\d+) \|$", PAGE, re.M)
    assert int(total) == sum(told.values())


def test_every_test_it_names_is_there() -> None:
    for name in set(re.findall(r"`(tests/[^`]+)`", PAGE)):
        assert (REPOSITORY / name).exists(), name
