"""Designs, the sweep's table against single runs, and its independence of who works it off."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest

from sim.errors import ScenarioError, UsageError
from sim.runs import run
from sim.scenario import Scenario, from_tables
from sim.sensitivity import Axis, parse_axes, points, sweep
from sim.work import Arrays, Job, Progress
from tests.sensitivity.conftest import toy_inmb, toy_threshold

PRICE, HR = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"


# ---------------------------------------------------------------------- axes and designs


def test_ranges_and_lists_are_read_as_typed() -> None:
    axes = parse_axes([f"{PRICE}=20:150:14", f"{HR}=0.1:1:10", "a.b=1:1000:4:log", "c=x, y", "d=true,2,3.5", "e=0:1"])
    assert axes[0].on_grid == tuple(range(20, 151, 10))
    assert axes[1].on_grid == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    assert axes[2].on_grid == (1, 10, 100, 1000)
    assert axes[3].on_grid == ("x", "y")
    assert axes[4].on_grid == (True, 2, 3.5)
    assert axes[5] == Axis("e", 0.0, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "no-equals",
        "p=",
        "=1:2:3",
        "p=1:2:1",
        "p=1:2:2.5",
        "p=1:2:3:4",
        "p=1:1:3",
        "p=0:5:3:log",
        "p=1:x:3",
        "p=1:inf:3",
    ],
)
def test_what_is_no_range_is_refused_all_at_once(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_axes([text, "fine=1:2:3", "fine=4:5:6"])
    assert [problem.found for problem in refused.value.problems] == [text, "fine=4:5:6"]


def test_a_grid_is_every_combination_the_last_axis_fastest() -> None:
    at, warning = points(parse_axes(["a=1:2:2", "b=x,y,z"]), "grid", 0, 0)
    assert at == ((1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z"))
    assert warning == ""


def test_a_latin_hypercube_has_one_point_in_every_slice_of_every_axis() -> None:
    at, _ = points(parse_axes(["a=0:10", "b=1:1000:log", "c=x,y"]), "lhs", 20, 4)
    a, b, c = zip(*at, strict=True)
    assert sorted(np.floor(np.array(a, dtype=float) * 2)) == list(range(20))
    assert sorted(np.floor(np.log10(np.array(b, dtype=float)) / 3 * 20)) == list(range(20))
    assert c.count("x") == c.count("y") == 10
    assert points(parse_axes(["a=0:10", "b=1:1000:log", "c=x,y"]), "lhs", 20, 4)[0] == at
    assert points(parse_axes(["a=0:10", "b=1:1000:log", "c=x,y"]), "lhs", 20, 5)[0] != at


def test_sobol_points_are_balanced_and_other_numbers_are_warned_of() -> None:
    axes = parse_axes(["a=0:1", "b=0:1"])
    at, warning = points(axes, "sobol", 16, 1)
    a, b = (np.array(part, dtype=float) for part in zip(*at, strict=True))
    assert warning == ""
    assert sorted(np.floor(a * 16)) == sorted(np.floor(b * 16)) == list(range(16))
    assert sorted(zip(np.floor(a * 4), np.floor(b * 4), strict=True)) == [(i, j) for i in range(4) for j in range(4)]
    _, warning = points(axes, "sobol", 10, 1)
    assert "a power of two is (8 or 16)" in warning


def test_designs_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="needs N for a grid"):
        points(parse_axes(["a=0:1"]), "grid", 5, 0)
    with pytest.raises(UsageError, match="at least once"):
        points((), "grid", 5, 0)
    with pytest.raises(UsageError, match="from 1 to 1,000,000"):
        points(parse_axes(["a=0:1:2000", "b=0:1:2000"]), "grid", 0, 0)


# ---------------------------------------------------------------------- the table


@pytest.fixture(scope="module")
def small(tutorial: Scenario) -> object:
    return sweep(tutorial, parse_axes([f"{PRICE}=20:100:2", f"{HR}=0.1:1:3"]), patients=200, seed=5, wtps=[50_000])


def test_every_row_is_what_a_single_run_gives(tutorial: Scenario, small: object) -> None:
    table: pd.DataFrame = small.table  # type: ignore[attr-defined]
    assert table.columns[:5].tolist() == ["point", PRICE, HR, "strategy", "status"]
    assert len(table) == 6 * 3
    for point, rows in table.groupby("point"):
        values = {PRICE: rows[PRICE].iloc[0], HR: rows[HR].iloc[0]}
        result = run(from_tables(tutorial.resolved(), overrides=values), patients=200, seed=5)
        outcomes = result.outcomes
        for s, name in enumerate(outcomes.strategies):
            row = rows[rows["strategy"] == name].iloc[0]
            for component in ("cost", "qaly", "cost:immunoglobulin", "infections_grade_3plus"):
                assert row[component] == outcomes.mean(component)[s]
                assert row[f"{component}_mcse"] == outcomes.mcse(component)[s]
            assert (row["inmb_50000"], row["inmb_50000_mcse"]) == outcomes.inmb(50_000, s, 0)
        status = {row.strategy: str(row.status) for row in result.incremental}
        assert dict(zip(rows["strategy"], rows["status"], strict=True)) == status, point


def test_decisions_name_the_best_and_its_paired_margin(small: object) -> None:
    table, decisions = small.table, small.decisions  # type: ignore[attr-defined]
    assert decisions.columns.tolist() == ["point", PRICE, HR, "wtp", "best", "second", "margin", "margin_mcse"]
    for row in decisions.to_dict(orient="records"):
        rows = table[table["point"] == row["point"]].set_index("strategy")
        benefit = (50_000 * rows["qaly"] - rows["cost"]).sort_values(ascending=False)
        assert list(benefit.index[:2]) == [row["best"], row["second"]]
        assert row["margin"] == pytest.approx(benefit.iloc[0] - benefit.iloc[1], abs=1e-6)
        assert row["margin_mcse"] > 0


def test_the_toy_gives_the_closed_form_at_every_point(toy: Scenario) -> None:
    axes = parse_axes([f"{PRICE}=10:100", "igg.test_cost=100:5000:log"])
    result = sweep(toy, axes, design="sobol", n=8, patients=10, wtps=[0, 100_000])
    primary = result.table[result.table["strategy"] == "primary"]
    for row in primary.to_dict(orient="records"):
        for wtp in (0, 100_000):
            expected = toy_inmb(wtp, price=row[PRICE], test=row["igg.test_cost"])
            assert row[f"inmb_{wtp}"] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_regions_of_a_two_way_grid_meet_where_the_closed_form_turns(toy: Scenario) -> None:
    """On each line of equal test cost the price at which the toy turns lies between two neighbours of the grid."""
    axes, wtp = parse_axes([f"{PRICE}=10:100:10", "igg.test_cost=1500:3000:4"]), 50_000
    cells = sweep(toy, axes, patients=2, wtps=[wtp]).decisions
    assert len(cells) == 40
    for row in cells.to_dict(orient="records"):
        inmb = toy_inmb(wtp, price=row[PRICE], test=row["igg.test_cost"])
        assert (row["best"] == "primary") == (inmb > 0)
        assert row["margin"] == pytest.approx(abs(inmb), rel=1e-9, abs=1e-6)
    for test, line in cells.groupby("igg.test_cost"):
        by_best = line.groupby("best")[PRICE]
        dearest, cheapest = by_best.max()["primary"], by_best.min()["tested"]
        assert cheapest - dearest == pytest.approx(10)
        assert dearest < toy_threshold(wtp, test=float(test)) < cheapest


def test_words_and_whole_numbers_can_vary_too(tutorial: Scenario) -> None:
    axes = parse_axes(["strategies.secondary.start.count=1:3:3", "treatment.include_drug_cost=true,false"])
    table = sweep(tutorial, axes, patients=100).table
    assert table["treatment.include_drug_cost"].unique().tolist() == ["true", "false"]
    counted = table[table["treatment.include_drug_cost"] == "true"]
    assert (counted["cost:bispecific"] > 0).all()
    secondary = table[(table["strategy"] == "secondary") & (table["treatment.include_drug_cost"] == "false")]
    assert secondary["ig_ever"].is_monotonic_decreasing


def test_values_that_cannot_be_are_refused_all_at_once_before_playing(tutorial: Scenario) -> None:
    texts = [
        f"{HR}=0.1:20:3",
        "immunoglobulin.adherance=0:1:2",
        "patients.igg_type_proportion=0.5,2",
        "analysis.seed=1,2",
    ]
    with pytest.raises(ScenarioError) as refused:
        sweep(tutorial, parse_axes(texts), patients=10**6)
    places = [problem.place for problem in refused.value.problems]
    assert places == [HR, "immunoglobulin.adherance", "patients.igg_type_proportion", "analysis.seed"]


def test_a_point_that_cannot_be_though_its_values_can_is_named() -> None:
    from tests.sensitivity.conftest import toy_tables

    tables = toy_tables()
    tables["patients"]["weight_kg"] = {"distribution": "normal", "mean": 75, "sd": 1, "min": 50, "max": 100}
    axes = parse_axes(["patients.weight_kg.mean=60,90", "patients.weight_kg.max=80,100"])
    with pytest.raises(ScenarioError, match="must lie between min and max"):
        sweep(from_tables(tables), parse_axes(["patients.weight_kg.mean=60,110"]), patients=5)
    tables["patients"]["weight_kg"]["mean"] = 75
    with pytest.raises(ScenarioError, match="point 3 cannot be played"):
        sweep(from_tables(tables), axes, patients=5)


# ---------------------------------------------------------------------- who works it off


def _backwards(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
    found = {batch: job(batch) for batch in reversed(batches)}
    yield from (found[batch] for batch in batches)


def _elsewhere(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(job, batches)


@pytest.mark.parametrize("runner", [_backwards, _elsewhere])
def test_tables_are_the_same_bytes_whoever_works_them_off(tutorial: Scenario, small: object, runner: object) -> None:
    axes = parse_axes([f"{PRICE}=20:100:2", f"{HR}=0.1:1:3"])
    again = sweep(tutorial, axes, patients=200, seed=5, wtps=[50_000], runner=runner)  # type: ignore[arg-type]
    for kind in ("table", "decisions"):
        assert pickle.dumps(getattr(again, kind).to_dict()) == pickle.dumps(getattr(small, kind).to_dict())


def test_the_digest_of_the_work_tells_different_work_apart(tutorial: Scenario) -> None:
    seen: list[str] = []

    def note(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
        seen.append(job.digest)
        yield from (job(batch) for batch in batches)

    for text, options in (
        (f"{PRICE}=1,2", {}),
        (f"{PRICE}=1,2", {}),
        (f"{PRICE}=1,3", {}),
        (f"{PRICE}=1,2", {"seed": 9}),
        (f"{PRICE}=1,2", {"patients": 6}),
        (f"{PRICE}=1,2", {"wtps": [1]}),
    ):
        sweep(tutorial, parse_axes([text]), runner=note, **{"patients": 5, **options})  # type: ignore[arg-type]
    assert seen[0] == seen[1]
    assert len(set(seen)) == 5
