"""Run every contender on the reference item, interleaved, and print a table: `python -m benchmarks [--short]`.

A contender plays in a process of its own, once a round, all of them in turn. Ratios are taken inside rounds, so that
a machine that slows down slows both sides; their median is what counts. Seconds are CPU seconds of the simulation.
heormodel and PyHEOR come from PyPI into an environment of their own, `benchmarks/.peers`, made when it is not there;
where that fails the table goes without them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.contenders import CONTENDERS
from benchmarks.item import Played

HERE = Path(__file__).parent
RATIOS = HERE / "ratios.json"
PEERS_HOME, PEERS_WANTED = HERE / ".peers", HERE / "peers.txt"
PEERS = {
    "heormodel 0.7.4, vectorised microsimulation": ("heormodel", 200_000),
    "PyHEOR 0.4.1, discrete events": ("pyheor", 1_000),
}
"""Name to the contender of `benchmarks/peers.py`, and how many patients take about a second."""
OURS, MEASURE = "igsim, NumPy engine, a whole run", "NumPy, naive masks"
LEAST_SHARE = 0.7
"""A guard against regressions: the least part of the ratio kept for a release that a later one may show."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def peers_python() -> Path:
    """The Python of the peers' environment."""
    return PEERS_HOME / "bin" / "python"


def peers_are_there() -> bool:
    """Make the peers' environment if need be; whether it is there."""
    if not peers_python().exists():
        venv.create(PEERS_HOME, with_pip=True)
    pip = [str(peers_python()), "-m", "pip", "install", "-q", "-r", str(PEERS_WANTED)]
    return subprocess.run(pip, check=False, stderr=subprocess.DEVNULL).returncode == 0


def usual_patients(name: str) -> int:
    """How many patients a contender plays in a round."""
    return CONTENDERS[name][1] if name in CONTENDERS else PEERS[name][1]


def measure(name: str, patients: int, seed: int) -> Played:
    """One contender, in a process of its own."""
    program = [sys.executable, "-m", "benchmarks.contenders", name]
    environment = {**os.environ, **ONE_THREAD}
    if name in PEERS:
        program = [str(peers_python()), str(HERE / "peers.py"), PEERS[name][0]]
        environment["PYTHONPATH"] = str(HERE.parent)
    command = [*program, str(patients), str(seed)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return Played(**json.loads(out))


def rounds(names: Sequence[str], number: int, part: float) -> dict[str, list[Played]]:
    """All contenders in turn, as many rounds as asked for, with a part of their usual patients."""
    played: dict[str, list[Played]] = {name: [] for name in names}
    for seed in range(1, number + 1):
        for name in names:
            played[name].append(measure(name, max(2, int(part * usual_patients(name))), seed))
    return played


def ratio(played: dict[str, list[Played]], name: str, to: str) -> float:
    """Median over rounds of the ratio of rates."""
    return median(a.rate / b.rate for a, b in zip(played[name], played[to], strict=True))


def table(played: dict[str, list[Played]]) -> str:
    """The results as a Markdown table."""
    lines = [
        "| contender | histories/s | / C | / naive NumPy | peak MiB | worst distance, SE |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, runs in played.items():
        rate = median(run.rate for run in runs)
        to_c, to_naive = (ratio(played, name, to) if to in played else float("nan") for to in ("C, scalar", MEASURE))
        peak, worst = max(run.peak_mib for run in runs), max(run.worst for run in runs)
        lines.append(f"| {name} | {rate:,.0f} | {to_c:.3g} | {to_naive:.3g} | {peak:,.0f} | {worst:.2f} |")
    return "\n".join(lines)


def guard(found: float) -> str | None:
    """What is wrong with the ratio to the naive version, or None."""
    kept = json.loads(RATIOS.read_text())
    release, expected = max(kept.items())
    if found < LEAST_SHARE * expected:
        return f"ratio to the naive version {found:.2f}, less than {LEAST_SHARE} of {expected} in {release}"
    return None


def main() -> int:
    """Parse, play, print; 1 if a contender misses the exact answer or igsim has become slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="igsim and the naive version alone, for the guard")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", type=float, default=1.0, help="part of the usual patients")
    chosen = parser.parse_args()
    names = [OURS, MEASURE] if chosen.short else [*CONTENDERS, *(PEERS if peers_are_there() else ())]
    played = rounds(names, chosen.rounds, chosen.part)
    sys.stdout.write(f"{date.today():%Y-%m-%d}\n\n{table(played)}\n")
    far = [name for name, runs in played.items() if max(run.worst for run in runs) > 5]
    problem = guard(ratio(played, OURS, MEASURE))
    for text in [f"{name} misses the exact answer" for name in far] + ([problem] if problem else []):
        sys.stderr.write(text + "\n")
    return 1 if far or problem else 0


if __name__ == "__main__":
    sys.exit(main())
