"""Single files: whole or not at all, one message, and what is no file is left what it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from sim.errors import ResultsError
from sim.files import write_file, written_whole


def test_a_file_is_written_and_replaced(tmp_path: Path):
    path = tmp_path / "page.html"
    assert write_file(path, "ä < b", "the page") == path
    assert path.read_bytes() == "ä < b".encode()
    write_file(path, b"\x00\xff", "the page")
    assert path.read_bytes() == b"\x00\xff"
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("place", ["no/such/folder/page.html", ".", "folder", "file/below"])
def test_what_cannot_be_written_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ResultsError, match=r"the page cannot be written \(.+\); nothing was left behind") as found:
        write_file(Path(place), "text", "the page")
    assert str(found.value).startswith(f"{place}: ")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyError("a fault of ours")])
def test_a_fault_half_way_leaves_what_was_there(tmp_path: Path, fault: Exception):
    path = tmp_path / "page.html"
    path.write_text("before")

    def interrupted() -> None:
        with written_whole(path, "the page") as partial:
            partial.write_text("half of")
            raise fault

    with pytest.raises(ResultsError if isinstance(fault, OSError) else KeyError):
        interrupted()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path):
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = Thread(target=lambda: read.append(path.read_text()), daemon=True)
    reader.start()
    write_file(path, "text", "the page")
    reader.join(timeout=10)
    assert read == ["text"]
    assert stat.S_ISFIFO(path.stat().st_mode)
