"""Replications of a programme: what a result says, and that it is the same whoever works it off."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.capacity import CapacityResult, read_starts, run_capacity
from sim.capacity.job import Replicate
from sim.capacity.measures import GROUP
from sim.capacity.result import interval
from sim.capacity.sizing import smallest
from sim.errors import InputError, TableError, UsageError
from sim.scenario import Scenario, from_tables, load
from sim.work import Arrays, Job, Progress
from tests.generated import SCENARIOS
from tests.walkthrough.entries import changed, everything, put


def small() -> Scenario:
    """The scenario in which every entry matters, for one year."""
    return changed(everything(), "programme.years", put(1))


@pytest.fixture(scope="module")
def result() -> CapacityResult:
    return run_capacity(small(), replications=4)


def test_every_table_has_every_arm_and_numbers(result: CapacityResult) -> None:
    assert result.arms == ("first_come", "cut", "no_shortage")
    for name, table in result.tables().items():
        assert {"first_come", "cut"} <= set(table["arm"]), name
        assert table["mean"].notna().all(), name
    numbers = result.numbers().set_index(["arm", "measure"])["mean"].sort_index()
    for arm in result.arms:
        due, given = numbers[arm, "infusions_wanted"], numbers[arm, "infusions_given"]
        assert due == pytest.approx(given + numbers[arm, "infusions_missed"])
        assert given == pytest.approx(numbers[arm, "infusions_on_time"] + numbers[arm, "infusions_delayed"])
    assert numbers["cut", "patients_switched"] > 0
    assert numbers["first_come", "grams_expired"] >= 0


def test_the_groups_of_a_kind_add_up_to_everybody(result: CapacityResult) -> None:
    table = result.who_paid().set_index(["arm", "group", "measure"])["mean"].sort_index()
    for kind in ("indication", "baseline IgG", "strategy", "target"):
        members = [group for group in result.groups if group.startswith(kind)]
        assert len(members) > 1
        for measure in ("patients", "infusions_wanted", "infusions_missed", "grade3plus_net", "deaths_net"):
            parts = sum(table["first_come", group, measure] for group in members)
            assert parts == pytest.approx(table["first_come", "all patients", measure])


def test_months_and_hours_add_up_to_the_whole(result: CapacityResult) -> None:
    numbers = result.numbers().set_index(["arm", "measure"])["mean"].sort_index()
    months = result.monthly().set_index(["arm", "series", "month"])["mean"].sort_index()
    for series in ("infusions_wanted", "infusions_missed", "grams_wanted"):
        assert months["cut", series].sum() == pytest.approx(numbers["cut", series])
    years = result.yearly().set_index(["arm", "year"])["mean"].sort_index()
    spend = result.spend().groupby(["arm", "year"])["mean"].sum()
    assert spend["cut", "2026"] == pytest.approx(years["cut", "2026"])
    # Open from 8 to 17: nobody sits in a chair at night, and the mean over the nine hours is the utilisation.
    hours = result.hourly().set_index(["arm", "hour"])["mean"].sort_index()["first_come"]
    day = hours.loc[8:16]
    assert hours.sum() == pytest.approx(day.sum(), rel=1e-12)
    assert day.mean() == pytest.approx(numbers["first_come", "utilisation"], rel=0.02)


def test_without_limits_every_infusion_is_on_time_and_nothing_costs_more() -> None:
    tables = small().resolved()
    tables["programme"]["supply"], tables["programme"]["chairs"] = {}, None
    for arm in tables["programme"]["arms"].values():
        arm.pop("response", None)
    del tables["programme"]["chairs"]
    free = run_capacity(from_tables(tables), replications=2)
    numbers = free.numbers().set_index(["arm", "measure"])["mean"].sort_index()
    assert free.arms == ("first_come", "cut")
    for arm in free.arms:
        assert numbers[arm, "share_on_time"] == 1
        assert numbers[arm, "infusion_delay_days"] == 0
        assert numbers[arm, "infections_caused"] == numbers[arm, "infections_spared"] == 0
    assert (free.yearly()["delta"] == 0).all()


def test_results_do_not_depend_on_who_works_them_off(result: CapacityResult) -> None:
    def backwards(job: Job, batches: Sequence[int], *, progress: Progress | None = None) -> Iterator[Arrays]:
        """Work the last off first, with a copy of the job for each."""
        done = {batch: pickle.loads(pickle.dumps(job))(batch) for batch in reversed(batches)}
        return iter([done[batch] for batch in batches])

    again = run_capacity(small(), replications=4, runner=backwards)
    for name, table in result.tables().items():
        assert table.equals(again.tables()[name]), name


def test_more_replications_begin_with_the_same(result: CapacityResult) -> None:
    fewer = run_capacity(small(), replications=2)
    for name, values in fewer.arrays.items():
        np.testing.assert_array_equal(values, result.arrays[name][:2])


def test_arms_leave_each_other_alone(result: CapacityResult) -> None:
    tables = small().resolved()
    del tables["programme"]["arms"]["first_come"]
    only = run_capacity(from_tables(tables), replications=2)
    np.testing.assert_array_equal(only.arrays["numbers"][:, 0], result.arrays["numbers"][:2, 1])


def test_another_seed_has_another_digest() -> None:
    scenario = small()
    assert len({Replicate(scenario, seed).digest for seed in (1, 2)}) == 2
    assert Replicate(scenario, 1, (0.5,)).digest != Replicate(scenario, 1).digest


def test_intervals_are_those_of_student() -> None:
    # Mean 3, standard deviation sqrt(2.5), five values: 3 +- 2.776 * sqrt(0.5).
    found = interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert float(found["ci_high"]) == pytest.approx(3 + 2.7764451 * np.sqrt(0.5), rel=1e-7)
    assert np.isnan(interval(np.ones(1))["ci_low"])


@pytest.mark.parametrize("truth", [1, 2, 7, 8, 100, 999])
def test_the_smallest_size_is_found(truth: int) -> None:
    asked: list[int] = []

    def reaches(n: int) -> bool:
        asked.append(n)
        return n >= truth

    assert smallest(reaches, 5, 1000) == truth
    assert truth == 1 or truth - 1 in asked
    assert smallest(lambda n: False, 5, 1000) is None


def test_sizes_keep_infusions_on_time_and_the_next_smaller_do_not() -> None:
    found = run_capacity(small(), replications=1, find_sizes=True, size_replications=2)
    assert len(found.sized) == 2
    for each in found.sized:
        tried = dict(each.tried)
        assert tried[each.smallest] >= 0.95
        assert all(share < 0.95 for size, share in tried.items() if size < each.smallest)


# ---------------------------------------------------------------------- starts from a file


def test_starts_are_read_and_sorted(tmp_path: Path) -> None:
    file = tmp_path / "starts.csv"
    file.write_text("start,name\n2026-03-01,b\n2026-01-11,a\n2024-01-01,too early\n")
    starts = read_starts(file, small())
    # 10 and 59 days after the first day, at 8 in the morning.
    np.testing.assert_allclose(np.array(starts.months) * 365.25 / 12, [10 + 1 / 3, 59 + 1 / 3], rtol=1e-12)
    assert starts.left_out == 1
    played = run_capacity(small(), replications=2, starts=starts)
    assert played.mean("first_come", "patients_started")[0] == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("when\n2026-01-01\n", "needs a column start"),
        ("start\n01/02/2026\n2026-13-01\n", "start, line 3"),
        ("start\n", "at least one row"),
        ("start\n2019-01-01\n2041-01-01\n", "2 days, none in time; needs one within 1 years from 2026-01-01"),
    ],
)
def test_faulty_starts_are_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "starts.csv"
    file.write_text(text)
    with pytest.raises(TableError, match=told):
        read_starts(file, small())


def test_arguments_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(UsageError, match="replications"):
        run_capacity(small(), replications=0)
    with pytest.raises(UsageError, match="programme"):
        run_capacity(load(SCENARIOS / "base-case.toml"))


# ---------------------------------------------------------------------- faults of a scenario


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("programme.first_day", "2026-02-30", "must be a day"),
        ("programme.chairs.closes_at_hour", 7, "must be later than opens_at_hour"),
        ("programme.chairs.last_booking_hour", 18, "not after closing"),
        ("programme.chairs.hours_per_infusion", 10, "must fit into a day of 9 hours"),
        ("programme.booking.patience_days", 1, "must be on_time_days or more"),
        ("programme.arms.cut.strategies.primary", 0.9, "must add up to 1"),
        ("programme.arms.cut.response.switch_to", "sgic", "must name a regimen"),
        ("programme.arms.cut.label", "First come", "must differ from the label of first_come"),
        ("programme.arms.cut.priority", "last_come", "must be"),
        ("programme.supply.ivig.episodes.1.share_missing", 40, "must be from 0 to 1"),
        ("programme.chairs.count", 0, "1 or more"),
    ],
)
def test_a_programme_that_cannot_be_meant_is_refused(path: str, value: object, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        changed(everything(), path, put(value))
    assert any(problem.place.startswith(path.rsplit(".", 1)[0][:20]) for problem in caught.value.problems)


def test_a_strategy_that_is_not_compared_is_refused() -> None:
    tables = everything().resolved()
    tables["programme"]["arms"]["cut"]["strategies"] = {"primry": 1}
    with pytest.raises(InputError, match='did you mean "primary"'):
        from_tables(tables)


def test_the_gap_between_two_groups_has_an_error_that_covers(result: CapacityResult) -> None:
    # Truth: 30 and 25 of 100 infusions are lost; the queue of a replication, the same for both groups, adds up to
    # 20 to either. 1,000 results of 30 replications: a 95 % interval covers 950 times, standard error 7. The control
    # takes the groups for independent samples, whose interval is far too wide.
    generator = np.random.default_rng(20261124)
    names = list(GROUP)
    covered, wide = 0, 0
    for _ in range(1000):
        values = np.zeros((30, 1, 2, len(names)))
        crowd = generator.uniform(-0.2, 0.2, 30)
        for place, share in enumerate((0.30, 0.25)):
            due = generator.integers(80, 160, 30)
            values[:, 0, place, names.index("infusions_wanted")] = due
            values[:, 0, place, names.index("infusions_late")] = generator.binomial(due, share + crowd)
        own = replace(result, arms=("a",), groups=("one", "two"), arrays={"groups": values})
        gap = own.loss_gap("a", "one", "two")
        covered += gap["ci_low"] <= 5.0 <= gap["ci_high"]
        late = 100 * values[:, 0, :, names.index("infusions_late")] / values[:, 0, :, names.index("infusions_wanted")]
        wide += abs(gap["mean"] - 5.0) <= 2.045 * np.sqrt(late.var(axis=0, ddof=1).sum() / 30)
    assert 950 - 4 * 7 <= covered <= 950 + 3 * 7
    assert wide > 990
