"""Files and cells that cannot be read: every fault is named with its place, and nothing gives a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.cea import read_psa_table
from sim.errors import TableError
from tests.cea.table_files import COMPLETE, LONG, LONG_FRAME, Write, problems

# Refused: the file

LATIN = LONG.replace("drug", "Générique").encode("latin-1")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("t.xls", b"x", "extension: found .xls; one of .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet, .xlsx"),
        ("t", b"x", "extension: found none; one of .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet, .xlsx"),
        ("t.csv", b"", "file: found an empty file; a header and at least one row"),
        ("t.csv", b"\n \n", "file: found an empty file; a header and at least one row"),
        ("t.csv", b"\n" + LONG.encode(), "row 1: found a blank row; the column names"),
        ("t.csv", b"strategy,cost\n\n", "row 2: found nothing beneath the header; at least one row"),
        ("t.csv", LONG.encode("utf-16"), "encoding: found UTF-16; UTF-8: save as 'CSV UTF-8'"),
        ("t.csv", LONG.encode("utf-16-le"), "encoding: found zero bytes: UTF-16 or no text at all; UTF-8 text"),
        ("t.csv", LATIN, "line 4: found byte 0xE9, which is not UTF-8; UTF-8: save as 'CSV UTF-8'"),
        (
            "t.csv",
            b"strategy,cost,qaly\na,12,5,1\nb,1,1\nc,1,2,3\n",
            "row 2: found 4 cells; at most the header's 3; a decimal comma makes one number two cells",
        ),
        ("t.csv.gz", LONG.encode(), "file: found Not a gzipped file (b'st'); a whole gzip file"),
        ("t.parquet", b"not parquet", "a Parquet file"),
        ("t.xlsx", LONG.encode(), "file: found File is not a zip file; an .xlsx workbook"),
        ("t.csv", b'strategy,cost\na,"1\nb,2\n', "rows of cells, quotes closed"),
    ],
)
def test_a_file_that_is_no_table_is_refused(write: Write, name: str, content: bytes, expected: str) -> None:
    assert problems(write(content, name))[0].endswith(expected)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert problems(tmp_path / "t.csv") == ["file: found no such file; a file that exists"]
    (tmp_path / "d.csv").mkdir()
    assert problems(tmp_path / "d.csv") == ["file: found a folder; a file that exists"]


def test_every_ragged_row_is_named_up_to_ten(write: Write) -> None:
    found = problems(write("strategy;cost;qaly\n" + "a;1;2;3\n" * 13))
    assert found[0] == "row 2: found 4 cells; at most the header's 3"
    assert found[10] == "rows below: found 3 more such rows; at most the header's 3"


def test_a_sheet_of_a_csv_is_refused(write: Write) -> None:
    assert problems(write(LONG), sheet="psa") == ["sheet: found psa; no sheet: only .xlsx files have sheets"]


# Refused: cells


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", f"a blank cell, missing value or error value; {COMPLETE}"),
        ("NA", f"'NA'; {COMPLETE}"),
        ("NaN", f"'NaN'; {COMPLETE}"),
        ("#N/A", f"'#N/A'; {COMPLETE}"),
        ("-", f"'-'; {COMPLETE}"),
        ("inf", "'inf'; a finite number"),
        ("-Infinity", "'-Infinity'; a finite number"),
        ("1e999", "'1e999'; a finite number"),
        ("abc", "'abc'; a finite number"),
        ("1_000", "'1_000'; a finite number"),
        ("0x10", "'0x10'; a finite number"),
        ("١٢", "'١٢'; a finite number"),
        ("110,25", "'110,25'; a number; this looks like a decimal comma: write 1234.5"),
        (
            "1,234",
            "'1,234'; a number; the comma looks like a thousands separator (or a decimal comma): write 1234.5",
        ),
        ("1,234.5", "'1,234.5'; a number; the commas look like thousands separators: write 1234.5"),
        (
            "1.234,5",
            "'1.234,5'; a number; this looks like thousands separators and a decimal comma: write 1234.5",
        ),
        ("1.234.567", "'1.234.567'; a number; this looks like thousands separators: write 1234.5"),
        ("1 234", "'1 234'; a number; this looks like thousands separators: write 1234.5"),
        ("£110", "'£110'; a number alone, with no sign of unit"),
        ("25 %", "'25 %'; a number alone, with no sign of unit"),
        ("−5", "'−5'; a number; write its minus sign as a hyphen, -"),
    ],
)
def test_a_cell_that_is_no_finite_number_is_named_and_its_likely_cause_told(
    write: Write, cell: str, expected: str
) -> None:
    text = LONG.replace(",", ";").replace("110.25", cell)
    assert problems(write(text)) == [f"row 3, column cost: found {expected}"]


def test_excel_cells_of_other_kinds_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["strategy", "iteration", "cost", "qaly"],
        ["a", 1, pd.Timestamp("2025-05-01").to_pydatetime(), True],
        ["b", 1, None, "#DIV/0!"],
    ):
        sheet.append(row)
    sheet["D3"].data_type = "e"
    book.save(tmp_path / "t.xlsx")
    assert problems(tmp_path / "t.xlsx") == [
        "row 2, column cost: found '2025-05-01 00:00:00'; a number; the spreadsheet took this cell for a date",
        "row 2, column qaly: found 'True'; a finite number",
        f"row 3, column cost: found a blank cell, missing value or error value; {COMPLETE}",
        f"row 3, column qaly: found a blank cell, missing value or error value; {COMPLETE}",
    ]


def test_parquet_cells_are_checked_too(tmp_path: Path) -> None:
    frame = LONG_FRAME.assign(cost=[1, np.nan, np.inf, 4], qaly=pd.array([1, 2, 3, None], dtype="Int64"))
    frame.to_parquet(tmp_path / "t.parquet")
    assert [line.split(":")[0] for line in problems(tmp_path / "t.parquet")] == [
        "row 3, column cost",
        "row 4, column cost",
        "row 5, column qaly",
    ]


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    offsets = pa.py_buffer(np.array([0, 1, 2], dtype=np.int32).tobytes())
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xeb")])
    numbers = pa.array([1.0, 2.0])
    pq.write_table(pa.table({"strategy": broken, "cost": numbers, "qaly": numbers}), tmp_path / "t.parquet")
    assert problems(tmp_path / "t.parquet")[0].endswith("a Parquet file")


def test_row_numbers_count_blank_rows_as_a_spreadsheet_does(write: Write) -> None:
    assert problems(write(LONG.replace("drug,1,400", "\n,,,\ndrug,1,x")))[0].startswith("row 6, column cost")


def test_ten_bad_cells_are_listed_in_order_of_rows_and_the_rest_counted(write: Write) -> None:
    rows = "".join(f"{s},{i},x,y\n" for s in "ab" for i in range(1_000))
    found = problems(write("strategy,iteration,cost,qaly\n" + rows))
    assert len(found) == 11
    assert found[1] == "row 2, column qaly: found 'y'; a finite number"
    assert found[9].startswith("row 6, column qaly")
    assert found[10] == "other cells: found 3990 more like these; as above"


# Refused without a traceback, whatever it is

# Each example overwrites the one file of its test.
repeatable = settings(
    derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
csv_like = st.text(alphabet="abcostqalystrategyiteration_,;\t\n\r\"' 0123456789.-+eE\ufeff\u00a0£é", max_size=200)


@repeatable
@given(csv_like, st.sampled_from([b"", LONG.encode(), b"cost_a,qaly_a,cost_b,qaly_b\n"]))
def test_any_text_is_read_or_refused(write: Write, text: str, before: bytes) -> None:
    read_or_refused(write(before + text.encode()))


@repeatable
@given(st.binary(max_size=200), st.sampled_from(["t.csv", "t.csv.gz", "t.parquet", "t.xlsx"]))
def test_any_bytes_are_read_or_refused(write: Write, content: bytes, name: str) -> None:
    read_or_refused(write(content, name))


positions = st.floats(0, 1, exclude_max=True)


@repeatable
@given(
    st.sampled_from(["to_parquet", "to_excel"]),
    st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=5),
    positions,
)
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, writer: str, damage: list[tuple[float, int]], cut: float
) -> None:
    path = tmp_path / ("t.parquet" if writer == "to_parquet" else "t.xlsx")
    getattr(LONG_FRAME, writer)(path)
    content = bytearray(path.read_bytes())
    # Places are shares of the length: a workbook carries the time, so its length is not always the same.
    for place, byte in damage:
        content[int(place * len(content))] = byte
    path.write_bytes(bytes(content[: len(content) - int(cut * len(content))]))
    read_or_refused(path)


def read_or_refused(path: Path) -> None:
    try:
        table = read_psa_table(path)
    except TableError as error:
        named = len(error.problems)
    else:
        assert np.isfinite(table.cost).all()
        named = len(table.strategies)
    assert named > 0
