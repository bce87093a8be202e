"""Draws played on the same patients: what must not change them, and what they must add up to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import sim
from sim.cea import ceac
from sim.errors import SimulationError, UsageError
from sim.parameters import DrawTable, at_draw
from sim.psa import Settings, play, prepare, psa, until_precise
from sim.psa.job import group_sizes, own_seed, play_draws
from sim.streams import AddressedLuck
from sim.work import run_batches


def test_a_draw_is_the_run_of_its_scenario(tutorial, played):
    """Means are those of `sim.run` on the scenario with the drawn values; sums differ in rounding alone."""
    for i in (0, 17):
        alone = sim.run(at_draw(tutorial, played.draws, i), patients=200, seed=5).outcomes
        assert alone.components == played.components
        assert played.mean[i] == pytest.approx(alone.summary.arms.mean, rel=1e-12, abs=1e-12)


def test_groups_are_the_draw_cut_into_patients(played):
    assert played.sizes.sum() == 200
    assert len(played.sizes) == 20
    by_draw = np.einsum("igks,g->iks", played.groups, played.sizes) / 200
    assert by_draw[:, 0] == pytest.approx(played.component("cost"))
    assert by_draw[:, 1] == pytest.approx(played.component("qaly"))
    assert by_draw[:, 2] == pytest.approx(played.component("cost:immunoglobulin"))
    assert group_sizes(7).tolist() == [1.0] * 7
    assert group_sizes(50).tolist() == [3.0] * 10 + [2.0] * 10


@pytest.mark.parametrize("per_batch", [1, 7, 60])
def test_batches_do_not_change_a_bit(tutorial, played, per_batch):
    settings = Settings(draws=60, patients=200, seed=5, draws_per_batch=per_batch)
    again = play(prepare(tutorial, settings), run_batches)
    for name in ("mean", "groups", "subgroups", "events"):
        assert getattr(again, name).tobytes() == getattr(played, name).tobytes()


def test_adding_draws_changes_no_other(tutorial, played):
    more = psa(tutorial, draws=75, patients=200, seed=5)
    assert more.mean[:60].tobytes() == played.mean.tobytes()


@pytest.mark.parametrize("at_once", [1, 2, 13])
def test_blocks_of_patients_add_up(tutorial, monkeypatch, at_once):
    """A population larger than a block of patients, and the same in smaller blocks: equal but for rounding."""
    table = prepare(tutorial, Settings(draws=2, patients=60, seed=1)).draws
    scenarios = [at_draw(tutorial, table, i) for i in range(2)]
    luck = [AddressedLuck(1)] * 2
    whole = play_draws(scenarios, luck, 60)
    monkeypatch.setattr("sim.runs.job.patients_at_a_time", lambda _: at_once)
    cut = play_draws(scenarios, luck, 60)
    for name, values in whole.items():
        assert cut[name] == pytest.approx(values, rel=1e-12, abs=1e-12)


def test_luck_is_shared_between_draws_unless_asked_otherwise(tutorial):
    """Equal parameters: shared luck gives equal draws, own luck different ones, with nothing left for parameters."""
    settings = Settings(draws=40, patients=100, seed=5)
    job = prepare(tutorial, settings)
    same = dataclasses.replace(job.draws, matrix=np.tile(job.draws.matrix[:1], (40, 1)))
    shared = play(dataclasses.replace(job, draws=same), run_batches)
    own = play(dataclasses.replace(job, draws=same, shared_luck=False), run_batches)
    assert (shared.mean == shared.mean[0]).all()
    assert len({row.tobytes() for row in own.mean}) == 40
    seeds = [own_seed(5, i) for i in range(40)]
    assert len({*seeds, 5}) == 41
    assert own.squares.along(np.eye(6)[0]).parameters < 0.5 * own.table.cost[:, 0].var()


def test_standard_errors_are_those_of_analyses_on_other_seeds(tutorial):
    """25 analyses on other seeds: the scatter of their mean INMB against the standard error reported.

    The scatter is known to 14 %, the root mean square of the errors to about 5 %; a factor of 1.6 either way is
    outside four errors. Negative control: the error that looks at draws alone is smaller than half.
    """
    found, errors, naive = [], [], []
    for seed in range(25):
        result = psa(tutorial, draws=20, patients=60, seed=seed)
        inmb, spread = result.inmb(50_000.0, "primary", "none")
        found.append(inmb)
        errors.append(spread.standard_error**2)
        benefit = 50_000.0 * result.table.qaly - result.table.cost
        naive.append((benefit[:, 1] - benefit[:, 0]).var(ddof=1) / 20)
    ratio = np.sqrt(np.mean(errors)) / np.std(found, ddof=1)
    assert 1 / 1.6 < ratio < 1.6
    assert np.mean(naive) < np.mean(errors)


def test_wanted_precision_is_reached_and_told(tutorial):
    begun = Settings(draws=20, patients=100, seed=5)
    first = play(prepare(tutorial, begun), run_batches)
    worst = max(spread.standard_error for _, spread in first.against_reference())
    result, said = until_precise(tutorial, begun, 0.6 * worst, lambda job: play(job, run_batches))
    assert max(spread.standard_error for _, spread in result.against_reference()) <= 0.6 * worst
    assert len(said) >= 2
    assert "20 draws x 100 patients" in said[0]
    assert result.mean[: first.n_draws].shape == first.mean.shape
    assert (result.draws.matrix[:20] == first.draws.matrix).all()


def test_precision_out_of_reach_is_said_before_anything_long_is_begun(tutorial):
    calls = []

    def player(job):
        calls.append(job)
        return play(job, run_batches)

    with pytest.raises(SimulationError, match="out of reach"):
        until_precise(tutorial, Settings(draws=5, patients=20, seed=1), 1e-6, player)
    assert len(calls) == 1


@pytest.mark.parametrize("target", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_precision_is_refused(tutorial, target):
    with pytest.raises(UsageError, match="target_mcse"):
        until_precise(tutorial, Settings(draws=5, patients=20, seed=1), target, lambda job: play(job, run_batches))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"draws": 1}, "draws: found 1"),
        ({"patients": 1}, "patients: found 1"),
        ({"seed": -1}, "seed: found -1"),
        ({"draws": 0, "patients": 0}, "patients: found 0"),
        ({"draws_per_batch": 0}, "draws_per_batch"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, told):
    with pytest.raises(UsageError, match=told):
        Settings(**{"draws": 5, "patients": 5, "seed": 1, **settings})


def test_digest_depends_on_everything_that_results_depend_on(tutorial):
    job = prepare(tutorial, Settings(draws=5, patients=20, seed=1))
    others = [
        dataclasses.replace(job, n_patients=21),
        dataclasses.replace(job, seed=2),
        dataclasses.replace(job, draws_per_batch=2),
        dataclasses.replace(job, shared_luck=False),
        dataclasses.replace(job, scenario=at_draw(tutorial, job.draws, 0)),
        dataclasses.replace(job, draws=dataclasses.replace(job.draws, matrix=job.draws.matrix + 1e-9)),
    ]
    assert len({each.digest for each in [job, *others]}) == 7
    assert prepare(tutorial, Settings(draws=5, patients=20, seed=1)).digest == job.digest


# ---------------------------------------------------------------------- tables


def test_incremental_table_is_of_means_and_holds_limits(played):
    table = played.incremental().set_index("strategy")
    assert table["cost"].to_dict() == pytest.approx(dict(zip(played.strategies, played.table.mean_cost, strict=True)))
    row = table[table["icer"].notna()].iloc[0]
    assert row["icer"] == pytest.approx(row["delta_cost"] / row["delta_qaly"])
    for name in ("cost", "qaly", "delta_cost", "delta_qaly"):
        known = table.dropna(subset=[name])
        assert (known[f"{name}_low"] <= known[name]).all()
        assert (known[name] <= known[f"{name}_high"]).all()
        assert (known[f"{name}_mcse"] > 0).all()


def test_precision_table_splits_the_error(played):
    table = played.precision()
    assert table["mcse"].to_numpy() == pytest.approx(np.hypot(table["mcse_draws"], table["mcse_patients"]))
    assert (table["best_mcse"] <= table["mcse"] * 1.001).all()
    assert table["noise_share"].between(0, 1).all()
    assert set(table["comparator"]) == {played.reference}


def test_convergence_ends_at_the_answer(played):
    table = played.convergence()
    for axis, last in (("draws", 60), ("patients", 200)):
        for strategy, rows in table[table["axis"] == axis].groupby("strategy"):
            assert rows["n"].is_monotonic_increasing
            assert rows["n"].iloc[-1] == last
            inmb, spread = played.inmb(played.wtp[0], str(strategy), played.reference)
            assert rows["inmb"].iloc[-1] == pytest.approx(inmb)
            assert rows["mcse"].iloc[-1] == pytest.approx(spread.standard_error, rel=1e-6)


def test_curves_begin_from_the_plain_analysis(played):
    by_wtp, by_strategy = played.curves
    at = by_strategy[by_strategy["wtp"] == played.wtp[0]]
    assert at["ceac"].to_numpy() == pytest.approx(ceac(played.table, [played.wtp[0]])[0])
    assert by_strategy.groupby("wtp")["ceac"].sum().to_numpy() == pytest.approx(np.ones(len(by_wtp)))
    assert by_strategy.groupby("wtp")["ceac_corrected"].sum().to_numpy() == pytest.approx(np.ones(len(by_wtp)))


def test_a_lead_within_its_noise_is_told(played):
    """Ten patients cannot tell strategies whose costs are set to differ by a penny; the real ones can be told."""
    close = dataclasses.replace(played)
    groups = played.groups.copy()
    noise = np.random.default_rng(1).normal(0, 1000, groups.shape[:2])
    groups[..., 0, 1] = groups[..., 0, 0] + 0.01 + noise
    groups[..., 1, 1] = groups[..., 1, 0]
    mean = played.mean.copy()
    mean[:, 0] = np.einsum("igs,g->is", groups[:, :, 0], played.sizes) / 200
    mean[:, 1] = np.einsum("igs,g->is", groups[:, :, 1], played.sizes) / 200
    close = dataclasses.replace(played, groups=groups, mean=mean)
    assert close.leads()["could_flip"].any()
    assert not played.leads()["could_flip"].iloc[0]


def test_draw_table_is_tidy(played):
    table = played.draw_table()
    assert len(table) == 60 * len(played.strategies)
    assert list(table.columns[:4]) == ["draw", "strategy", "cost", "qaly"]
    third = table[(table["draw"] == 3) & (table["strategy"] == played.strategies[1])].iloc[0]
    assert third["qaly"] == played.component("qaly")[2, 1]
    with pytest.raises(KeyError, match="no component"):
        played.component("happiness")


def test_draws_can_come_from_anywhere(tutorial):
    """A table of draws written by hand plays as one that was drawn."""
    table = DrawTable(("immunoglobulin.price_per_gram",), ("USD per gram",), np.array([[50.0], [100.0]]), {}, {})
    job = dataclasses.replace(prepare(tutorial, Settings(draws=2, patients=50, seed=1)), draws=table)
    result = play(job, run_batches)
    item = result.component("cost:immunoglobulin")
    assert item[1] == pytest.approx(2 * item[0])
    assert (result.component("qaly")[0] == result.component("qaly")[1]).all()
