"""The contenders: each plays the reference item in a process of its own and reports."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import naive
from benchmarks.item import OUTCOMES, Floats, Played, from_sums

HERE = Path(__file__).parent
IGSIM_COMPONENTS = ("cost", "qaly", "life_years", "infections_any")


def peak_mib() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def igsim(engine: str) -> Callable[[int, int], Played]:
    """The engine with everything a run gives: all components, standard errors of all pairs, incidence."""

    def play(patients: int, seed: int) -> Played:
        from sim.build import compile_model
        from sim.runs import play as played
        from sim.scenario import load
        from sim.streams import AddressedLuck

        model = compile_model(load(HERE / "reference.toml"))
        played(model, AddressedLuck(0), 10)
        begin = time.process_time()
        outcomes = played(model, AddressedLuck(seed), patients, engine=engine)  # type: ignore[arg-type]
        seconds = time.process_time() - begin
        mean, error = (
            [list(map(float, each(name))) for name in IGSIM_COMPONENTS] for each in (outcomes.mean, outcomes.mcse)
        )
        return Played(2 * patients, seconds, mean, error, peak_mib())

    return play


def igsim_means(patients: int, seed: int) -> Played:
    """The vectorised engine and accrual as a draw of a probabilistic analysis uses them: all means, no table.

    Like such a draw it keeps single patients where costs and QALYs are discounted, and has standard errors of those.
    """
    from sim.build import compile_model
    from sim.engines import numpy_engine
    from sim.model.accrual import accrue
    from sim.model.grouping import TOGETHER
    from sim.population import draw_baseline
    from sim.runs.job import in_turn
    from sim.scenario import load
    from sim.streams import AddressedLuck

    model, luck = compile_model(load(HERE / "reference.toml")), AddressedLuck(seed)

    def play(patient: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Floats, Floats]:
        who = draw_baseline(model, luck, patient)
        values = accrue(model, who, numpy_engine.simulate(model, luck, patient, who=who), undiscounted=TOGETHER)
        squares = np.full((len(OUTCOMES), 2), np.nan)
        squares[:2] = [(values[name] ** 2).sum(axis=-1) for name in IGSIM_COMPONENTS[:2]]
        return np.array([values[name].sum(axis=-1) for name in IGSIM_COMPONENTS]), squares

    play(np.arange(10))
    sums, squares = np.zeros((2, len(OUTCOMES), 2))
    begin = time.process_time()
    for patient in in_turn(patients, len(model.strategies)):
        more = play(patient)
        sums, squares = sums + more[0], squares + more[1]
    return from_sums(patients, time.process_time() - begin, sums, squares, peak_mib())


def by_hand(function: Callable[[int, int], tuple[Floats, Floats]], at_once: int) -> Callable[[int, int], Played]:
    """A function that gives sums, called for so many patients at once."""

    def play(patients: int, seed: int) -> Played:
        function(10, seed)
        sums, squares = np.zeros((2, len(OUTCOMES), 2))
        begin = time.process_time()
        for part, first in enumerate(range(0, patients, at_once)):
            more = function(min(at_once, patients - first), seed + 1_000_003 * part)
            sums, squares = sums + more[0], squares + more[1]
        return from_sums(patients, time.process_time() - begin, sums, squares, peak_mib())

    return play


def c_scalar(patients: int, seed: int) -> Played:
    """The C program, compiled beside its source."""
    program = HERE / "scalar"
    if not program.exists() or program.stat().st_mtime < (HERE / "scalar.c").stat().st_mtime:
        options = ["-O3", "-march=native", "-ffast-math"]
        subprocess.run(["cc", *options, str(HERE / "scalar.c"), "-o", str(program), "-lm"], check=True)
    out = subprocess.run([str(program), str(patients), str(seed)], check=True, capture_output=True, text=True).stdout
    seconds, *rows = out.splitlines()
    table = np.array([[float(number) for number in row.split()] for row in rows])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return from_sums(patients, float(seconds), table[:, :2], table[:, 2:], peak)


CONTENDERS: dict[str, tuple[Callable[[int, int], Played], int]] = {
    "igsim, NumPy engine, a whole run": (igsim("numpy"), 200_000),
    "igsim, NumPy engine, means alone": (igsim_means, 200_000),
    "igsim, SimPy engine": (igsim("simpy"), 300),
    "C, scalar": (c_scalar, 4_000_000),
    "NumPy, naive masks": (by_hand(naive.numpy_masks, 100_000), 200_000),
    "SimPy, naive processes": (by_hand(naive.simpy_processes, 10_000), 4_000),
}
"""Name to how it plays, and how many patients take about a second."""


if __name__ == "__main__":
    name, patients, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    json.dump(CONTENDERS[name][0](patients, seed).as_dict(), sys.stdout)
