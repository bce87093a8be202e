"""A real Dask scheduler and two workers on this machine: the same bytes, and what is said when they go."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from types import SimpleNamespace

import pytest

from sim.errors import UsageError, WorkError
from sim.work.cluster import SECONDS_WITHOUT_WORKERS, Cluster, identity, play
from sim.work.crew import Window
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


class Played:
    """Stands for a Dask client whose scheduler says what the test wants: who is there, and when it is gone."""

    def __init__(self, *looks, status="running"):
        self.looks, self.status, self.closed = list(looks), status, False

    def nthreads(self):
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    def wait_for_workers(self, n_workers, timeout):
        raise TimeoutError(f"{n_workers} not there after {timeout} s")

    def close(self, timeout):
        self.closed = True
        raise OSError("gone already")


@pytest.fixture
def joined(monkeypatch):
    """A cluster of a client that is played, and what it told."""

    def join(client):
        told = []
        monkeypatch.setattr("distributed.Client", lambda *_, **__: client)
        return Cluster("tcp://10.0.0.1:8786", told.append), told

    return join


class Ended:
    """Stands for a finished task of Dask."""

    def __init__(self, ending):
        self.ending = ending

    def result(self, timeout):
        if isinstance(self.ending, BaseException):
            raise self.ending
        return self.ending


def killed():
    from distributed import KilledWorker

    return KilledWorker("igsim-batch-2", None, [])


@pytest.mark.parametrize(
    ("ending", "error", "told"),
    [
        (killed, WorkError, "batch 3 was tried by several workers of tcp://10.0.0.1:8786 and each of them died"),
        (
            lambda: ImportError("No module named 'sim'"),
            UsageError,
            "found a worker without igsim (No module named 'sim'); must have it on every machine",
        ),
        (CancelledError, WorkError, "tcp://10.0.0.1:8786: the connection to the scheduler was lost"),
        (lambda: OSError("broken"), WorkError, "tcp://10.0.0.1:8786: the connection to the scheduler was lost"),
        (lambda: ZeroDivisionError("a bug"), ZeroDivisionError, "a bug"),
    ],
)
def test_a_task_that_failed_is_told_in_words(joined, ending, error, told):
    cluster, _ = joined(Played())
    with pytest.raises(error, match=re.escape(told)):
        cluster._result(Ended(ending()), 2, Window([2], 1))


def test_a_task_that_ran_out_of_memory_is_played_again_and_in_the_end_given_up(joined):
    cluster, told = joined(Played())
    window = Window([2, 3], 2)
    assert window.take() == 2
    assert cluster._result(Ended({"square": 4}), 2, window) == {"square": 4}
    assert cluster._result(Ended(MemoryError()), 2, window) is None
    assert told == ["Batch 3: its worker ran out of memory; it is played again, attempt 2."]
    assert window.take() == 2
    assert cluster._result(Ended(MemoryError()), 2, window) is None
    with pytest.raises(WorkError, match="batch 3 was tried 3 times and each time its worker ran out of memory"):
        cluster._result(Ended(MemoryError()), 2, window)


def test_a_cluster_whose_workers_have_all_left_is_waited_for_and_then_given_up(joined, monkeypatch):
    cluster, told = joined(Played({"a": 2, "b": 1}, {"b": 1}, {}, {}))
    now = [100.0]
    monkeypatch.setattr("sim.work.cluster.time", SimpleNamespace(monotonic=lambda: now[0]))
    assert cluster._look() == 3
    assert cluster._look() == 1
    assert told == ["Worker a left the cluster; its batches are played again by others."]
    now[0] += SECONDS_WITHOUT_WORKERS - 1
    assert cluster._look() == 1
    now[0] += 2
    with pytest.raises(WorkError, match="the cluster has had no worker for 60 seconds"):
        cluster._look()


@pytest.mark.parametrize("client", [Played(OSError("broken")), Played(TimeoutError()), Played({}, status="closed")])
def test_a_scheduler_that_is_gone_is_told_and_let_go(joined, client):
    cluster, _ = joined(client)
    with pytest.raises(WorkError, match="the connection to the scheduler was lost"):
        cluster._look()
    cluster.close()
    assert client.closed


def test_a_cluster_without_workers_or_with_a_strange_address_is_refused_and_no_work_needs_none(joined):
    cluster, _ = joined(Played())
    assert list(cluster.work(Squares(), [])) == []
    with pytest.raises(UsageError, match=re.escape("must have a worker: dask worker ADDRESS")):
        next(cluster.work(Squares(), [0]))
    with pytest.raises(UsageError, match=re.escape("found 10.0.0.1; must be like tcp://10.0.0.1:8786")):
        Cluster("10.0.0.1", print)
