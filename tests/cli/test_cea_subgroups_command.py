"""`igsim cea --subgroups`: one decision for all, or one for each subgroup."""

from __future__ import annotations

import json

import pytest

TABLE = """sample,arm,age,cost,qaly
1,a,young,5,1
1,b,young,1,1
1,a,old,2,1
1,b,old,8,1
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def test_command(igsim, file):
    options = ["--subgroups", "age", "--weight", "young=1", "--weight", "old=1", "--wtp", "10"]
    said = igsim("cea", file, *options)
    assert said.status == 0
    assert "value of individualised care" in said.out
    assert "2.00" in said.out
    found = json.loads(igsim("cea", file, *options, "--format", "json").out)
    assert found["by_wtp"][0]["best_for_all"] == "a"
    assert found["by_wtp"][0]["value_of_individualised_care"] == 2.0
    assert [row["subgroup"] for row in found["by_subgroup"]] == ["young", "old"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--weight", "young=.25"], "--subgroups COLUMN"),
        (["--subgroups", "age"], "needs one"),
        (["--subgroups", "age", "--weight", "=3"], "SUBGROUP=SHARE"),
        (["--subgroups", "age", "--weight", "young=many"], "SUBGROUP=SHARE"),
        (["--subgroups", "nothing", "--weight", "a=1"], "age"),
    ],
)
def test_command_refuses_what_it_cannot_use(igsim, file, options, told):
    said = igsim("cea", file, *options)
    assert (said.status, said.out) == (2, "")
    assert told in said.err
