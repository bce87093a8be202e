"""Points that a user lays over a curve: what cannot be meant is refused, cell by cell."""

from __future__ import annotations

import pytest

from sim.errors import TableError
from sim.report.published import read_published

HEADER = "kind,months,probability,low,high,source\n"


def refusal(path):
    with pytest.raises(TableError) as refused:
        read_published(path)
    return str(refused.value)


def test_sound_points_are_read_with_blanks_where_nothing_is_known(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(HEADER + "any,5,0.386,0.3,0.5,a cohort\ngrade_3plus,12,1,,,\n", encoding="utf-8-sig")
    table = read_published(path)
    assert table["months"].tolist() == [5.0, 12.0]
    assert table["probability"].tolist() == [0.386, 1.0]
    assert table["low"].isna().tolist() == [False, True]
    assert table["source"].tolist() == ["a cohort", ""]


def test_every_cell_that_cannot_be_meant_is_named(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(HEADER + "any,-1,1.2,,,\nsevere,x,0.5,0.6,0.4,\nany,inf,,0.1,?,\nany,1,0.5,0.4,0.6,\n")
    found = [line.strip() for line in refusal(path).splitlines()[1:]]
    assert found == [
        "row 2, column months: found -1; must be a number of months, 0 or more",
        "row 2, column probability: found 1.2; must be a probability from 0 to 1",
        "row 3, column kind: found severe; must be one of any, grade_3plus",
        "row 3, column months: found x; must be a number of months, 0 or more",
        "row 3, column low: found 0.6; must be a probability, at most that of the point, or blank",
        "row 3, column high: found 0.4; must be a probability, at least that of the point, or blank",
        "row 4, column months: found inf; must be a number of months, 0 or more",
        "row 4, column probability: must be a probability from 0 to 1",
        "row 4, column high: found ?; must be a probability, at least that of the point, or blank",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"kind,months\nany,5\n", "columns: found kind, months; must have a column probability"),
        (b"kind,months,probability\n", "rows: found none; must have at least one"),
    ],
    ids=["empty", "other encoding", "column missing", "no row"],
)
def test_what_is_no_table_of_points_is_refused(tmp_path, content, told):
    path = tmp_path / "points.csv"
    path.write_bytes(content)
    assert told in refusal(path)
    assert "cannot be read" in refusal(tmp_path / "none.csv")
