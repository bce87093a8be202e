"""Tables with more columns than a terminal has room for."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sim.report.text import wide_table


def printed(columns: int, width: int, cell: str = "123,456") -> list[str]:
    shown = wide_table("Costs", "", *(f"s{place}" for place in range(columns)))
    for row in ("drug", "visits"):
        shown.add_row(row, *(f"{cell}" for _ in range(columns)))
    console = Console(file=io.StringIO(), width=width)
    console.print(shown)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def heads(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines if " s" in line and not line.lstrip().startswith(("drug", "visits"))]


def test_a_table_that_fits_is_one():
    assert heads(printed(4, 60)) == [["s0", "s1", "s2", "s3"]]


def test_a_table_whose_words_would_break_is_printed_in_parts_that_begin_with_the_names_of_the_rows():
    lines = printed(7, 40)
    assert heads(lines) == [["s0", "s1", "s2"], ["s3", "s4", "s5"], ["s6"]]
    assert [line.split() for line in lines if line.lstrip().startswith("visits")] == [
        ["visits", *["123,456"] * n] for n in (3, 3, 1)
    ]
    assert max(map(len, lines)) <= 40
    assert [line.strip() for line in lines].count("Costs") == 1


def test_words_are_set_in_lines_before_a_table_is_cut():
    """Between the longest word and the longest cell there is room enough: one table, cells of several lines."""
    lines = printed(4, 48, "12 of 100 people")
    assert heads(lines) == [["s0", "s1", "s2", "s3"]]


@pytest.mark.parametrize("width", [12, 16])
def test_where_nothing_fits_every_column_is_there_nevertheless(width):
    lines = printed(3, width)
    assert "".join(lines).replace(" ", "").count("s2") == 1


def test_a_table_without_rows_or_with_two_columns_is_left_alone():
    shown = wide_table("Costs", "", "s0")
    shown.add_row("drug", "x" * 50)
    console = Console(file=io.StringIO(), width=30)
    console.print(shown)
    console.print(wide_table("Nothing", "", *(f"s{place}" for place in range(20))))
    assert console.file.getvalue().count("s0") == 2  # type: ignore[attr-defined]
