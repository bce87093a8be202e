"""What is kept of unfinished work is whole, is known for what it is, and is used by one process at a time."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sim.errors import WorkError
from sim.work import Serial, lock, run_batches
from sim.work import folder as folders
from sim.work.batch_file import files_of, read_batches, write_batches
from sim.work.lock import Lock
from sim.work.long_work import LongWork
from tests.work.conftest import UNDERTAKING
from tests.work.jobs import Squares

JOB = Squares().digest
ARRAYS = {
    "floats": np.array([[1.5, np.nan], [-0.0, np.inf]]),
    "text": np.array(["cost", "häufig"]),
    "whole": np.array(7),
    "flags": np.array([True, False]),
}


def squares(work, n=6):
    return [int(arrays["square"][0]) for arrays in work(Squares(), range(n))]


def interrupted(folder, after):
    """Play six batches and stop after some."""
    results = LongWork(Serial(), folder)(Squares(), range(6))
    for _ in range(after):
        next(results)
    results.close()
    assert folder.close()


def test_batches_come_back_as_they_were(tmp_path):
    path = write_batches(tmp_path, JOB, {3: ARRAYS, 11: {"floats": np.arange(3.0)}})
    found = read_batches(path, JOB)
    assert list(found) == [3, 11]
    for name, array in ARRAYS.items():
        assert found[3][name].dtype == array.dtype
        assert found[3][name].shape == array.shape
        assert found[3][name].tobytes() == array.tobytes()
    assert files_of(tmp_path, JOB) == [path]


def test_objects_are_neither_written_nor_read(tmp_path):
    with pytest.raises(ValueError, match="objects"):
        write_batches(tmp_path, JOB, {0: {"x": np.array([{}], dtype=object)}})
    assert list(tmp_path.iterdir()) == []
    trap = tmp_path / "trap.npz"
    np.savez(trap, job=np.array(JOB), batches=np.array([0]), **{"0/x": np.array([print], dtype=object)})
    content = trap.read_bytes()
    sound_name = tmp_path / f"{JOB[:16]}-000000-{hashlib.sha256(content).hexdigest()}.npz"
    sound_name.write_bytes(content)
    assert read_batches(sound_name, JOB) is None


@pytest.mark.parametrize("fault", ["cut", "flipped", "empty", "foreign", "pickle"])
def test_a_spoilt_file_is_found_told_and_played_again(opened, told, fault):
    folder = opened()
    interrupted(folder, 3)
    spoilt = files_of(folder.path, JOB)[1]
    content = spoilt.read_bytes()
    if fault == "foreign":
        other = write_batches(folder.path, Squares(root=1).digest, {1: ARRAYS})
        other.rename(folder.path / other.name.replace(other.name[:16], JOB[:16]))
        spoilt.unlink()
    else:
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 1
        spoilt.write_bytes(
            {"cut": content[:-20], "flipped": bytes(flipped), "empty": b"", "pickle": pickle.dumps(ARRAYS)}[fault]
        )
    again = opened(resume=True)
    assert squares(LongWork(Serial(), again)) == [0, 1, 4, 9, 16, 25]
    assert any("its batches are played again" in text for text in told)
    assert "2 finished batches are used again" in told[-1]
    again.remove()
    assert not folder.path.exists()


class Refusing(Serial):
    """Works off only what it may."""

    def __init__(self, allowed):
        self.allowed = set(allowed)

    def work(self, job, batches):
        assert set(batches) == self.allowed
        return super().work(job, batches)


def test_only_what_is_missing_is_played(opened):
    interrupted(opened(), 4)
    folder = opened(resume=True)
    done = []
    work = LongWork(Refusing([4, 5]), folder)
    found = [int(a["square"][0]) for a in work(Squares(), range(6), progress=lambda *at: done.append(at))]
    assert found == [0, 1, 4, 9, 16, 25]
    assert done == [(4, 6), (5, 6), (6, 6)]
    folder.remove()


def test_without_resume_nothing_is_used_and_nothing_lost(opened, told):
    first = opened()
    interrupted(first, 4)
    kept = sorted(path.name for path in first.path.glob("*.npz"))
    second = opened()
    assert "--resume would use it" in told[-1]
    results = LongWork(Refusing(range(6)), second)(Squares(), range(6))
    next(results)
    results.close()
    second.close()
    assert set(kept) <= {path.name for path in first.path.glob("*.npz")}
    third = opened(resume=True)
    assert sorted(third.kept(JOB)) == [0, 1, 2, 3]
    third.remove()


def test_the_folder_says_what_it_is(opened):
    folder = opened()
    interrupted(folder, 1)
    record = json.loads((folder.path / "settings.json").read_text())
    assert record["command"] == "psa"
    assert record["settings"] == {"draws": 5}
    assert record["scenarios"][0]["text"] == "title = 1"
    assert record["resume"] == "igsim psa a.toml --draws 5 --resume"
    assert record["digest"].startswith(folder.path.name.removeprefix(".unfinished-"))


def test_other_work_is_not_taken_up(opened, told):
    interrupted(opened(), 2)
    other = dataclasses.replace(UNDERTAKING, settings={"draws": 6})
    assert opened(resume=True, undertaking=other).kept(JOB) == {}
    assert "Nothing to resume" in told[-1]
    assert "has other settings" in told[-1]
    assert "igsim psa a.toml --draws 5 --resume" in told[-1]


def test_another_program_or_arithmetic_is_other_work(monkeypatch):
    digests = {UNDERTAKING.digest}
    monkeypatch.setattr(folders, "program_digest", lambda: "another")
    digests.add(UNDERTAKING.digest)
    monkeypatch.setattr(folders, "arithmetic_digest", lambda: "another")
    digests.add(UNDERTAKING.digest)
    assert len(digests) == 3


def test_batches_finished_together_share_a_file(opened, monkeypatch):
    monkeypatch.setattr(folders, "SECONDS_BETWEEN_FILES", 3600.0)
    folder = opened()
    interrupted(folder, 5)
    (path,) = files_of(folder.path, JOB)
    assert list(read_batches(path, JOB)) == [0, 1, 2, 3, 4]


def test_one_process_at_a_time(opened, told):
    interrupted(opened(), 2)
    holding = opened(resume=True)
    with pytest.raises(WorkError, match=rf"process {os.getpid()} on .* works on this"):
        opened(resume=True)
    other = opened()
    with pytest.raises(WorkError, match="works on this"):
        squares(LongWork(Serial(), other))
    other.remove()  # is not its own to take away
    assert holding.path.is_dir()
    holding.remove()
    assert not holding.path.exists()


def test_the_lock_of_a_killed_process_stops_nobody(tmp_path):
    path = tmp_path / "lock.json"
    program = (
        "import os, signal, sys; from pathlib import Path; from sim.work.lock import Lock\n"
        "Lock.take(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert killed.returncode == -9
    assert json.loads(path.read_text())["pid"] != os.getpid()
    Lock.take(path).release()


def test_a_lock_that_says_nothing_is_held_by_another_process(tmp_path):
    path = tmp_path / "lock.json"
    held = Lock.take(path)
    path.write_text("{ not json")
    with pytest.raises(WorkError, match="another process works on this; wait for it"):
        Lock.take(path)
    held.release()


def test_a_file_system_without_locks_is_told_and_the_file_is_closed(tmp_path, monkeypatch):
    def refuses(descriptor):
        opened.append(descriptor)
        raise OSError(errno.ENOLCK, "No locks available")

    opened: list[int] = []
    monkeypatch.setattr("sim.work.lock._try_lock", refuses)
    with pytest.raises(OSError, match="No locks available"):
        Lock.take(tmp_path / "lock.json")
    (descriptor,) = opened
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_lock_file_that_its_holder_takes_away_meanwhile_is_made_anew(tmp_path, monkeypatch):
    """Its holder ends between our opening and our locking, and the file is not the one that others will see."""
    path, honest, opened = tmp_path / "lock.json", lock._try_lock, []

    def taken_away(descriptor):
        honest(descriptor)
        opened.append(descriptor)
        if len(opened) == 1:
            path.unlink()

    monkeypatch.setattr("sim.work.lock._try_lock", taken_away)
    held = Lock.take(path)
    assert len(opened) == 2
    assert os.path.samestat(os.fstat(held.descriptor), path.stat())
    held.release()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KB; only root can mount one, and `test_long_runs.py` has a limit that works for all."""
    place = tmp_path / "small"
    place.mkdir()
    if os.name != "posix" or os.geteuid():
        pytest.skip("mounting takes root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_told_and_leaves_no_half_file(small_disk, opened):
    folder = opened(home=small_disk)

    def fill():
        for batch in range(6):
            folder.keep(JOB, batch, {"x": np.full(2000, float(batch))})

    with pytest.raises(WorkError, match="No space left on device"):
        fill()
    folder.close()
    assert not list(folder.path.glob(".partial*"))
    again = opened(home=small_disk, resume=True)
    kept = sorted(again.kept(JOB))
    assert kept == list(range(len(kept)))
    assert 0 < len(kept) < 6
    again.remove()


def test_the_last_digit_does_not_hang_on_memory_order():
    """A transposed array keeps its order when pickled, and sums of it differ; every crew hands over C order."""

    class Transposed(Squares):
        def __call__(self, batch):
            return {"x": np.arange(6.0).reshape(2, 3).T}

    (arrays,) = run_batches(Transposed(), range(1))
    assert arrays["x"].flags.c_contiguous
    assert arrays["x"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_nothing_is_made_where_nothing_is_kept(opened, tmp_path):
    folder = opened()
    assert not folder.close()
    folder.remove()
    assert list(tmp_path.iterdir()) == []
    shutil.rmtree(tmp_path)
    assert not opened().close()
