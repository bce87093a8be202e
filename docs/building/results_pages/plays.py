"""Scenarios played through the public interface, each once, into run folders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

import sim
from docs.building.results_pages.settings import (
    EFFECT,
    EFFECT_SEARCHED,
    PRICE,
    TRIAL_SIZES,
    Setting,
    Sizes,
    settings,
)
from sim.psa import PsaReport, psa, report_of
from sim.report.compare_text import compare_document
from sim.report.document import Document
from sim.report.dsa_document import prices_document, thresholds_document, tornado_document
from sim.report.dsa_folder import save_analysis
from sim.report.page.folder import RunFolder, open_folder
from sim.report.psa_document import psa_document, psa_tables, psa_texts
from sim.report.run_folder import save_run
from sim.report.voi_document import voi_document, voi_tables
from sim.scenario import Scenario
from sim.work import Runner, run_batches

Played = tuple[Document, Mapping[str, pd.DataFrame], Mapping[str, str]]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A process a setting keeps the cores busy; threads of the linear algebra would only wait for one another."""


@dataclass(frozen=True, eq=False)
class Plays:
    """Run folders, made when a page first asks for them.

    Attributes:
        root: Where run folders go.
        sizes: How much is played.
        runner: Who works.
        tell: Told what was played, and how long it took.
    """

    root: Path
    sizes: Sizes
    runner: Runner
    tell: Callable[[str], None] = lambda text: None
    _made: dict[tuple[str, str], RunFolder] = field(default_factory=dict)
    _reports: dict[str, PsaReport] = field(default_factory=dict)

    def ahead(self, workers: int) -> None:
        """Play everything that the pages ask of the six settings, several settings at a time.

        Args:
            workers: Processes.
        """
        before = dict(os.environ)
        os.environ.update(ONE_THREAD)
        try:
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                playing = {pool.submit(play_setting, self.root, self.sizes, name): name for name in settings()}
                for future, name in playing.items():
                    paths, seconds = future.result()
                    self._made.update({(what, name): open_folder(path) for what, path in paths.items()})
                    self.tell(f"{name}: {seconds:.1f} s")
        finally:
            os.environ.clear()
            os.environ.update(before)

    def run(self, setting: Setting) -> RunFolder:
        """Base values alone."""

        def play(started: float) -> Path:
            result = sim.run(setting.scenario(), patients=self.sizes.run, runner=self.runner)
            return save_run(result, self.root, name=setting.file, seconds=time.perf_counter() - started)

        return self._once("run", setting.name, play)

    def psa(self, setting: Setting) -> RunFolder:
        """Every parameter drawn."""

        def play(started: float) -> Path:
            report = self._report(setting)
            tables, texts = psa_tables(report), psa_texts(report)
            return self._saved(started, [report.result.scenario], setting.file, (psa_document(report), tables, texts))

        return self._once("psa", setting.name, play)

    def voi(self, setting: Setting) -> RunFolder:
        """What more evidence is worth, from the same draws."""

        def play(started: float) -> Path:
            report = sim.value_of_information(self._report(setting), sizes=TRIAL_SIZES)
            scenario = self._report(setting).result.scenario
            return self._saved(started, [scenario], setting.file, (voi_document(report), voi_tables(report), {}))

        return self._once("voi", setting.name, play)

    def _report(self, setting: Setting) -> PsaReport:
        if setting.name not in self._reports:
            draws, patients = self.sizes.draws, self.sizes.psa
            result = psa(setting.scenario(), draws=draws, patients=patients, runner=self.runner)
            self._reports[setting.name] = report_of(result, runner=self.runner)
        return self._reports[setting.name]

    def tornado(self, setting: Setting, paths: Sequence[str] | None = None) -> RunFolder:
        """Inputs at the ends of their ranges, one at a time; all of them unless named."""

        def play(started: float) -> Path:
            scenario = setting.scenario()
            wtp, patients = max(scenario.analysis.wtp_per_qaly), self.sizes.tornado
            result = sim.tornado(scenario, wtp=wtp, patients=patients, paths=paths, runner=self.runner)
            return self._saved(
                started, [scenario], setting.file, (tornado_document(scenario, result), {"tornado": result.table}, {})
            )

        return self._once("tornado", setting.name, play)

    def price(self, setting: Setting) -> RunFolder:
        """Exact break-even prices of immunoglobulin."""

        def play(started: float) -> Path:
            scenario = setting.scenario()
            result = sim.price_thresholds(scenario, PRICE, patients=self.sizes.run)
            tables = {"price_thresholds": result.table, "best_by_price": result.choice}
            return self._saved(started, [scenario], setting.file, (prices_document(scenario, result), tables, {}))

        return self._once("price", setting.name, play)

    def effect(self, setting: Setting) -> RunFolder:
        """Hazard ratio of serious infections at which the best strategy changes, at the highest threshold."""

        def play(started: float) -> Path:
            scenario = setting.scenario()
            wtp, patients = max(scenario.analysis.wtp_per_qaly), self.sizes.search
            result = sim.thresholds(
                scenario, EFFECT, between=EFFECT_SEARCHED, wtp=wtp, patients=patients, runner=self.runner
            )
            tables = {"thresholds": result.table, "threshold_scan": result.scan}
            return self._saved(started, [scenario], setting.file, (thresholds_document(scenario, result), tables, {}))

        return self._once("effect", setting.name, play)

    def compare(self, settings: Mapping[str, Setting]) -> RunFolder:
        """Scenarios side by side on the same patients."""

        def play(started: float) -> Path:
            scenarios = {name: setting.scenario() for name, setting in settings.items()}
            result = sim.compare(scenarios, patients=self.sizes.compare)
            tables = {"incremental": result.incremental, "decisions": result.decisions}
            tables["differences"] = result.differences
            return self._saved(
                started, [*scenarios.values()], "compare", (compare_document(scenarios, result), tables, {})
            )

        return self._once("compare", "", play)

    def _saved(self, started: float, scenarios: Sequence[Scenario], name: str, played: Played) -> Path:
        document, tables, texts = played
        seconds = time.perf_counter() - started
        return save_analysis(document, tables, scenarios, self.root, name=name, seconds=seconds, texts=texts)

    def _once(self, what: str, name: str, play: Callable[[float], Path]) -> RunFolder:
        key = (what, name)
        if key not in self._made:
            started = time.perf_counter()
            self._made[key] = open_folder(play(started))
            self.tell(f"{what} {name}: {time.perf_counter() - started:.1f} s")
        return self._made[key]


def play_setting(root: Path, sizes: Sizes, name: str) -> tuple[dict[str, Path], float]:
    """Everything that the pages ask of one setting, in this process.

    Args:
        root: Where run folders go.
        sizes: How much is played.
        name: Name of the setting.

    Returns:
        Analysis to run folder, and the seconds it took.
    """
    started, setting = time.perf_counter(), settings()[name]
    plays = Plays(root, sizes, run_batches)
    analyses = {"run": plays.run, "psa": plays.psa, "voi": plays.voi, "price": plays.price, "effect": plays.effect}
    if setting.at_home:
        analyses["tornado"] = plays.tornado
    paths = {what: play(setting).path for what, play in analyses.items()}
    return paths, time.perf_counter() - started
