"""The column names of other programs: one small decision under every spelling gives one answer."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.cea import read_outside_psa, read_psa_table
from sim.errors import TableError

COST = np.array([[10.0, 20.0], [11.0, 23.0], [12.0, 21.0]])
QALY = np.array([[1.0, 1.5], [1.1, 1.4], [0.9, 1.7]])
AGE = np.array([60.5, 61.5, 62.5])


def wide(cost: str, effect: str, names: tuple[str, str] = ("A", "B")) -> pd.DataFrame:
    columns = {"sample": [1, 2, 3]}
    for place, name in enumerate(names):
        columns |= {cost.format(name): COST[:, place], effect.format(name): QALY[:, place]}
    return pd.DataFrame(columns | {"age": AGE})


def long(strategy: str, iteration: str, cost: str, qaly: str) -> pd.DataFrame:
    rows = [
        {strategy: name, iteration: i + 1, cost: COST[i, s], qaly: QALY[i, s], "age": AGE[i], "ly": i + s}
        for s, name in enumerate("AB")
        for i in range(3)
    ]
    return pd.DataFrame(rows)


WIDE = [
    ("cost_{}", "effect_{}"),
    ("costs_{}", "effects_{}"),
    ("Cost.{}", "QALY.{}"),
    ("Total_Costs_{}", "Total_QALYs_{}"),
    ("{}_cost", "{}_qalys"),
    ("{} Cost", "{} Effectiveness"),
    ("cost_{}", "effects_{}"),
    ("cost[{}]", "eff[{}]"),
    ("{} (cost)", "{} (QALYs)"),
    ("c_{}", "e_{}"),
    ("c.{}", "e.{}"),
]
LONG = [
    ("strategy", "iteration", "cost", "qaly"),
    ("Strategy", "sim", "Cost", "Effect"),
    ("intervention", "iteration", "cost", "effect"),
    ("strategy_id", "sample", "costs", "qalys"),
    ("treatment", "rep", "total_costs", "total_qalys"),
    ("arm", "Draw", "cost", "effectiveness"),
    ("Strategy", "sim", "Cost (GBP)", "QALYs [years]"),
]


@pytest.mark.parametrize(("cost", "effect"), WIDE)
def test_wide_tables(tmp_path: Path, cost: str, effect: str) -> None:
    wide(cost, effect).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv")


@pytest.mark.parametrize(("cost", "effect"), [("cost{}", "effect{}"), ("Costs{}", "QALYs{}"), ("c{}", "e{}")])
def test_numbered_strategies(tmp_path: Path, cost: str, effect: str) -> None:
    wide(cost, effect, ("1", "2")).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv", ("1", "2"))


@pytest.mark.parametrize("names", LONG)
def test_long_tables(tmp_path: Path, names: tuple[str, str, str, str]) -> None:
    long(*names).to_csv(tmp_path / "t.csv", index=False)
    check(tmp_path / "t.csv")


@pytest.mark.parametrize("again", ["{}.1", "{}_1"])
def test_repeated_names_that_lost_a_strategy_are_refused(tmp_path: Path, again: str) -> None:
    """cost, qaly, cost.1, qaly.1, cost.2, qaly.2: what programs make of repeated names; the first has no name."""
    columns = {"cost": COST[:, 0], "qaly": QALY[:, 0]}
    for number in (1, 2):
        columns |= {again.format("cost").replace("1", str(number)): COST[:, 1]}
        columns |= {again.format("qaly").replace("1", str(number)): QALY[:, 1]}
    path = tmp_path / "table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    with pytest.raises(TableError, match="without the name of a strategy"):
        read_psa_table(path)


def test_the_order_of_columns_and_rows_does_not_matter(tmp_path: Path) -> None:
    table = long("strategy_id", "sample", "costs", "qalys").sample(frac=1, random_state=1)
    table[["age", "qalys", "sample", "ly", "costs", "strategy_id"]].to_csv(tmp_path / "t.csv", index=False)
    read = read_outside_psa(tmp_path / "t.csv")
    order, columns = np.argsort(read.table.iterations), np.argsort(read.table.strategies)
    assert read.table.cost[order][:, columns] == pytest.approx(COST)
    assert read.parameters["age"].to_numpy()[order] == pytest.approx(AGE)


@pytest.mark.parametrize("kind", ["t.tsv", "t.txt", "t.csv.gz", "t.tsv.gz", "t.parquet", "t.xlsx"])
def test_kinds_of_file(tmp_path: Path, kind: str) -> None:
    table, path = wide("Costs_{}", "QALYs_{}"), tmp_path / kind
    if kind.endswith("parquet"):
        table.to_parquet(path, index=False)
    elif kind.endswith("xlsx"):
        table.to_excel(path, index=False)
    else:
        text = table.to_csv(index=False, sep="," if "csv" in kind else "\t").encode()
        path.write_bytes(gzip.compress(text) if kind.endswith("gz") else text)
    check(path)


def check(path: Path, names: tuple[str, str] = ("A", "B")) -> None:
    table = read_psa_table(path)
    assert table.strategies == names
    assert table.iterations.tolist() == [1, 2, 3]
    assert table.cost == pytest.approx(COST)
    assert table.qaly == pytest.approx(QALY)
    parameters = read_outside_psa(path).parameters
    assert list(parameters.columns) == ["age"]  # "ly" differs between the strategies of an iteration
    assert parameters["age"].to_numpy() == pytest.approx(AGE)


# ---------------------------------------------------------------------- a file for costs, one for effects


@pytest.mark.parametrize("row_names", [None, "", "X", "iteration"])
@pytest.mark.parametrize(
    ("costs", "effects"),
    [(("A", "B"), ("A", "B")), (("cost_A", "cost_B"), ("effect_A", "effect_B")), (("A", "B"), ("e1", "e2"))],
)
def test_matrices(tmp_path: Path, row_names: str | None, costs: tuple[str, str], effects: tuple[str, str]) -> None:
    for name, values, columns in (("c", COST, costs), ("e", QALY, effects), ("p", AGE[:, None], ("age",))):
        frame = pd.DataFrame(values, columns=list(columns), index=pd.RangeIndex(1, 4))
        frame.to_csv(tmp_path / f"{name}.csv", index=row_names is not None, index_label=row_names)
    read = read_outside_psa(tmp_path / "c.csv", effects=tmp_path / "e.csv", parameters=tmp_path / "p.csv")
    assert read.table.strategies == ("A", "B")
    assert read.table.cost == pytest.approx(COST)
    assert read.table.qaly == pytest.approx(QALY)
    assert list(read.parameters.columns) == ["age"]


def test_effects_are_matched_by_name_before_place(tmp_path: Path) -> None:
    pd.DataFrame(COST, columns=["A", "B"]).to_csv(tmp_path / "c.csv", index=False)
    pd.DataFrame(QALY[:, ::-1], columns=["B", "A"]).to_csv(tmp_path / "e.csv", index=False)
    assert read_outside_psa(tmp_path / "c.csv", effects=tmp_path / "e.csv").table.qaly == pytest.approx(QALY)


@pytest.mark.parametrize(
    ("effects", "told"),
    [
        (pd.DataFrame(QALY, columns=["A", "C"]), "row 1: found columns A, C; one for each of A, B"),
        (pd.DataFrame(QALY[:2], columns=["A", "B"]), "rows: found 2; 3, as many as costs"),
        (pd.DataFrame(QALY, columns=["A", "B"]).assign(A="x"), "row 2, column A: found 'x'"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, effects: pd.DataFrame, told: str) -> None:
    pd.DataFrame(COST, columns=["A", "B"]).to_csv(tmp_path / "c.csv", index=False)
    effects.to_csv(tmp_path / "e.csv", index=False)
    with pytest.raises(TableError) as caught:
        read_outside_psa(tmp_path / "c.csv", effects=tmp_path / "e.csv")
    assert told in str(caught.value)


def test_net_benefits_are_costs_below_nought(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    pd.DataFrame({"nmbA": [1.0, 2.0], "nmbB": [3.0, 1.0], "age": [50.0, 60.0]}).to_csv(path, index=False)
    read = read_outside_psa(path, net_benefits=("nmbB", "nmbA"))
    assert read.table.strategies == ("nmbB", "nmbA")
    assert read.table.cost.tolist() == [[-3.0, -1.0], [-1.0, -2.0]]
    assert read.table.qaly.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert read.parameters.to_dict("list") == {"age": [50.0, 60.0]}
    with pytest.raises(TableError) as caught:
        read_outside_psa(path, net_benefits=("nmbC", "nmbC"))
    assert str(caught.value).splitlines()[1:] == [
        f"  {path}: net benefit: found nmbC; one of the columns nmbA, nmbB, age",
        f"  {path}: net benefit: found nmbC; one of the columns nmbA, nmbB, age",
        f"  {path}: net benefit: found nmbC, nmbC; two columns or more",
    ]


def test_parameters_are_the_named_columns_of_numbers_that_count_nothing(tmp_path: Path):
    """Neither the number of the iteration, nor words, nor a column without a name."""
    path = tmp_path / "t.csv"
    path.write_text("sim,nmbA,nmbB,hr,centre,\n1,1,2,0.4,Turin,7\n2,3,1,0.5,Leeds,8\n", encoding="utf-8")
    assert list(read_outside_psa(path, net_benefits=("nmbA", "nmbB")).parameters.columns) == ["hr"]


def test_parameters_of_another_length_or_without_a_name_are_refused(tmp_path: Path) -> None:
    costs, drawn = tmp_path / "b.csv", tmp_path / "p.csv"
    pd.DataFrame({"nmbA": [1.0, 2.0], "nmbB": [3.0, 1.0]}).to_csv(costs, index=False)
    for content, told in (
        ("age\n50\n", "rows: found 1 rows; 2, one for each iteration"),
        ("iteration\n1\n2\n", "row 1: found no named columns; at least one"),
        ("age\n50\nold\n", "row 3, column age: found 'old'; a finite number"),
    ):
        drawn.write_text(content)
        with pytest.raises(TableError) as caught:
            read_outside_psa(costs, net_benefits=("nmbA", "nmbB"), parameters=drawn)
        assert str(caught.value).splitlines()[1] == f"  {drawn}: {told}"
