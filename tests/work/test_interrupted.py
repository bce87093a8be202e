"""Whatever interrupts a run, `--resume` ends with the bytes that an undisturbed run gives.

Moments are chosen by what has happened (a call, a file that is there), never by the clock; the slow test chooses them
by chance.
"""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sim.errors import WorkError
from sim.work.lock import Lock
from tests.work.test_long_runs import REPOSITORY, TUTORIAL, igsim, tables

SWEEP = ["sweep", TUTORIAL, "--vary", "immunoglobulin.price_per_gram=20:150:12", "--patients", "60"]
SECONDS_A_BATCH = 0.1
SQUARES = np.arange(12) ** 2


def drive(home, die_at=0):
    done = subprocess.run(
        [sys.executable, "-m", "tests.work.driver", home, str(die_at)],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if die_at else 0), done.stderr


@pytest.mark.parametrize("moments", [(1, 2, 3, 4), (9, 10, 31), (46, 3)])
def test_killed_at_steps_of_keeping(tmp_path, moments):
    """Killed at a call that changes the disk, again and again; what is left is finished, and nothing remains."""
    for moment in moments:
        drive(tmp_path, moment)
    drive(tmp_path)
    assert np.load(tmp_path / "result.npy").tolist() == SQUARES.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["result.npy"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Digests of the files of a run that nothing disturbs."""
    root = tmp_path_factory.mktemp("undisturbed")
    assert igsim(*SWEEP, "--out", root).returncode == 0
    return tables(root)


def begin(out, *options, seconds=SECONDS_A_BATCH):
    """Start a run as the leader of a process group, as a shell does."""
    command = [sys.executable, "-m", "tests.work.slowly", str(seconds), *map(str, SWEEP), *options, "--out", str(out)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def await_files(process, home, more=2):
    """Wait until so many more batches are on disk."""
    ends, before = time.monotonic() + 300, len(list(home.glob(".unfinished-*/*.npz")))
    while len(list(home.glob(".unfinished-*/*.npz"))) < before + more:
        assert process.poll() is None, process.communicate(timeout=120)
        assert time.monotonic() < ends
        time.sleep(0.03)


def workers_of(process):
    """Processes of the group but its leader."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == process.pid and int(status.parent.name) != process.pid and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def test_interrupted_again_and_again(tmp_path, undisturbed):
    """SIGTERM, then kill -9, then Ctrl-C, each on what the one before left; then one file is cut short."""
    home = tmp_path / "tutorial"
    process = begin(tmp_path)
    await_files(process, home)
    process.terminate()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (143, "")
    assert err.startswith("Interrupted. What is done is kept; finish it with: igsim sweep ")
    assert err.endswith(" --resume\n")

    process = begin(tmp_path, "--workers", "2", "--resume")
    await_files(process, home)
    process.kill()
    process.communicate(timeout=120)
    ends = time.monotonic() + 60
    while workers_of(process):  # they end with their parent
        assert time.monotonic() < ends
        time.sleep(0.01)
    (left,) = home.iterdir()
    assert left.name.startswith(".unfinished-")

    # So slowly that it is still at it when its lock is tried, however busy the machine.
    process = begin(tmp_path, "--workers", "2", "--resume", seconds=1.0)
    await_files(process, home)
    with pytest.raises(WorkError, match=f"process {process.pid} on "):
        Lock.take(left / "lock.json")
    os.killpg(process.pid, signal.SIGINT)  # reaches workers too, as in a terminal
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    used, said = err.splitlines()
    assert "finished batches are used again" in used
    told, _, command = said.partition("finish it with: ")
    assert told == "Interrupted. What is done is kept; "

    spoilt = min(left.glob("*.npz"))
    spoilt.write_bytes(spoilt.read_bytes()[:-7])
    done = igsim(*shlex.split(command)[1:])
    assert done.returncode == 0
    assert f"{spoilt.name}: cut short, altered or of other work; its batches are played again." in done.stderr
    assert tables(tmp_path) == undisturbed


def test_a_full_disk_is_told(tmp_path):
    """A limit on the size of files, below that of a batch, stands for a full disk: the system refuses to write."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
    command = [sys.executable, "-m", "tests.work.slowly", "0", *map(str, SWEEP), "--out", str(tmp_path)]
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=unmeasured,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "finished batches cannot be kept (File too large); no file was left half" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".npz" or path.name.startswith(".partial")]
