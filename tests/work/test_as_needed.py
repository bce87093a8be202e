"""Short work stays with this process; long work gets company, and the numbers do not show it."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from sim.work import Arrays, Serial, digest_of
from sim.work.as_needed import AsNeeded, available_cores
from sim.work.crew import in_order
from sim.work.long_work import crew_of
from sim.work.processes import Processes


@dataclass(frozen=True)
class Sines:
    """Batch b gives sines of numbers that only b determines, and who computed them."""

    @property
    def digest(self) -> str:
        return digest_of(self)

    def __call__(self, batch: int) -> Arrays:
        return {"sine": np.sin(np.arange(5) + batch / 7), "worker": np.array([os.getpid()])}


class Ticking:
    """A clock on which every batch takes the same time: it is looked at before and after each."""

    def __init__(self, seconds: float) -> None:
        self.now, self.looks, self.seconds = 0.0, 0, seconds

    def __call__(self) -> float:
        self.now += self.seconds if self.looks % 2 == 1 else 0.0
        self.looks += 1
        return self.now


def refuse(text: str) -> None:
    pytest.fail(f"nothing should be told, but: {text}")


def played(crew, n):
    """Sines and workers by batch."""
    with closing(crew):
        found = list(in_order(crew.work(Sines(), range(n)), range(n)))
    return np.stack([each["sine"] for each in found]), [int(each["worker"][0]) for each in found]


def test_long_work_gets_company_and_the_same_numbers():
    """Half a second a batch: two here, which is a second; the other ten by two processes."""
    alone, _ = played(Serial(), 12)
    crew = AsNeeded(refuse, cores=lambda: 2, clock=Ticking(0.5))
    found, workers = played(crew, 12)
    assert found.tobytes() == alone.tobytes()
    assert workers[:2] == [os.getpid()] * 2
    assert os.getpid() not in workers[2:]
    assert len(set(workers[2:])) <= 2


@pytest.mark.parametrize(
    ("seconds", "n", "why"),
    [
        (0.01, 50, "the whole takes less than a second"),
        (0.5, 7, "after a second there are less than three to come"),
        (30.0, 2, "there is one batch left, and nothing to share"),
    ],
)
def test_short_work_stays_here(seconds, n, why):
    def cores() -> int:
        pytest.fail(why)

    _, workers = played(AsNeeded(refuse, cores=cores, clock=Ticking(seconds)), n)
    assert set(workers) == {os.getpid()}


def test_one_core_is_asked_for_once_and_stays_alone():
    asked = []

    def cores() -> int:
        asked.append(1)
        return 1

    _, workers = played(AsNeeded(refuse, cores=cores, clock=Ticking(0.5)), 20)
    assert set(workers) == {os.getpid()}
    assert asked == [1]


def test_company_stays_for_what_comes_after():
    """The next round of one undertaking goes to processes from its beginning."""
    crew = AsNeeded(refuse, cores=lambda: 2, clock=Ticking(0.5))
    with closing(crew):
        list(crew.work(Sines(), range(10)))
        again = [int(arrays["worker"][0]) for _, arrays in crew.work(Sines(), range(3))]
    assert os.getpid() not in again


def test_cores_are_those_this_process_may_use(monkeypatch):
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert available_cores() == 1


def test_a_command_asks_for_company_by_default_and_for_none_with_one():
    assert isinstance(crew_of(None, None, refuse), AsNeeded)
    assert isinstance(crew_of(1, None, refuse), Serial)
    many = crew_of(3, None, refuse)
    assert isinstance(many, Processes)
    assert many.n == 3


def test_short_work_ends_with_its_last_batch_and_starts_nobody():
    crew = AsNeeded(refuse, cores=lambda: pytest.fail("nobody should be asked for"), clock=Ticking(0.1))
    with closing(crew):
        assert [batch for batch, _ in crew.work(Sines(), range(3))] == [0, 1, 2]
        assert list(crew.work(Sines(), range(0))) == []
