"""What the dashboard may read: run folders below its root and known scenarios; everything else is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sim.dashboard.library import Library
from sim.dashboard.opening import opening
from sim.errors import IgsimError, InputError, RunFolderError
from tests.dashboard.conftest import TUTORIAL


def test_runs_are_listed_newest_first_and_broken_ones_say_why(desk, entries):
    names = [entry.name for entry in desk.library.runs()]
    assert names == sorted(names, reverse=True)
    assert {command: len(found) for command, found in entries.items()} == {"run": 2, "psa": 1, "sweep": 2}
    problems = {entry.name.rsplit("-", 1)[1]: entry.problem for entry in desk.library.runs() if entry.problem}
    assert set(problems) == {"nomanifest", "strange", "bare"}, "an altered table is found when the run is opened"
    assert "manifest.json cannot be read" in problems["nomanifest"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("altered", "altered since the run wrote it"),
        ("nomanifest", "must be the JSON document that the run wrote"),
        ("strange", "cannot be read \\(ValueError"),
        ("bare", "manifest.json: found entries format, files; must have the entry settings"),
    ],
)
def test_a_broken_run_is_an_error_that_says_why(desk, name, told):
    with pytest.raises(RunFolderError, match=told):
        desk.library.open(f"run:tutorial/20000101-000000-{name}")


@pytest.mark.parametrize(
    "key",
    [
        "run:..",
        "run:../..",
        "run:tutorial/..",
        "run:../results",
        "run:tutorial/../tutorial",
        "run:/etc/passwd",
        "run:tutorial\\..",
        "run:tutorial/a\0b",
        "run:",
        "scenario:../base-case",
        "scenario:",
        "/etc/passwd",
        "",
    ],
)
def test_no_key_leads_out_of_the_root(desk, key):
    with pytest.raises(IgsimError):
        desk.library.open(key)


def test_a_link_out_of_the_root_is_refused(root, entries, tmp_path):
    outside = tmp_path / "outside" / "secret"
    shutil.copytree(desk_folder(root, entries), outside)
    own = tmp_path / "results"
    (own / "name").mkdir(parents=True)
    (own / "name" / "link").symlink_to(outside)
    library = Library(own, {})
    assert "leads out of" in library.runs()[0].problem
    with pytest.raises(RunFolderError, match="leads out of"):
        library.open("run:name/link")


def test_a_manifest_cannot_name_files_elsewhere(root, entries, tmp_path):
    secret = tmp_path / "secret.parquet"
    folder = tmp_path / "results" / "name" / "run"
    shutil.copytree(desk_folder(root, entries), folder)
    shutil.copy(folder / "outcomes.parquet", secret)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../../../secret.parquet"] = manifest["files"]["outcomes.parquet"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunFolderError, match="outside the folder"):
        Library(tmp_path / "results", {}).open("run:name/run")


def desk_folder(root: Path, entries) -> Path:
    return root / entries["run"][0].name


def test_a_run_has_its_tables_and_a_scenario_is_played_when_asked(desk, entries):
    run = desk.library.open(entries["run"][0].key)
    assert {"incremental", "increments", "outcomes"} <= set(run.tables)
    assert (run.look.currency, run.wtp, run.seed, run.middle_wtp) == ("USD", (50_000.0, 100_000.0), 1, 50_000.0)
    scenario = desk.library.open("scenario:tutorial")
    assert list(scenario.tables["incremental"]["strategy"]) == list(run.tables["incremental"]["strategy"])
    assert desk.library.open("scenario:tutorial").tables["outcomes"].equals(scenario.tables["outcomes"])


def test_runs_of_the_same_scenario_stand_in_for_one_another(desk, entries):
    first, second = entries["run"]
    assert {e.key for e in desk.library.alike(first, ("sweep",))} == {e.key for e in entries["sweep"]}
    assert desk.library.alike(second, ("sweep",)) == [], "a changed price is another scenario"


def test_what_to_open(root, entries, tmp_path):
    assert opening(None, root).key == ""
    found = opening(desk_folder(root, entries), tmp_path)
    assert (found.root, found.key, found.page) == (root, entries["run"][0].key, "decision")
    found = opening(TUTORIAL, root)
    assert (found.key, found.page, found.scenarios["tutorial"]) == ("scenario:tutorial", "what-if", TUTORIAL)
    own = tmp_path / "tutorial.toml"
    shutil.copy(TUTORIAL, own)
    found = opening(own, root)
    assert found.scenarios[found.key.removeprefix("scenario:")] == own
    assert found.scenarios["tutorial"] == TUTORIAL, "the shipped one of that name is still there"
    with pytest.raises(InputError, match=r"nowhere; must be a run folder or a scenario"):
        opening(tmp_path / "nowhere", root)
    with pytest.raises(RunFolderError, match="not a run folder"):
        opening(tmp_path, root)


def test_what_has_changed_on_disk_is_read_again(root, entries, tmp_path):
    folder = tmp_path / "name" / "run"
    shutil.copytree(desk_folder(root, entries), folder)
    own = tmp_path / "own.toml"
    shutil.copy(TUTORIAL, own)
    library = Library(tmp_path, {"own": own})
    first, scenario = library.open("run:name/run"), library.open("scenario:own")
    assert library.open("run:name/run") is first
    library.open("scenario:own")
    (folder / "outcomes.csv").write_text("altered")
    own.write_text(own.read_text().replace('title = "Tutorial"', 'title = "Another"'))
    with pytest.raises(RunFolderError, match="altered since"):
        library.open("run:name/run")
    assert (scenario.entry.title, library.open("scenario:own").entry.title) == ("Tutorial", "Another")
    own.unlink()
    with pytest.raises(IgsimError):
        library.open("scenario:own")
