"""The bench: equal to a run to the last bit, and only what a change touches is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from threading import Thread
from time import process_time
from typing import Any

import numpy as np
import pytest

import sim
from sim.build import compile_model
from sim.dashboard.bench import COMPONENTS, Bench, apart, digest, physical
from sim.dashboard.levers import levers
from sim.dashboard.library import Library
from sim.dashboard.pages.what_if import Question, answer
from sim.dashboard.recent import Recent
from sim.engines import numpy_engine
from sim.scenario import Scenario, from_tables
from sim.streams import AddressedLuck

PATIENTS = 5_000  # more than a block, and no whole number of them
BASE = sim.load(sim.shipped_scenarios()["base-case"])
NO, IG = ("none",), ("primary", "preemptive", "secondary")
THRESHOLD = "strategies.preemptive.start.threshold_mg_dl"
SIMULATED = {
    "immunoglobulin.price_per_gram": (),
    "immunoglobulin.administration_cost": (),
    "immunoglobulin.dose_g_per_kg": IG,
    "immunoglobulin.hr.grade_3plus": IG,
    "immunoglobulin.hr.grade_1_2": IG,
    "infections.grade_3plus": NO + IG,
    "infections.grade_1_2": NO + IG,
    THRESHOLD: ("preemptive",),
}


def changed(**moved: float) -> Scenario:
    return from_tables(BASE.resolved(), overrides={key.replace("__", "."): value for key, value in moved.items()})


@pytest.fixture(scope="module")
def bench() -> Bench:
    bench = Bench()
    bench.play(BASE, patients=PATIENTS)
    return bench


def assert_equals_a_run(bench: Bench, scenario: Scenario) -> None:
    played = bench.play(scenario, patients=PATIENTS).result
    run = sim.run(scenario, patients=PATIENTS)
    for name in COMPONENTS:
        np.testing.assert_array_equal(played.outcomes.mean(name), run.outcomes.mean(name), err_msg=name)
        np.testing.assert_array_equal(played.outcomes.mcse(name), run.outcomes.mcse(name), err_msg=name)
    np.testing.assert_array_equal(played.outcomes.summary.cross, run.outcomes.summary.cross)
    assert played.table().equals(run.table())


def test_every_lever_is_accounted_for():
    assert {lever.key for lever in levers(BASE)} == set(SIMULATED)


@pytest.mark.parametrize("key", SIMULATED)
def test_a_moved_lever_gives_what_a_run_gives_and_simulates_only_what_it_touches(bench, key):
    lever = next(lever for lever in levers(BASE) if lever.key == key)
    scenario = from_tables(BASE.resolved(), overrides=lever.overrides(1.3 * lever.base))
    assert bench.play(scenario, patients=PATIENTS).simulated == SIMULATED[key]
    assert_equals_a_run(bench, scenario)


def test_other_prices_and_utilities_need_no_simulation(bench):
    scenario = changed(
        utilities__on_treatment=0.6,
        treatment__hospital_day_cost=1000.0,
        infections__causes__bacterial__cost__grade_3plus=9999.0,
        igg__test_cost=90.0,
        crs__cost__grade_3plus=123.0,
        immunoglobulin__harms__renal_injury__cost=1.0,
        antimicrobials__antiviral__cost_per_month=77.0,
    )
    assert bench.play(scenario, patients=PATIENTS).simulated == ()
    assert_equals_a_run(bench, scenario)


def test_discounting_the_horizon_and_the_seed_are_no_prices(bench):
    shorter = changed(analysis__horizon_months=24.0)
    assert bench.play(shorter, patients=PATIENTS).simulated == NO + IG
    assert bench.play(changed(analysis__discount_rate_costs_per_year=0.05), patients=PATIENTS).simulated == NO + IG
    assert bench.play(BASE, patients=PATIENTS, seed=3).simulated == NO + IG


def test_the_physical_model_has_the_histories_of_the_whole(bench):
    """Were a number that histories depend on taken for a price, this would show it; so it does with a rate."""
    model, luck, patient = compile_model(BASE), AddressedLuck(5), np.arange(300)
    whole = numpy_engine.simulate(model, luck, patient)
    bare = numpy_engine.simulate(physical(model), luck, patient)
    assert list(arrays(whole)) == list(arrays(bare))
    for name, value in arrays(whole).items():
        np.testing.assert_array_equal(value, arrays(bare)[name], err_msg=name)
    faster = replace(model, treatment=replace(model.treatment, death_rate_on=0.1))
    other = numpy_engine.simulate(faster, luck, patient)
    assert not np.array_equal(arrays(other)["end"], arrays(whole)["end"])


def arrays(value: object) -> Mapping[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for f in fields(value):
        part = getattr(value, f.name)
        found |= {f"{f.name}.{k}": v for k, v in arrays(part).items()} if is_dataclass(part) else {f.name: part}
    return found


def test_digests_tell_contents_apart_and_not_objects():
    one, two = physical(compile_model(BASE)), physical(compile_model(changed()))
    assert digest(one) == digest(two)
    assert digest(apart(one, one.strategies[1])) != digest(apart(one, one.strategies[2]))
    assert digest((1.0, (2.0,))) != digest((1.0, 2.0))
    assert digest(np.arange(4.0)) != digest(np.arange(4.0).reshape(2, 2))


def test_users_at_once_get_the_same_as_one_after_the_other():
    scenarios = [changed(immunoglobulin__hr__grade_3plus=hr) for hr in (0.2, 0.5, 0.9)]
    alone = [Bench().play(scenario, patients=600).result.table() for scenario in scenarios]
    bench, found = Bench(), {}

    def user(number: int) -> None:
        for turn in range(3):
            place = (number + turn) % 3
            found[number, place] = bench.play(scenarios[place], patients=600).result.table()

    threads = [Thread(target=user, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert all(table.equals(alone[place]) for (_, place), table in found.items())


def test_a_full_bench_forgets_the_oldest():
    recent: Recent[int] = Recent(2)
    made = []
    for key in ("a", "b", "a", "c", "a", "b"):
        recent.get(key, lambda key=key: made.append(key) or len(made))
    assert made == ["a", "b", "c", "b"], "b was not asked for the longest when c came"
    assert len(recent) == 2


def test_showing_an_answer_costs_little_beside_playing_it():
    """Processor time of a whole answer over that of its play, in one process; with checked figures it was 5."""
    source, bench, played = Library(Path("nowhere"), sim.shipped_scenarios()).open("scenario:base-case"), Bench(), []
    play = bench._play

    def timed(*arguments: Any) -> Any:
        start = process_time()
        try:
            return play(*arguments)
        finally:
            played.append(process_time() - start)

    bench._play = timed  # type: ignore[method-assign]
    shown = []
    for price in (100.0, 80.0, 85.0, 90.0, 95.0):
        start = process_time()
        answer(bench, source, Question({"immunoglobulin.price_per_gram": price}, wtp=source.middle_wtp))
        shown.append(process_time() - start)
    assert len(played) == 5
    assert min(shown) < 3.7 * min(played)
    assert played[0] > 2 * min(played), "the negative control: what had to be simulated is to be seen"
