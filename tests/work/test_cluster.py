"""A real Dask scheduler and two workers on this machine: the same bytes, and what is said when they go."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import time

import pytest

from sim.errors import UsageError
from sim.work.cluster import Cluster, identity, play
from tests.work.jobs import Squares
from tests.work.test_interrupted import SWEEP, await_files, begin, undisturbed
from tests.work.test_long_runs import igsim, tables

__all__ = ["undisturbed"]  # a fixture


@pytest.fixture
def cluster(tmp_path):
    """Address of the scheduler, its process, and those of its workers."""
    file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    with contextlib.ExitStack() as stack:

        def start(kind, *options):
            command = [sys.executable, "-m", "dask", kind, *common, *options]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
        ends = time.monotonic() + 120
        while not file.exists() or not file.read_text():
            assert scheduler.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.05)
        # Workers of a process each, without the nanny that would start them again.
        workers = [start("worker", "--nthreads", "1", "--no-nanny", "--name", f"w{i}") for i in range(2)]
        yield json.loads(file.read_text())["address"], scheduler, workers


def test_a_cluster_gives_the_same_bytes_and_its_loss_is_survived(tmp_path, cluster, undisturbed):
    """One after another on one cluster, for it takes time to start: a run that loses a worker, one that loses all."""
    address, scheduler, workers = cluster
    whole = tmp_path / "whole"
    process = begin(whole, "--scheduler", address, seconds=0.3)
    await_files(process, whole / "tutorial", 1)
    workers[0].kill()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0
    assert re.fullmatch(r"Worker tcp://\S+ left the cluster; its batches are played again by others\.\n", err)
    assert tables(whole) == undisturbed

    broken = tmp_path / "broken"
    process = begin(broken, "--scheduler", address, seconds=0.3)
    await_files(process, broken / "tutorial", 2)
    scheduler.kill()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (1, "")
    lost, resume = err.splitlines()
    assert lost == f"{address}: the connection to the scheduler was lost"
    kept, _, command = resume.partition("finish it with: ")
    assert kept == "What is done is kept; "
    arguments = [each for each in shlex.split(command)[1:] if each not in ("--scheduler", address)]
    done = igsim(*arguments)
    assert done.returncode == 0
    assert "finished batches are used again" in done.stderr
    assert tables(broken) == undisturbed

    gone = igsim(*SWEEP, "--scheduler", address, "--no-save")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert f"--scheduler: found {address}; must be the address of a running Dask scheduler" in gone.stderr


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=re.escape("needs Dask: pip install 'igsim[cluster]'")):
        Cluster("tcp://127.0.0.1:8786", print)


@pytest.mark.parametrize(("part", "told"), [(1, "another igsim, NumPy or SciPy"), (2, "other last digits")])
def test_a_worker_that_would_not_give_the_same_bytes_is_refused(part, told):
    here = identity()
    assert play(Squares(), 3, here)["square"] == [9]
    other = tuple("different" if i == part else each for i, each in enumerate(here))
    with pytest.raises(UsageError, match=told):
        play(Squares(), 3, other)
