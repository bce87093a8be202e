"""Workers on this machine: same results in the same order, whatever happens to whom."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing

import pytest

from sim.errors import InputError, UsageError, WorkError
from sim.work import Serial
from sim.work.crew import ATTEMPTS, in_order
from sim.work.long_work import crew_of, workers
from sim.work.processes import WIDTH, Processes
from tests.work.jobs import Accident, Squares, leave


def refuse(text: str) -> None:
    pytest.fail(f"nothing should be told, but: {text}")


def squares(results, n):
    return [int(arrays["square"][0]) for arrays in in_order(results, range(n))]


def test_results_come_in_order_from_workers_with_one_thread_each():
    before = dict(os.environ)
    with closing(Processes(2, refuse)) as crew:
        found = list(in_order(crew.work(Squares(slow=0, seconds=0.3), range(7)), range(7)))
        again = list(in_order(crew.work(Squares(root=1), range(7)), range(7)))
    assert [int(arrays["square"][0]) for arrays in found] == [b**2 for b in range(7)]
    workers = {int(arrays["worker"][0]) for arrays in found}
    assert len(workers) == 2
    assert os.getpid() not in workers
    assert {int(arrays["worker"][0]) for arrays in again} <= workers
    assert {str(arrays["threads"][0]) for arrays in found} == {"1"}
    assert dict(os.environ) == before


def test_a_slow_batch_holds_up_no_more_than_the_window():
    with closing(Processes(2, refuse)) as crew:
        order = [batch for batch, _ in crew.work(Squares(slow=0, seconds=1.0), range(40))]
    assert sorted(order) == list(range(40))
    assert order.index(0) == 2 * WIDTH - 1


@pytest.mark.parametrize(
    ("kind", "fate"),
    [("kill", "killed by signal 9"), ("exit", "ended with exit status 7"), ("memory", "ran out of memory")],
)
def test_a_worker_that_dies_is_told_and_its_batch_played_again(tmp_path, kind, fate):
    told: list[str] = []
    (tmp_path / "1").touch()
    with closing(Processes(1, told.append)) as crew:
        assert squares(crew.work(Accident(kind, tmp_path), range(5)), 5) == [0, 1, 4, 9, 16]
    (said,) = told
    assert said.startswith("Batch 3: ")
    assert fate in said
    assert "attempt 2 of 3" in said


def test_a_batch_that_always_kills_ends_the_work(tmp_path):
    told: list[str] = []
    for number in range(ATTEMPTS):
        (tmp_path / str(number)).touch()
    with (
        closing(Processes(2, told.append)) as crew,
        pytest.raises(WorkError, match="batch 3 was tried 3 times and each time its worker was killed by signal 9"),
    ):
        squares(crew.work(Accident("kill", tmp_path), range(5)), 5)
    assert len(told) == ATTEMPTS - 1


def test_errors_reach_the_user_as_they_are(tmp_path):
    (tmp_path / "1").touch()
    (tmp_path / "2").touch()
    with closing(Processes(1, refuse)) as crew:
        with pytest.raises(InputError) as found:
            squares(crew.work(Accident("mistake", tmp_path), range(5)), 5)
        assert "here: found x; must be y" in str(found.value)
        with pytest.raises(ZeroDivisionError, match="a bug") as bug:
            squares(crew.work(Accident("bug", tmp_path), range(5)), 5)
    assert 'raise ZeroDivisionError("a bug")' in bug.value.__notes__[0]


def test_workers_are_gone_when_the_crew_is():
    crew = Processes(2, refuse)
    results = crew.work(Squares(slow=1, seconds=60), range(4))
    next(results)
    pids = [worker.process.pid for worker in crew._workers]
    began = time.monotonic()
    results.close()
    crew.close()
    assert time.monotonic() - began < 10
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_alone_is_the_same():
    assert squares(Serial().work(Squares(), range(4)), 4) == [0, 1, 4, 9]


def test_workers_that_end_before_they_begin_end_the_work(monkeypatch):
    monkeypatch.setattr("sim.work.processes.serve", leave)
    with (
        closing(Processes(1, refuse)) as crew,
        pytest.raises(WorkError, match=r"workers end before they begin \(its worker ended with exit status 3\)"),
    ):
        squares(crew.work(Squares(), range(2)), 2)
    assert crew._workers == []


def test_an_idle_worker_that_was_killed_is_found_out_when_it_gets_a_batch(monkeypatch):
    """Started where signals cannot be held back, as on Windows."""
    told: list[str] = []
    monkeypatch.delattr(signal, "pthread_sigmask")
    with closing(Processes(1, told.append)) as crew:
        assert [batch for batch, _ in crew.work(Squares(), range(2))] == [0, 1]
        (worker,) = crew._workers
        worker.process.kill()
        worker.process.join(30)
        assert squares(crew.work(Squares(root=1), range(3)), 3) == [0, 1, 4]
    (said,) = told
    assert said.startswith(f"Batch 1: its worker was killed by signal 9 (process {worker.process.pid})")


def test_no_such_workers_and_workers_beside_a_cluster_are_refused():
    for n in (0, 1025):
        with pytest.raises(UsageError, match=f"n: found {n}; must be from 1 to 1,024"), workers(n):
            pytest.fail("there are no such workers")
    with pytest.raises(UsageError, match="--workers: found 2 together with --scheduler"):
        crew_of(2, "tcp://127.0.0.1:8786", refuse)


def test_what_is_kept_goes_when_the_work_ends_well_and_stays_when_it_does_not(tmp_path):
    with workers(keep=None) as runner:
        assert squares(enumerate(runner(Squares(), range(3))), 3) == [0, 1, 4]
    told: list[str] = []
    with pytest.raises(ZeroDivisionError), workers(keep=tmp_path, tell=told.append) as runner:
        print(1 / (int(next(runner(Squares(), range(3)))["square"][0])))
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".unfinished-")
    with workers(keep=tmp_path, tell=told.append) as runner:
        assert squares(enumerate(runner(Squares(), range(3))), 3) == [0, 1, 4]
    assert list(tmp_path.iterdir()) == []
