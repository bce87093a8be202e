"""What `igsim capacity` says of a small programme, and of the same one with other numbers put into its result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sim.capacity import CapacityResult, run_capacity
from sim.capacity.arrivals import Starts
from sim.capacity.measures import GROUP, NUMBERS
from sim.capacity.sizing import Sized
from sim.report.capacity_text import HARM, ROWS, number_rows, print_capacity, size_lines, verdicts, when_counted
from tests.programme.test_capacity_result import small


@pytest.fixture(scope="module")
def result() -> CapacityResult:
    return run_capacity(small(), replications=2)


def said(result: CapacityResult) -> str:
    console = Console(width=250)
    with console.capture() as caught:
        print_capacity(console, result, None)
    return caught.get()


def with_numbers(result: CapacityResult, **values: float) -> CapacityResult:
    """The same with some numbers of every arm and replication replaced."""
    numbers = result.arrays["numbers"].copy()
    for name, value in values.items():
        numbers[:, :, list(NUMBERS).index(name)] = value
    return replace(result, arrays={**result.arrays, "numbers": numbers})


def with_groups(result: CapacityResult, group: str, measure: str, values: list[float]) -> CapacityResult:
    """The same with one measure of groups whose name begins so replaced, a value for each replication."""
    groups = result.arrays["groups"].copy()
    own = [place for place, name in enumerate(result.groups) if name.startswith(group)]
    groups[:, :, own, list(GROUP).index(measure)] = np.array(values)[:, None, None]
    return replace(result, arrays={**result.arrays, "groups": groups})


def test_starts_from_a_file_are_said_with_those_left_out(result: CapacityResult) -> None:
    assert "Poisson arrivals" in said(result)
    read = said(replace(result, starts=Starts("starts.csv", (1.0, 2.0), 3)))
    assert "starts read from starts.csv" in read
    assert "3 of 5 starts in the file come before the warm-up or after the end, and are not played." in read
    assert "are not played" not in said(replace(result, starts=Starts("starts.csv", (1.0, 2.0), 0)))


def test_rows_of_what_never_happens_or_is_not_known_are_left_out(result: CapacityResult) -> None:
    def words(result: CapacityResult) -> list[str]:
        return [row for row, _ in number_rows(result.numbers(), result.arms, ROWS)]

    happens = with_numbers(result, grams_expired=1.0, doses_missed=2.0, infusion_delay_days_p95=0.5, stock_out_days=0)
    never = with_numbers(
        result, grams_expired=0.0, doses_missed=0.0, infusion_delay_days_p95=np.nan, stock_out_days=0
    )
    gone = {"  expired", "doses given up", "  95th percentile"}
    assert gone <= set(words(happens))
    assert set(words(happens)) - set(words(never)) == gone
    assert "days with somebody waiting for Ig" in words(never)
    assert len(number_rows(result.numbers(), result.arms, HARM)) == len(HARM)


def test_groups_are_told_apart_only_where_the_gap_is_more_than_noise(result: CapacityResult) -> None:
    flat = result
    for measure in ("infusions_late", "infusions_missed"):
        flat = with_groups(flat, "", measure, [0.0, 0.0])
    assert all(line.endswith("nobody waits longer than what counts as on time.") for line in verdicts(flat))

    flat = with_groups(with_groups(flat, "", "infusions_wanted", [100.0, 100.0]), "", "infusions_late", [5.0, 5.0])
    assert all("by target, no difference beyond noise" in line for line in verdicts(flat))
    first = next(name for name in result.groups if name.startswith("target: "))
    clear, unclear = (with_groups(flat, first, "infusions_late", late) for late in ([20.0, 20.0], [2.0, 38.0]))
    name = first.partition(": ")[2]
    assert all(f"by target, 15.0 ± 0.0 more of {name} (20.0) than of " in line for line in verdicts(clear))
    assert all("by target, no difference beyond noise" in line for line in verdicts(unclear))


def test_a_group_without_infusions_has_no_row_in_who_paid(result: CapacityResult) -> None:
    last = next(name for name in reversed(result.groups) if name.startswith("target: "))
    assert last in said(with_groups(result, last, "infusions_wanted", [7.0, 9.0])).partition("Who paid")[2]
    assert last not in said(with_groups(result, last, "infusions_wanted", [0.0, 0.0])).partition("Who paid")[2]


def test_infusions_are_counted_at_any_time_where_no_shortage_comes(result: CapacityResult) -> None:
    assert when_counted(result) == "in the shortage or the month after"
    supply = {name: replace(each, episodes=()) for name, each in result.programme.supply.items()}
    calm = replace(result, programme=replace(result.programme, supply=supply))
    assert when_counted(calm) == "at any time"


def test_sizes_say_what_the_next_smaller_one_would_do(result: CapacityResult) -> None:
    sized = (
        Sized("chairs", 3.0, ((1.0, 0.4), (2.0, 0.913), (3.0, 0.951), (4.0, 1.0))),
        Sized("grams a month", 1.0, ((1.0, 0.99),)),
        Sized("grams a week", float("nan"), ((5.0, 0.2),)),
    )
    arm = result.arms[0]
    assert size_lines(replace(result, sized=sized)) == [
        f"Smallest that keeps 95 % of infusions on time under {arm}: 3 chairs (95.1 %; 2 would keep 91.3 %).",
        f"Smallest that keeps 95 % of infusions on time under {arm}: 1 grams a month (99.0 %).",
        "No size tried keeps 95 % on time: grams a week.",
    ]
    assert "2 would keep 91.3 %" in said(replace(result, sized=sized))
