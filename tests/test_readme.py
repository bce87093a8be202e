"""Everything the README shows is true: its commands run, its output is what they print, its links lead somewhere."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import sim
from sim.figures import Look
from sim.figures.patients import swimlanes
from sim.tracing import event_table

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("block", [text for kind, text in BLOCKS if kind == "console" and "$ igsim" in text])
def test_output_shown_is_output_printed(block: str) -> None:
    command, *shown = lines_of(block)
    done = subprocess.run(
        [sys.executable, "-m", "sim", *command.removeprefix("$ igsim ").split()],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    kept = [line for line in shown if line != "..."]
    assert len(kept) >= 2
    assert "\n".join(kept) in "\n".join(lines_of(done.stdout))


def test_the_picture_is_that_of_the_scenario() -> None:
    (file,) = re.findall(r"\]\((docs/[^)]+\.svg)\)", README)
    (patient,) = re.findall(r"swimlanes --patient (\d+)", README)
    scenario = sim.load("scenarios/base-case.toml")
    labels = {name: scenario.strategies[name].label for name in scenario.strategy_names}
    look = Look(scenario.analysis.currency, scenario.strategy_names, labels)
    figure = swimlanes(event_table(scenario, int(patient)), look)
    picture = ElementTree.parse(REPOSITORY / file)
    shown = ["".join(each.itertext()) for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    for words in (figure.layout.title.text, *(trace.name for trace in figure.data if trace.showlegend)):
        assert re.sub("<[^>]+>", "", html.unescape(words)) in shown
    # As many marks and ticks of events as the figure drawn anew has.
    points = [
        path for each in picture.iter() if each.get("class") == "points" for path in each if path.tag.endswith("path")
    ]
    assert len(points) == sum(len(trace.x) for trace in figure.data if "markers" in (trace.mode or ""))


@pytest.mark.parametrize("program", [text for kind, text in BLOCKS if kind == "python"])
def test_python_shown_runs(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "primary" in done.stdout


def test_make_targets_shown_install_and_do_what_they_say() -> None:
    targets = re.findall(r"\$ make (\S+)", README)
    assert targets == ["base-case", "test"]
    plans = [
        subprocess.run(
            ["make", "--dry-run", "--always-make", target], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout
        for target in targets
    ]
    assert "igsim run scenarios/base-case.toml" in plans[0]
    assert "pytest" in plans[1]
    assert all("--require-hashes -r requirements.lock" in plan for plan in plans)


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 8
    for link in links:
        assert (REPOSITORY / link).exists(), link


def test_files_that_are_kept_name_no_machine_and_no_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    suspects = ("pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js", "/work" + "/", "/ro" + "ot/")
    for name in tracked.stdout.split():
        path = REPOSITORY / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".cfg", ".txt", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            # A folder of ours may be called so too: tests/... is no path of a machine.
            assert not [suspect for suspect in suspects if re.search(rf"(?<![\w.]){suspect}", text)], name
