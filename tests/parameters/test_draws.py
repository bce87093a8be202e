"""Draws of whole scenarios: what they must reproduce, and what must not change them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import sim
from sim.build import compile_model
from sim.errors import ScenarioError
from sim.parameters import at_draw, draw_parameters, quantile, unread, with_values
from sim.parameters import unread as unread_of
from sim.parameters.unread import same
from sim.scenario import from_tables, quantities

SHIPPED = sorted(Path("scenarios").glob("*.toml"))
CORRELATION = "psa.correlations"


@pytest.fixture(scope="module")
def base():
    return sim.load("scenarios/base-case.toml")


@pytest.fixture(scope="module")
def table(base):
    return draw_parameters(base, 4000, 3)


def test_every_uncertain_quantity_is_drawn_and_no_other(base, table):
    uncertain = [path for path, quantity, _ in quantities(base) if quantity.dist != "fixed"]
    assert list(table.paths) == uncertain
    assert list(table.frame().columns) == ["draw", *uncertain]
    assert table.frame()["draw"].iloc[[0, -1]].tolist() == [1, 4000]
    assert table.adjusted == {}


def test_draws_have_the_distribution_of_their_quantity(base, table):
    """4,000 draws of some 180 quantities: Kolmogorov distances, the largest of 180 under 0.034 in 99 of 100 cases.

    Negative control: against the distribution of the next quantity most distances are far larger.
    """
    known = {path: quantity for path, quantity, _ in quantities(base)}
    p = (np.arange(4000) + 0.5) / 4000
    distances = []
    for k, path in enumerate(table.paths):
        inside = np.searchsorted(quantile(known[path], p), np.sort(table.matrix[:, k])) / 4000
        distances.append(np.abs(inside - p).max())
    assert max(distances) < 0.036
    other = [
        np.abs(np.searchsorted(quantile(known[path], p), np.sort(table.matrix[:, k])) / 4000 - p).max()
        for k, path in enumerate([*table.paths[1:], table.paths[0]])
    ]
    assert np.mean(np.array(other) > 0.1) > 0.8


def test_quantities_are_independent_but_for_those_correlated(base, table):
    """Rank correlations of 4,000 draws have standard error 0.016; 16,000 pairs stay below 5 of them."""
    ranks = spearmanr(table.matrix).statistic
    wanted = np.eye(len(table.paths))
    for correlation in base.psa.correlations:
        i, j = (table.paths.index(path) for path in correlation.between)
        wanted[i, j] = wanted[j, i] = correlation.spearman
    shares = [k for k, path in enumerate(table.paths) if path.startswith("patients.agents")]
    apart = np.ones_like(wanted, dtype=bool)
    apart[np.ix_(shares, shares)] = False
    assert np.abs(ranks - wanted)[apart].max() < 5.2 / math.sqrt(4000)
    assert len(base.psa.correlations) == 3


def test_shares_add_up_and_have_beta_margins(base, table):
    shares = {path: table.matrix[:, k] for k, path in enumerate(table.paths) if path.startswith("patients.agents")}
    assert sum(shares.values()) == pytest.approx(np.ones(4000))
    first = shares["patients.agents.teclistamab"]
    assert first.mean() == pytest.approx(0.55, abs=4 * math.sqrt(0.55 * 0.45 / 41 / 4000))
    assert first.var(ddof=1) == pytest.approx(0.55 * 0.45 / 41, rel=0.1)


def test_a_draw_does_not_depend_on_how_many_there_are(base, table):
    assert (draw_parameters(base, 10, 3).matrix == table.matrix[:10]).all()
    assert (draw_parameters(base, 10, 4).matrix != table.matrix[:10]).all(axis=0).sum() > 150


def test_a_quantity_made_uncertain_changes_no_other(base, table):
    path = "igg.assay_cv"
    more = sim.load(
        "scenarios/base-case.toml",
        overrides={path: {"value": 0.07, "dist": "beta", "se": 0.01, "source": "test", "unit": "ratio"}},
    )
    found = draw_parameters(more, 20, 3)
    assert path in found.paths
    kept = [k for k, name in enumerate(found.paths) if name != path]
    assert (found.matrix[:, kept] == table.matrix[:20]).all()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_a_scenario_at_a_draw_compiles_as_one_written_with_its_values(file):
    """Placing values without validation gives the model that the checked, rewritten scenario gives."""
    scenario = sim.load(file).without_programme()
    table = draw_parameters(scenario, 4, 11)
    for i in range(4):
        placed = at_draw(scenario, table, i)
        tables = scenario.resolved()
        overrides = dict(zip(table.paths, table.matrix[i].tolist(), strict=True))
        assert same(compile_model(placed), compile_model(from_tables(tables, overrides=overrides)))
    assert scenario.digest == sim.load(file).without_programme().digest


def test_placing_a_value_changes_only_that_value(base):
    path = "targets.BCMA.suppressed_fraction"
    moved = with_values(base, {path: 0.5})
    changed = {
        place
        for (place, new, _), (_, old, _) in zip(quantities(moved), quantities(base), strict=True)
        if new.value != old.value
    }
    assert changed == {path}
    assert moved.infections is base.infections
    assert moved.digest != base.digest


def test_groups_hold_the_uncertain_quantities_their_patterns_match(base, table):
    assert set(table.groups) == set(base.psa.groups)
    assert table.groups["immunoglobulin_effect"] == (
        "immunoglobulin.hr.grade_1_2",
        "immunoglobulin.hr.grade_3plus",
    )
    rates = table.groups["infection_rates"]
    assert "infections.causes.cmv.rate_per_month.BCMA.grade_3plus" in rates
    assert "patients.frailty_variance" in rates
    assert not any("cost" in path for path in rates)


# ---------------------------------------------------------------------- posterior draws


def with_posterior(tmp_path, frame, *, value=0.4, file="posterior.csv"):
    for name in ("tutorial.toml",):
        (tmp_path / name).write_text(Path("scenarios", name).read_text())
    frame.to_csv(tmp_path / "posterior.csv", index=False)
    empirical = f'{{ value = {value}, dist = "empirical", draws = "{file}", source = "test" }}'
    (tmp_path / "fitted.toml").write_text(
        'format = 1\nextends = "tutorial.toml"\ntitle = "Fitted"\n'
        f"[immunoglobulin.hr]\ngrade_3plus = {empirical}\ngrade_1_2 = {empirical}\n"
    )
    return tmp_path / "fitted.toml"


@pytest.fixture
def posterior():
    rng = np.random.default_rng(1)
    values = rng.uniform(0.2, 0.6, 50)
    return pd.DataFrame({"immunoglobulin.hr.grade_3plus": values, "immunoglobulin.hr.grade_1_2": 2 * values, "x": 1})


def test_posterior_rows_stay_together_and_are_used_up_before_any_repeats(tmp_path, posterior):
    scenario = sim.load(with_posterior(tmp_path, posterior))
    table = draw_parameters(scenario, 120, 5)
    severe, mild = (
        table.matrix[:, table.paths.index(f"immunoglobulin.hr.{g}")] for g in ("grade_3plus", "grade_1_2")
    )
    assert mild == pytest.approx(2 * severe)
    assert sorted(severe[:50]) == pytest.approx(sorted(posterior["immunoglobulin.hr.grade_3plus"]))
    assert (severe[50:100] == severe[:50]).all()
    assert (severe[:50] != posterior["immunoglobulin.hr.grade_3plus"]).any()
    assert unread(scenario) == ()


def test_a_posterior_is_part_of_what_the_scenario_is(tmp_path, posterior):
    path = with_posterior(tmp_path, posterior)
    before = sim.load(path).digest
    posterior.iloc[0, 0] += 0.001
    posterior.to_csv(tmp_path / "posterior.csv", index=False)
    assert sim.load(path).digest != before


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda frame: frame.drop(columns="immunoglobulin.hr.grade_1_2"), "immunoglobulin.hr.grade_1_2"),
        (lambda frame: frame.assign(**{"immunoglobulin.hr.grade_1_2": -1}), "0 to 10"),
        (lambda frame: frame.assign(**{"immunoglobulin.hr.grade_1_2": "many"}), "row 2"),
        (lambda frame: frame.iloc[:1], "at least 2"),
    ],
)
def test_a_posterior_that_cannot_be_used_is_refused(tmp_path, posterior, spoil, told):
    with pytest.raises(ScenarioError, match=told):
        sim.load(with_posterior(tmp_path, spoil(posterior)))


@pytest.mark.parametrize("file", ["../posterior.csv", "/etc/passwd", "none.csv", "posterior.txt", "C:posterior.csv"])
def test_a_posterior_outside_the_folder_is_refused(tmp_path, posterior, file):
    with pytest.raises(ScenarioError, match="draws"):
        sim.load(with_posterior(tmp_path, posterior, file=file))


# ---------------------------------------------------------------------- rules that join quantities


def test_grades_that_add_up_to_more_than_one_are_scaled_and_counted(base):
    path = "agents.teclistamab.crs"
    high = sim.load(
        "scenarios/base-case.toml",
        overrides={
            f"{path}.grade_1_2": {"value": 0.8, "dist": "beta", "se": 0.15},
            f"{path}.grade_3plus": {"value": 0.15, "dist": "beta", "se": 0.1},
        },
    )
    table = draw_parameters(high, 500, 1)
    mild, severe = (table.matrix[:, table.paths.index(f"{path}.{grade}")] for grade in ("grade_1_2", "grade_3plus"))
    assert (mild + severe).max() == pytest.approx(1.0)
    ((rule, count),) = table.adjusted.items()
    assert "both grades" in rule
    assert count == np.isclose(mild + severe, 1.0).sum() > 50
    compile_model(at_draw(high, table, int(np.argmax(mild + severe))))


def test_a_mean_stays_between_the_limits_of_patients():
    scenario = sim.load(
        "scenarios/base-case.toml",
        overrides={"patients.weight_kg.mean": {"value": 75, "unit": "kg", "dist": "normal", "se": 40}},
    )
    table = draw_parameters(scenario, 300, 1)
    mean = table.matrix[:, table.paths.index("patients.weight_kg.mean")]
    assert mean.min() == 40
    assert mean.max() == 140
    assert sum(table.adjusted.values()) == ((mean == 40) | (mean == 140)).sum()


def test_drawn_correlations_of_attributes_can_always_hold(base):
    scenario = sim.load("scenarios/structural-alternatives.toml")
    assert scenario.patients.correlations
    overrides = {
        f"patients.correlations.{k}.value": {"value": 0.6, "dist": "uniform", "range": [-0.99, 0.99]}
        for k in range(1, len(scenario.patients.correlations) + 1)
    }
    wide = sim.load("scenarios/structural-alternatives.toml", overrides=overrides)
    table = draw_parameters(wide, 100, 1)
    for i in range(100):
        compile_model(at_draw(wide, table, i))


# ---------------------------------------------------------------------- silent inputs


def test_no_shipped_scenario_draws_what_it_never_reads():
    for file in SHIPPED:
        assert unread(sim.load(file).without_programme()) == (), file


def test_an_input_that_the_model_does_not_read_is_found(base, monkeypatch):
    """Negative control: a compiler that takes the price from elsewhere."""
    module = __import__("sim.parameters.unread", fromlist=["compile_model"])
    monkeypatch.setattr(
        module,
        "compile_model",
        lambda scenario: compile_model(with_values(scenario, {"immunoglobulin.price_per_gram": 90.0})),
    )
    assert unread_of(base) == ("immunoglobulin.price_per_gram",)
