"""Commands of the tests come from a process that has the libraries already: the same as from nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import TUTORIAL
from tests.cli.warm import Said, Warm


def from_nothing(arguments: list[str], cwd: Path) -> Said:
    command = [sys.executable, "-m", "sim", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", str(TUTORIAL), "--patients", "50", "--workers", "2", "--out", "runs"],
        ["run", str(TUTORIAL), "--patients", "0"],
        ["run", "nowhere.toml"],
        ["dsa", str(TUTORIAL), "--patients", "20", "--format", "json", "--no-save"],
        ["sweep"],
    ],
    ids=["a run", "refused", "no such file", "JSON", "no arguments"],
)
def test_a_command_says_and_leaves_what_it_does_when_started_from_nothing(
    warm: Warm, tmp_path: Path, arguments: list[str]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    said, expected = warm.run(arguments, one, os.environ), from_nothing(arguments, other)
    assert (said.status, _undated(said.out, one), said.err) == (
        expected.status,
        _undated(expected.out, other),
        expected.err,
    )
    tables = [sorted(path.name for path in folder.rglob("*.csv")) for folder in (one, other)]
    assert tables[0] == tables[1]


def test_commands_do_not_see_each_other(warm: Warm, tmp_path: Path) -> None:
    """Neither the folder, the environment nor what the last one imported."""
    narrow, wide = (warm.run(["run", "--help"], tmp_path, {**os.environ, "COLUMNS": n}) for n in ("60", "200"))
    assert max(map(len, narrow.out.splitlines())) <= 60 < max(map(len, wide.out.splitlines()))
    assert warm.run(["validate", "x.toml"], tmp_path, os.environ).status == 2
    assert warm.run(["validate", TUTORIAL.name], TUTORIAL.parent, os.environ).status == 0


def _undated(text: str, folder: Path) -> str:
    """Without the name of the run folder, which holds the time, and the seconds it took."""
    return "\n".join(line for line in text.replace(str(folder), "").splitlines() if "Run folder" not in line)
