"""Run folders: whole or not at all, never overwritten, verified when read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sim import store
from sim.errors import ResultsError, RunFolderError

TABLE = pd.DataFrame({"strategy": ["none"], "cost": [1.25]})


def write(root: Path) -> Path:
    return store.write_run_folder(
        root,
        name="base-case",
        digest="0123456789abcdef",
        tables={"outcomes": TABLE},
        texts={"scenario.toml": "format = 1\n"},
        manifest={"command": "run"},
    )


def test_a_folder_holds_its_tables_texts_and_manifest(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert folder.parent == tmp_path / "base-case"
    assert folder.name.endswith("-01234567")
    names = {path.name for path in folder.iterdir()}
    assert names == {"outcomes.parquet", "outcomes.csv", "scenario.toml", "manifest.json"}
    assert store.read_manifest(folder)["command"] == "run"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "outcomes.parquet"), TABLE)


def test_two_runs_in_one_second_get_two_folders(tmp_path: Path) -> None:
    folders = {write(tmp_path) for _ in range(5)}
    assert len(folders) == 5
    assert set((tmp_path / "base-case").iterdir()) == folders


@pytest.mark.parametrize("at", ["outcomes.csv", "scenario.toml", "manifest.json"])
def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def fails(kind: str) -> None:
        def full(self: object, *arguments: object, **options: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(
            pd.DataFrame if kind == "csv" else Path, "to_csv" if kind == "csv" else "write_text", full
        )

    if at == "outcomes.csv":
        fails("csv")
    elif at == "scenario.toml":
        fails("text")
    else:
        whole = Path.write_text

        def full(self: Path, *arguments: object, **options: object) -> int:
            if self.name == at:
                raise OSError(28, "No space left on device")
            return whole(self, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ResultsError, match="No space left on device"):
        write(tmp_path)
    assert list((tmp_path / "base-case").iterdir()) == []


def test_a_killed_run_leaves_no_folder_that_could_be_taken_for_whole(tmp_path: Path) -> None:
    """SIGKILL while the tables are being written: only the hidden partial folder may remain."""
    program = (
        "import pandas as pd, pathlib, time\nfrom sim import store\n"
        "pd.DataFrame.to_csv = lambda *a, **k: time.sleep(60)\n"
        f"store.write_run_folder(pathlib.Path({str(tmp_path)!r}), name='s', digest='0'*64,"
        " tables={'t': pd.DataFrame({'a': [1]})}, texts={}, manifest={})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("s/.partial-*/t.parquet")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [path.name for path in (tmp_path / "s").iterdir() if not path.name.startswith(".")] == []


def test_reading_refuses_a_folder_that_is_not_what_was_written(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "outcomes.csv").write_text("strategy,cost\nnone,9\n")
    with pytest.raises(RunFolderError, match=r"outcomes\.csv.*altered"):
        store.read_manifest(folder)
    (folder / "outcomes.csv").unlink()
    with pytest.raises(RunFolderError, match=r"outcomes\.csv: is missing"):
        store.read_manifest(folder)
    with pytest.raises(RunFolderError, match="not a run folder"):
        store.read_manifest(tmp_path)


def test_a_folder_of_run_folders_stands_for_its_newest(tmp_path: Path) -> None:
    for name in ("20261123-101010-aaaaaaaa", "20261124-090000-00000000", "not-whole"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        if name != "not-whole":
            (tmp_path / "mine" / name / "manifest.json").write_text("{}")
    newest = tmp_path / "mine" / "20261124-090000-00000000"
    assert store.newest_run(tmp_path / "mine") == newest
    assert store.newest_run(newest) == newest
    assert store.newest_run(tmp_path) == tmp_path
    assert store.newest_run(tmp_path / "nowhere") == tmp_path / "nowhere"


def test_reading_refuses_a_newer_format(tmp_path: Path) -> None:
    folder = write(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
    with pytest.raises(RunFolderError, match="found 2; must be 1, the one that this version of igsim reads"):
        store.read_manifest(folder)


def test_a_folder_says_its_columns_and_one_without_them_is_still_read(tmp_path: Path) -> None:
    folder = write(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["columns"] == {"outcomes": {"strategy": "text", "cost": "numbers"}}
    TABLE.drop(columns="cost").to_parquet(folder / "outcomes.parquet", index=False)
    manifest["files"]["outcomes.parquet"] = store.sha256(folder / "outcomes.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunFolderError, match=r"outcomes\.parquet: found columns strategy; must have the column cost"):
        store.read_manifest(folder)
    del manifest["columns"]  # as earlier versions wrote it
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "outcomes.parquet" in store.read_manifest(folder)["files"]


def test_a_document_says_which_entry_it_lacks_at_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "psa.json"
    path.write_text(json.dumps({"leads": [{"wtp": 1.0}], "empty": {}}))
    document = store.read_document(path)
    assert document["leads"][0]["wtp"] == 1.0
    assert document.get("best") is None
    with pytest.raises(RunFolderError, match=r"psa\.json: found entries leads, empty; must have the entry best"):
        document["best"]
    with pytest.raises(RunFolderError, match=r"psa\.json: found entries wtp; must have the entry mcse"):
        document["leads"][0]["mcse"]
    with pytest.raises(RunFolderError, match=r"psa\.json: found no entries; must have the entry mean"):
        document["empty"]["mean"]
