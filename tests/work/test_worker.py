"""What a worker process does, played in this one: what it sends, and when it ends."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest

from sim.work import worker
from sim.work.worker import READY, portable, serve
from tests.work.jobs import Accident, Squares


@pytest.fixture
def signals_kept():
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def conversation(*messages):
    """What a worker answers to messages, after which the other end is closed; Ctrl-C is ignored meanwhile."""
    ours, theirs = Pipe()
    heard: list[object] = []

    def speak():
        heard.append(ours.recv())
        heard.append(signal.getsignal(signal.SIGINT))
        for message in messages:
            ours.send(message)
            if message[0] == "batch":
                assert ours.poll(30), "the worker does not answer"
                heard.append(ours.recv())
        ours.close()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    serve(theirs)
    speaker.join(30)
    theirs.close()
    ready, interrupts, *answers = heard
    assert (ready, interrupts) == (READY, signal.SIG_IGN)
    return answers


def test_a_worker_takes_jobs_and_batches_until_the_other_end_is_closed(signals_kept, tmp_path):
    (tmp_path / "1").touch()
    squares, accident = (("job", pickle.dumps(job)) for job in (Squares(), Accident("memory", tmp_path)))
    *done, exhausted, again = conversation(squares, ("batch", 3), ("batch", 5), accident, ("batch", 2), ("batch", 2))
    found = [(kind, batch, int(arrays["square"][0])) for kind, batch, arrays in (*done, again)]
    assert found == [("done", 3, 9), ("done", 5, 25), ("done", 2, 4)]
    assert exhausted == ("exhausted", 2)


def test_an_error_of_a_job_is_sent_with_its_story(signals_kept, tmp_path, monkeypatch):
    """Where signals cannot be held back, as on Windows, too."""
    monkeypatch.delattr(signal, "pthread_sigmask")
    (tmp_path / "1").touch()
    ((kind, error),) = conversation(("job", pickle.dumps(Accident("bug", tmp_path))), ("batch", 2))
    assert kind == "failed"
    assert isinstance(error, ZeroDivisionError)
    assert 'raise ZeroDivisionError("a bug")' in error.__notes__[0]


def test_an_error_that_cannot_be_read_back_is_sent_in_words(monkeypatch):
    """It wants two arguments and keeps one. Made here, for a library may teach errors known by then."""

    class StubbornError(Exception):
        def __init__(self, what: str, where: str) -> None:
            super().__init__(f"{what} at {where}")

    StubbornError.__qualname__ = "StubbornError"
    monkeypatch.setattr(sys.modules[__name__], "StubbornError", StubbornError, raising=False)
    try:
        raise StubbornError("overflow", "batch 2")
    except StubbornError as error:
        sent = portable(error)
    assert pickle.dumps(StubbornError("it can be", "written"))
    assert type(sent) is RuntimeError
    assert str(sent) == "StubbornError: overflow at batch 2"
    assert 'raise StubbornError("overflow", "batch 2")' in sent.__notes__[0]


@pytest.mark.parametrize("child", [True, False])
def test_a_worker_ends_when_its_parent_has(monkeypatch, child):
    """The end of the parent is the end of a pipe; a process without a parent of that kind stays."""
    reading, writing = os.pipe()
    ended: list[int] = []
    monkeypatch.setattr(worker, "parent_process", lambda: SimpleNamespace(sentinel=reading) if child else None)
    monkeypatch.setattr(worker.os, "_exit", ended.append)
    watch = threading.Thread(target=worker._end_with_parent, daemon=True)
    watch.start()
    if child:
        watch.join(0.2)
        assert watch.is_alive()
        assert ended == []
    os.close(writing)
    watch.join(30)
    assert not watch.is_alive()
    assert ended == ([1] if child else [])
    os.close(reading)


@pytest.mark.parametrize("home", ["sim.psa.job", "sim.runs.job", "sim.sensitivity.sweeps"])
def test_a_worker_that_plays_loads_nothing_of_what_only_other_work_needs(home):
    # Half a second in each worker, before it plays anything.
    code = f"import sys, {home}; print(*{{'scipy.stats', 'SALib', 'sklearn', 'plotly', 'rich'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []
