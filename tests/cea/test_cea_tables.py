"""Tables that can be read: every accepted shape gives the same numbers, every broken panel is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from sim.cea import PsaTable, read_psa_table
from tests.cea.table_files import COMPLETE, LONG, LONG_FRAME, Write, problems


def check_long(table: PsaTable) -> None:
    assert table.strategies == ("none", "drug")
    assert table.iterations.tolist() == [1, 2]
    assert table.cost.tolist() == [[100, 400], [110.25, 1_000]]
    assert table.qaly.tolist() == [[1.5, 1.75], [1.25, 2]]


# Accepted


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "\ufeff" + LONG,
        LONG.replace("\n", "\r\n"),
        LONG.replace(",", ";"),
        LONG.replace(",", "\t"),
        LONG.replace("strategy,iteration,cost,qaly", "Arm,Draw,Costs,Effects"),
        LONG.replace("strategy,iteration,cost,qaly", " intervention , sample , COST , QALYs "),
        LONG.replace("none", '" none "').replace("110.25", " 110.25 "),
        LONG + "\n\n",
        LONG.replace("drug,1", "\n,,,\ndrug,1"),
        "cost_none,qaly_none,cost_drug,qaly_drug\n100,1.5,400,1.75\n110.25,1.25,1000,2\n",
        "sim,Cost_none,Cost_drug,p,Effect_drug,QALY_none\n1,100,400,.1,1.75,1.5\n2,110.25,1000,.2,2,1.25\n",
    ],
    ids=[
        "plain",
        "byte order mark",
        "carriage returns",
        "semicolons",
        "tabs",
        "synonyms",
        "spaces in header",
        "spaces in cells",
        "blank end",
        "blank rows",
        "wide",
        "wide with more",
    ],
)
def test_every_accepted_csv_gives_the_same_table(write: Write, text: str) -> None:
    check_long(read_psa_table(write(text)))


def test_compressed_csv_parquet_and_excel_give_the_same_table(write: Write, tmp_path: Path) -> None:
    check_long(read_psa_table(write(gzip.compress(LONG.encode()), "T.CSV.GZ")))
    LONG_FRAME.to_parquet(tmp_path / "t.parquet")
    check_long(read_psa_table(tmp_path / "t.parquet"))
    LONG_FRAME.set_index(["strategy", "iteration"]).to_parquet(tmp_path / "indexed.parquet")
    check_long(read_psa_table(str(tmp_path / "indexed.parquet")))
    LONG_FRAME.to_excel(tmp_path / "t.xlsx", index=False)
    check_long(read_psa_table(tmp_path / "t.xlsx"))


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"note": ["see other sheet"]}).to_excel(book, sheet_name="read me", index=False)
        LONG_FRAME.to_excel(book, sheet_name="psa", index=False)
    check_long(read_psa_table(path, sheet="psa"))
    assert problems(path) == ["sheet: found 2 sheets: read me, psa; one of them, chosen with --sheet NAME"]
    assert problems(path, sheet="PSA") == ["sheet: found PSA; one of read me, psa"]


def test_one_row_a_strategy_without_iterations_is_a_table_of_means(write: Write) -> None:
    table = read_psa_table(write("strategy,cost,effect\nb,2,3\na,1,2\n"))
    assert (table.strategies, table.n_iterations) == (("b", "a"), 1)
    assert table.cost.tolist() == [[2, 1]]


def test_iterations_may_be_labels_and_come_in_any_order(write: Write) -> None:
    table = read_psa_table(write("strategy,draw,cost,qaly\na,x,1,1\na,y,2,2\nb,y,4,4\nb,x,3,3\n"))
    assert table.iterations.tolist() == ["x", "y"]
    assert table.cost.tolist() == [[1, 3], [2, 4]]


def test_where_keeps_the_rows_of_one_subgroup(write: Write, tmp_path: Path) -> None:
    text = "sex,Year,strategy,sim,cost,qaly\n"
    text += "".join(f"{s},{y},{a},1,{y},1\n" for s in "fm" for y in (1, 2) for a in "ab")
    path = write(text)
    assert read_psa_table(path, where={"sex": "f", "year": "2"}).cost.tolist() == [[2, 2]]
    pd.read_csv(path).to_parquet(tmp_path / "t.parquet")
    assert read_psa_table(tmp_path / "t.parquet", where={"sex": "m", "Year": "1"}).cost.tolist() == [[1, 1]]


def test_numbers_arrive_to_the_last_digit(write: Write) -> None:
    numbers = ["0.1", "1234567.8901234567", "2.2250738585072014e-308", "-3", "+4.", ".5"]
    text = "strategy,iteration,cost,qaly\n"
    text += "".join(f"{s},{i},{n},1\n" for s in "ab" for i, n in enumerate(numbers))
    assert read_psa_table(write(text)).cost[:, 0].tolist() == [float(n) for n in numbers]


# Refused: the panel

SHAPES = (
    "a long table (strategy, iteration, cost, qaly) or a wide one "
    "(cost_NAME and qaly_NAME or effect_NAME for each strategy)"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "strategy,iteration,price,qaly\na,1,1,1\nb,1,2,2\n",
            [
                f"row 1: found columns strategy, iteration, price, qaly; a column cost (or costs); {SHAPES}",
            ],
        ),
        (
            "strategy,cost,Cost,qaly,effect\na,1,1,1,1\nb,2,2,2,2\n",
            [
                "row 1: found columns cost, Cost; one column for cost, not 2",
                "row 1: found columns qaly, effect; one column for qaly, not 2",
            ],
        ),
        (
            "strategy,cost,cost,qaly\na,1,1,1\nb,2,2,2\n",
            ["row 1, columns 2, 3: found 2 columns named cost; each name once"],
        ),
        (
            "strategy,iteration,cost,qaly\na,1,1,1\na,2,1,1\n",
            ["strategies: found only a; at least two strategies to choose between"],
        ),
        (
            "strategy,iteration,cost,qaly\na,1,1,1\nb,1,1,1\na,1,1,1\n",
            ["row 4: found strategy a, iteration 1 again; each strategy and iteration once; it is already in row 2"],
        ),
        (
            "strategy,iteration,cost,qaly\na,1,1,1\na,2,1,1\na,3,1,1\nb,2,1,1\n",
            ["strategy b: found no row for 2 of 3 iterations (1, 3); every iteration in every strategy"],
        ),
        (
            "strategy,iteration,cost,qaly\n,1,1,1\nb,,1,1\na,1,1,1\nb,1,1,1\n",
            [
                "row 2, column strategy: found a blank cell; a name or label",
                "row 3, column iteration: found a blank cell; a name or label",
            ],
        ),
        (
            "strategy,cost,qaly\na,1,1\na,2,2\nb,1,1\n",
            [
                "row 3: found strategy a again; each strategy once; it is already in row 2",
                "row 1: found no column for the iteration; "
                "one of iteration, sample, sim, draw, where a strategy has several rows",
            ],
        ),
        (
            "sim,cost_a,cost_b,qaly_a,effect_c\n1,1,1,1,1\n",
            [
                "row 1, column cost_b: found no column qaly_b or effect_b; "
                "a cost and a QALY column for each strategy",
                "row 1, column effect_c: found no column cost_c; a cost and a QALY column for each strategy",
            ],
        ),
        (
            "cost_a,cost_b,qaly_a,effect_a,qaly_b\n1,1,1,1,1\n",
            ["row 1: found columns qaly_a and effect_a; one qaly column for strategy a"],
        ),
        (
            "cost_a,qaly_a\n1,1\n",
            ["strategies: found only a; at least two strategies to choose between"],
        ),
        (
            "sim,cost_a,cost_b,qaly_a,qaly_b\n1,1,1,1,1\n1,1,1,1,1\n",
            ["row 3: found iteration 1 again; each iteration once; it is already in row 2"],
        ),
        (
            "sim,cost_a,cost_b,qaly_a,qaly_b\n1,1,1,?,1\n",
            [f"row 2, column qaly_a: found '?'; {COMPLETE}"],
        ),
    ],
    ids=[
        "no cost",
        "two costs",
        "repeated name",
        "one strategy",
        "repeated row",
        "unbalanced",
        "blank labels",
        "repeats without iteration",
        "wide without partner",
        "wide with two effects",
        "wide of one strategy",
        "wide with repeated iteration",
        "wide with a bad cell",
    ],
)
def test_a_table_that_breaks_the_contract_is_refused(write: Write, text: str, expected: list[str]) -> None:
    assert problems(write(text)) == expected


def test_a_table_of_neither_shape_is_told_both(write: Write) -> None:
    found = problems(write("a,b\n1,2\n"))
    assert [line.split(";")[1].split("(")[0].strip() for line in found] == [
        "a column strategy",
        "a column cost",
        "a column qaly",
    ]
    assert found[0].endswith(SHAPES)


def test_faults_of_every_kind_are_reported_together(write: Write) -> None:
    text = "strategy,iteration,cost,effect,QALY\na,1,x,1,1\na,1,2,1,1\nb,2,3,1,1\n"
    assert [line.split(": ")[0] for line in problems(write(text))] == [
        "row 1",
        "row 3",
        "strategy a",
        "strategy b",
        "row 2, column cost",
    ]


def test_many_missing_iterations_are_counted_and_the_first_listed(write: Write) -> None:
    rows = "".join(f"a,{i},1,1\n" for i in range(1, 101)) + "b,1,1,1\n"
    assert problems(write("strategy,iteration,cost,qaly\n" + rows)) == [
        "strategy b: found no row for 99 of 100 iterations (2, 3, 4, 5, 6, ...); every iteration in every strategy"
    ]


def test_many_repeats_are_counted(write: Write) -> None:
    found = problems(write("strategy,iteration,cost,qaly\nb,1,1,1\n" + "a,1,1,1\n" * 20))
    assert len(found) == 11
    assert found[10] == "other rows: found 9 more repeats; each strategy and iteration once"


# Refused: subgroups mixed


def subgroup_rows() -> str:
    """Two sexes, each with a code, and a parameter theta of the iteration that its strategies share."""
    return "".join(
        f"{sex},{code},{code + 0.1 * i},{strategy},{i},1,1\n"
        for sex, code in (("f", 1), ("m", 2))
        for strategy in "ab"
        for i in (1, 2, 3)
    )


def test_columns_that_tell_repeats_apart_are_named_as_subgroups_and_parameters_are_not(write: Write) -> None:
    path = write("sex,code,theta,strategy,iteration,cost,qaly\n" + subgroup_rows())
    found = problems(path)
    assert found[0] == (
        "column sex: found 2 values (f, m) and 6 rows that repeat a strategy and iteration; "
        "one row for each strategy and iteration; probably subgroups: choose one with --where sex=f"
    )
    assert [line.split(":")[0] for line in found] == ["column sex", "column code"]
    assert read_psa_table(path, where={"sex": "m"}).n_iterations == 3


def test_rows_written_twice_are_repeats_even_beside_parameters_and_labels(write: Write) -> None:
    rows = "".join(f"{i}.5,class {s},{s},{i},1,1\n" for s in "ab" for i in range(3))
    found = problems(write("theta,class,strategy,iteration,cost,qaly\n" + rows * 2))
    assert found[0].startswith("row 8: found strategy a, iteration 0 again")


def test_a_wide_table_of_subgroups_is_not_numbered_through(write: Write) -> None:
    path = write("grp,p,cost_a,cost_b,qaly_a,qaly_b\nEast side,.1,1,1,1,1\nEast side,.2,1,1,1,1\nW,.3,1,1,1,1\n")
    assert problems(path) == [
        "column grp: found 2 values (East side, W) and no iteration column; "
        "an iteration column, or one subgroup chosen with --where 'grp=East side'"
    ]
    assert read_psa_table(path, where={"grp": "East side"}).n_iterations == 2


def test_where_that_fits_nothing_is_refused_with_what_there_is(write: Write) -> None:
    path = write("g,h,strategy,cost,qaly\n1,x,a,1,1\n1,x,b,1,1\n2,y,a,1,1\n2,y,b,1,1\n")
    assert problems(path, where={"group": "1", "g": "3"}) == [
        "where group: found group; one of the columns g, h, strategy, cost, qaly",
        "where g: found 3; one of 1, 2",
    ]
    assert problems(path, where={"g": "1", "h": "y"}) == [
        "where: found no row that agrees with all conditions; at least one row"
    ]
