"""How the cost of the base case grows, and a plot of it: `python -m benchmarks.growth docs/performance.svg`."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sim.build import compile_model
from sim.model.structure import ClinicalModel
from sim.psa.run import Settings, prepare
from sim.runs import play
from sim.scenario import Scenario, load
from sim.streams import AddressedLuck
from sim.work.long_work import workers

BASE_CASE = Path(__file__).parents[1] / "scenarios" / "base-case.toml"
REPEATS = 3
PATIENTS = 16_384
CORES = "cores (time that passes)"
Curve = list[tuple[int, float]]
TITLES = {CORES: "cores: how many times faster"}


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Least seconds of a few repeats, of the processor unless another clock is given."""
    found = []
    for _ in range(REPEATS):
        begin = clock()
        work()
        found.append(clock() - begin)
    return min(found)


def with_causes(model: ClinicalModel, number: int) -> ClinicalModel:
    """The model with its first causes alone."""
    infections, kept = model.infections, slice(0, number)
    tables = ("only_in", "hazard_ratio", "case_fatality", "stop_probability", "cost", "hospital_days", "qaly_loss")
    cut = {name: getattr(infections, name)[kept] for name in (*tables, "hold")}
    return replace(
        model,
        infections=replace(infections, causes=infections.causes[kept], rate=infections.rate[:, kept], **cut),
        antimicrobials=tuple(replace(drug, hazard_ratio=drug.hazard_ratio[kept]) for drug in model.antimicrobials),
    )


def with_strategies(model: ClinicalModel, number: int) -> ClinicalModel:
    """The model with so many strategies, the first ones again where there are too few."""
    several = [replace(model.strategies[k % len(model.strategies)], name=f"s{k}") for k in range(number)]
    return replace(model, strategies=tuple(several))


def curves(scenario: Scenario) -> dict[str, Curve]:
    """Seconds against patients, strategies, causes, draws and cores, one at a time."""
    model, luck = compile_model(scenario), AddressedLuck(1)
    play(model, luck, 4_096)

    def a_run(changed: ClinicalModel, patients: int = PATIENTS) -> float:
        return seconds(lambda: play(changed, luck, patients))

    def draws(number: int) -> float:
        job = prepare(scenario, Settings(draws=number, patients=4_096, seed=1, draws_per_batch=number))
        return seconds(lambda: job(0))

    def cores(number: int) -> float:
        job = prepare(scenario, Settings(draws=64, patients=4_096, seed=1, draws_per_batch=4))
        with workers(number) as runner:
            list(runner(job, range(number)))  # so that all of them are there
            return seconds(lambda: list(runner(job, job.batches)), time.perf_counter)

    return {
        "patients": [(n, a_run(model, n)) for n in (1_024, 4_096, 16_384, 65_536)],
        "strategies": [(n, a_run(with_strategies(model, n))) for n in (2, 4, 8, 16, 32)],
        "causes": [(n, a_run(with_causes(model, n))) for n in (1, 2, 4, 8)],
        "draws of 4,096 patients": [(n, draws(n)) for n in (2, 4, 8, 16)],
        CORES: [(n, cores(n)) for n in (1, 2, 4, 8, 16) if n <= (os.cpu_count() or 1)],
    }


def slope(curve: Curve) -> float:
    """Exponent of the power law through a curve."""
    x, y = np.log(np.array(curve)).T
    return float(np.polyfit(x, y, 1)[0])


def report(found: dict[str, Curve]) -> str:
    """The curves as a Markdown table, with their exponents."""
    lines = ["| grows | seconds | exponent |", "|---|---|--:|"]
    for name, curve in found.items():
        points = ", ".join(f"{n:,}: {s:.3g}" for n, s in curve)
        lines.append(f"| {name} | {points} | {slope(curve):.2f} |")
    return "\n".join(lines)


def svg(found: dict[str, Curve]) -> str:
    """All curves on logarithmic axes, each relative to its first point; what falls is drawn as how often it falls."""
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000")
    size, margin, octaves = 420, 60, 6.5

    def place(x: float, y: float) -> str:
        scale = (size - 2 * margin) / octaves
        return f"{margin + scale * math.log2(x):.1f},{size - margin - scale * math.log2(y):.1f}"

    space = 'xmlns="http://www.w3.org/2000/svg"'
    parts = [f'<svg {space} viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="12">']
    parts.append(f'<polyline points="{place(1, 1)} {place(64, 64)}" stroke="#999" stroke-dasharray="4" fill="none"/>')
    for tick in (1, 4, 16, 64):
        x, y = place(tick, 1).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 18}" text-anchor="middle">{tick}</text>')
        x, y = place(1, tick).split(",")
        parts.append(f'<text x="{float(x) - 12}" y="{float(y) + 4}" text-anchor="end">{tick}</text>')
    for number, (colour, (name, curve)) in enumerate(zip(colours, found.items(), strict=True)):
        points = " ".join(place(n / curve[0][0], max(s / curve[0][1], curve[0][1] / s)) for n, s in curve)
        parts.append(f'<polyline points="{points}" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts.append(
            f'<text x="{margin + 10}" y="{margin + 16 * number}" fill="{colour}">{TITLES.get(name, name)}</text>'
        )
    parts.append(f'<text x="{size / 2}" y="{size - 15}" text-anchor="middle">size, relative</text>')
    middle = size / 2
    parts.append(f'<text transform="translate(18,{middle}) rotate(-90)" text-anchor="middle">time, relative</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and draw if a file is named."""
    found = curves(load(BASE_CASE))
    sys.stdout.write(report(found) + "\n")
    if arguments:
        Path(arguments[0]).write_text(svg(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
