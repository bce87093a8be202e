"""The worked diffs of the pages for developers fit the tree, and do what the pages say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.sensitivity.played import patient_values

ROOT = Path(__file__).parents[2]
PAGES = ("add-a-cause", "add-a-start-rule", "add-a-figure")
OF_THE_TREE = ("sim", "scenarios", "tests", "docs", "pyproject.toml")


def diff_of(page: str) -> str:
    (diff,) = re.findall(r"```diff\n(.*?)```", (ROOT / "docs" / "developing" / f"{page}.md").read_text(), re.DOTALL)
    return str(diff)


def scratch(folder: Path, names: tuple[str, ...] = OF_THE_TREE) -> Path:
    """A copy of the tree."""
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def applied(folder: Path, page: str) -> None:
    """Apply a page's diff to a copy of the tree, outside of any repository."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        ["git", "apply", "-"],
        cwd=folder,
        input=diff_of(page),
        text=True,
        capture_output=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, f"the diff of {page} no longer fits: {done.stderr}"


def touched(page: str) -> list[str]:
    return re.findall(r"^\+\+\+ b/(.*)$", diff_of(page), re.MULTILINE)


def test_every_diff_fits_the_tree(tmp_path: Path) -> None:
    folder = scratch(tmp_path)
    before = {
        path: (folder / path).read_bytes() for page in PAGES for path in touched(page) if (folder / path).exists()
    }
    for page in PAGES:
        applied(folder, page)
    assert before
    assert all((folder / path).read_bytes() != content for path, content in before.items())


def test_a_cause_is_scenario_data_alone_and_moves_no_other_infection(tmp_path: Path) -> None:
    assert touched("add-a-cause") == ["scenarios/gastrointestinal.toml"]
    folder = scratch(tmp_path, ("scenarios",))
    applied(folder, "add-a-cause")
    scenario = sim.load(folder / "scenarios" / "gastrointestinal.toml")
    without = patient_values(sim.load(folder / "scenarios" / "base-case.toml"), 2000, 1)
    with_it = patient_values(scenario, 2000, 1)
    counting = scenario.strategy_names.index("secondary")
    others = [name for name in without if name.startswith("infections:")]
    for name in others:
        same = np.delete(without[name] == with_it[name], counting, axis=0)
        assert same.all(), name
    new = with_it["infections:gastrointestinal:grade_1_2"].mean(axis=1)
    # 0.010 a month on treatment and half of it after, over the months that these patients live.
    on = with_it["months_on_treatment"].mean(axis=1)
    expected = 0.010 * (on + 0.5 * (12 * with_it["life_years"].mean(axis=1) - on))
    error = with_it["infections:gastrointestinal:grade_1_2"].std(axis=1) / np.sqrt(2000)
    assert (np.abs(new - expected) < 4 * error).all()
    assert (np.abs(1.5 * new - expected) > 4 * error).all(), "a rate half as large again would be found out"


def commanded(page: str) -> list[str]:
    """What the page says to run, and the tests that its diff brings."""
    commands = re.findall(
        r"^pytest -q (.*)$", (ROOT / "docs" / "developing" / f"{page}.md").read_text(), re.MULTILINE
    )
    brought = [path for path in touched(page) if re.match(r"tests/.*/test_\w+\.py", path)]
    return [*dict.fromkeys([*" ".join(commands).split(), *brought])]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["add-a-start-rule", "add-a-figure"])
def test_a_diff_that_touches_code_passes_the_tests_that_it_says_to_run(page: str, tmp_path: Path) -> None:
    tests = commanded(page)
    assert tests
    folder = scratch(tmp_path)
    applied(folder, page)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        text=True,
        capture_output=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    assert " passed" in run.stdout
