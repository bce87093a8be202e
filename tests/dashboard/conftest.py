"""Run folders of a small scenario, sound, broken and hostile, and one dashboard over them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from sim.cli import build_app
from sim.dashboard.bench import Bench
from sim.dashboard.library import Entry, Library
from sim.dashboard.pages import Desk
from sim.dashboard.server import create_app, listen
from sim.scenario import shipped_scenarios

TUTORIAL = shipped_scenarios()["tutorial"]
EVIL = '<img src=x onerror="document.title=1"><script>document.title="pwned"</script>=1+1'
PRICE, EFFECT = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"
UNCERTAIN = (
    f'{EFFECT}={{value = 0.4, dist = "lognormal", ci = [0.2, 0.8], source = "a cohort"}}',
    f'{PRICE}={{value = 90, unit = "USD per gram", dist = "gamma", se = 20, source = "assumption: a list"}}',
)
COMMANDS = (
    ("run", TUTORIAL, "--patients", 400),
    ("run", TUTORIAL, "--patients", 400, "--set", f"{PRICE}=60"),
    ("psa", TUTORIAL, "--draws", 60, "--patients", 100, *(part for s in UNCERTAIN for part in ("--set", s))),
    ("sweep", TUTORIAL, "--patients", 100, "--vary", f"{PRICE}=10:60:4", "--vary", f"{EFFECT}=0.1:1:3"),
    ("sweep", TUTORIAL, "--patients", 100, "--vary", f"{PRICE}=10:60:4"),
)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with runs of several commands."""
    folder = tmp_path_factory.mktemp("results")
    for command in COMMANDS:
        done = CliRunner().invoke(build_app(), [*map(str, command), "--out", str(folder)])
        assert done.exit_code == 0, (command, done.output)
    made = sorted((folder / "tutorial").iterdir())
    broken = folder / "tutorial" / "20000101-000000-altered"
    shutil.copytree(made[0], broken)
    (broken / "outcomes.csv").write_text("not what the run wrote")
    lost = folder / "tutorial" / "20000101-000000-nomanifest"
    shutil.copytree(made[0], lost)
    (lost / "manifest.json").write_text("{ not json")
    asked = {"strange": {"settings": {"draws": "many"}, "command": "psa", "table": {"file": "t.csv"}}, "bare": {}}
    for name, manifest in asked.items():
        empty = folder / "tutorial" / f"20000101-000000-{name}"
        empty.mkdir()
        (empty / "manifest.json").write_text(json.dumps({"format": 1, "files": {}, **manifest}))
    return folder


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario whose texts are HTML, script and formula."""
    text = TUTORIAL.read_text(encoding="utf-8").replace('title = "Tutorial"', f"title = '{EVIL}'")
    text = text.replace("assumption: teaching value", EVIL.replace('"', "'"), 1)
    file = tmp_path_factory.mktemp("scenarios") / "hostile.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def scenarios(hostile: Path) -> dict[str, Path]:
    return {"tutorial": TUTORIAL, "base-case": shipped_scenarios()["base-case"], "hostile": hostile}


@pytest.fixture(scope="session")
def desk(root: Path, scenarios: dict[str, Path]) -> Desk:
    return Desk(Library(root, scenarios), Bench())


@pytest.fixture(scope="session")
def entries(desk: Desk, root: Path) -> dict[str, list[Entry]]:
    """Sound runs by command, in the order in which they were made."""
    found: dict[str, list[Entry]] = {}
    sound = [run for run in desk.library.runs() if not run.problem and not run.name.startswith("tutorial/2000")]
    # Names tell the second alone, and two runs may be of the same one.
    for entry in sorted(sound, key=lambda run: (root / run.name / "manifest.json").stat().st_mtime_ns):
        found.setdefault(entry.command, []).append(entry)
    return found


@pytest.fixture(scope="session")
def url(root: Path, scenarios: dict[str, Path]) -> Iterator[str]:
    """A dashboard that answers on a free port of this machine."""
    server = listen(create_app(root, scenarios), "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)
