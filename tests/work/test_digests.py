"""Digests tell apart what differs, and nothing else."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.build import compile_model
from sim.model.structure import Event
from sim.runs.job import PatientsJob
from sim.streams import AddressedLuck
from sim.work import digest_of
from sim.work.digests import arithmetic_digest, program_digest

TUTORIAL = Path(__file__).resolve().parents[2] / "scenarios" / "tutorial.toml"

DISTINCT = [
    1, 1.0, True, "1", b"1", None, (), (1,), (1, 1), ((1,), 1), (1, (1,)), {}, {1: 2}, {2: 1}, ("a", "b"), ("ab",),
    Event.CRS, Event.ICANS, np.array([1.0]), np.array([1]), np.array([[1.0]]), np.array([1.0, 2.0]), np.float64(1.5),
    0.1 + 0.2, 0.3, -0.0, 0.0,
]  # fmt: skip


def test_what_differs_has_other_digests():
    for a, b in combinations(DISTINCT, 2):
        assert digest_of(a) != digest_of(b), (a, b)


def test_layout_and_order_do_not_matter():
    a = np.arange(6.0).reshape(2, 3)
    assert digest_of(np.asfortranarray(a)) == digest_of(a)
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})


def test_what_cannot_be_known_is_refused():
    for value in (object(), lambda: 1, {1, 2}, np.array([print], dtype=object)):
        with pytest.raises(TypeError):
            digest_of([value])


def test_every_part_of_a_run_counts():
    model = compile_model(sim.load(TUTORIAL))
    job = PatientsJob(model, AddressedLuck(1), 0, 100, np.arange(3.0), "numpy", 1)
    others = [
        dataclasses.replace(job, model=dataclasses.replace(model, utility_on=0.5)),
        dataclasses.replace(job, luck=AddressedLuck(2)),
        dataclasses.replace(job, last=99),
        dataclasses.replace(job, engine="simpy"),
    ]
    assert len({each.digest for each in [job, *others]}) == 5


def test_digests_are_the_same_in_another_process():
    program = (
        "import sys, sim; from sim.build import compile_model; from sim.work import digest_of\n"
        "from sim.work.digests import arithmetic_digest, program_digest\n"
        "print(digest_of(compile_model(sim.load(sys.argv[1]))), program_digest(), arithmetic_digest())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, TUTORIAL], check=True, capture_output=True, text=True
    ).stdout
    assert said.split() == [digest_of(compile_model(sim.load(TUTORIAL))), program_digest(), arithmetic_digest()]
