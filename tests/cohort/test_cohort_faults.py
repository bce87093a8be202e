"""Cohorts that cannot be used: every fault is named with its row, its column, what was found and what is allowed."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from sim.cohort import read_cohort
from sim.errors import InputError, TableError, UsageError
from sim.runs import run
from sim.scenario import Scenario, from_tables
from tests.cohort.conftest import TUTORIAL, Write

ATTRIBUTES = (
    "weight_kg, igg_polyclonal_mg_dl, iga_mg_dl, igm_mg_dl, m_protein_mg_dl, frailty, agent, anti_cd38, responder, "
    "hbv, cmv, herpes"
)
COMPLETE = "complete the value, leave the patient out, or leave the column out to have it drawn"
BLANK = "a blank cell, missing value or error value"
AGENTS = "one of teclistamab, elranatamab, linvoseltamab, talquetamab"
YES_OR_NO = "yes or no (1 or 0, true or false)"


def problems(path: Path, scenario: Scenario, columns: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_cohort(path, scenario, columns=columns)
    assert isinstance(caught.value, InputError)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [str(problem).removeprefix(f"{path}: ") for problem in caught.value.problems]


# The file and its header


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.csv", b"", "file: found an empty file; a header and at least one row"),
        ("p.csv", b"\n\n", "file: found an empty file; a header and at least one row"),
        ("p.csv", b"weight_kg\n", "row 2: found nothing beneath the header; at least one row"),
        ("p.ods", b"x", "extension: found .ods; one of .csv, .csv.gz, .tsv, .tsv.gz, .txt, .txt.gz, .parquet, .xlsx"),
        ("p.csv", "weight_kg\n70\n".encode("utf-16"), "encoding: found UTF-16; UTF-8: save as 'CSV UTF-8'"),
        ("p.csv.gz", b"weight_kg\n70\n", "file: found Not a gzipped file (b'we'); a whole gzip file"),
        (
            "p.csv",
            b"weight_kg,frailty\n70,5,1\n",
            "row 2: found 3 cells; at most the header's 2; a decimal comma makes one number two cells",
        ),
        (
            "p.csv",
            b"weight_kg,frailty,weight_kg\n70,1,71\n",
            "row 1, columns 1, 3: found 2 columns named weight_kg; each name once",
        ),
        (
            "p.csv",
            b"Weight_kg,WEIGHT_KG\n70,71\n",
            "row 1: found columns Weight_kg, WEIGHT_KG; one column for weight_kg, not 2",
        ),
        (
            "p.csv",
            b"patient,age\nA,70\n",
            f"row 1: found columns patient, age; at least one of {ATTRIBUTES}; "
            "a column of another name is mapped with --column ATTRIBUTE=COLUMN",
        ),
        ("p.csv", b"weight_kg,frailty\n70,1\n,\n71,1\n", "row 3: found a blank row; a patient; or delete the row"),
    ],
)
def test_a_file_that_holds_no_cohort_is_refused(
    write: Write, base_case: Scenario, name: str, content: bytes, expected: str
) -> None:
    assert problems(write(content, name), base_case) == [expected]


def test_a_missing_file_and_an_unchosen_sheet_are_refused(base_case: Scenario, tmp_path: Path) -> None:
    assert problems(tmp_path / "none.csv", base_case) == ["file: found no such file; a file that exists"]
    book = openpyxl.Workbook()
    book.active.title = "A"
    book.create_sheet("B").append(["weight_kg"])
    book["B"].append([70])
    book.save(tmp_path / "p.xlsx")
    found = problems(tmp_path / "p.xlsx", base_case)
    assert found == ["sheet: found 2 sheets: A, B; one of them, chosen with --sheet NAME"]
    assert read_cohort(tmp_path / "p.xlsx", base_case, sheet="B").rows == 1


# The mapping of columns


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            {"weigth_kg": "W"},
            f'attribute of a column: found weigth_kg; one of patient, {ATTRIBUTES} (did you mean "weight_kg"?)',
        ),
        (
            {"weight_kg": "WEIHGT"},
            'column of weight_kg: found WEIHGT; one of the columns WEIGHT, id, frailty (did you mean "WEIGHT"?)',
        ),
        (
            {"weight_kg": "WEIGHT", "patient": "weight"},
            "row 1, column WEIGHT: found one column for patient, weight_kg; one attribute a column",
        ),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(
    write: Write, base_case: Scenario, columns: dict[str, str], expected: str
) -> None:
    assert problems(write("WEIGHT,id,frailty\n70,A,1\n"), base_case, columns) == [expected]


def test_a_serostatus_with_the_name_of_an_attribute_is_refused(write: Write) -> None:
    tables = tomllib.loads(TUTORIAL.read_text(encoding="utf-8"))
    tables["patients"]["serostatus"] = {"responder": {"value": 0.5, "source": "assumption: made up"}}
    (found,) = problems(write("weight_kg\n70\n"), from_tables(tables))
    assert found.startswith("the scenario's patients.serostatus.responder: found responder; a name that no attribute")


# The cells


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("weight_kg", "0", "0; must be more than 0 and at most 400 kg"),
        ("weight_kg", "-70", "-70; must be more than 0 and at most 400 kg"),
        ("weight_kg", "400.5", "400.5; must be more than 0 and at most 400 kg"),
        ("weight_kg", "70,5", "'70,5'; a number; this looks like a decimal comma: write 1234.5"),
        ("weight_kg", "70 kg", "'70 kg'; a finite number"),
        ("weight_kg", "", f"{BLANK}; a number; {COMPLETE}"),
        ("weight_kg", "NA", f"'NA'; a number; {COMPLETE}"),
        ("weight_kg", "inf", "'inf'; a finite number"),
        ("igg_polyclonal_mg_dl", "-1", "-1; must be from 0 to 20,000 mg/dL"),
        ("igg_polyclonal_mg_dl", "20001", "20001; must be from 0 to 20,000 mg/dL"),
        (
            "igg_polyclonal_mg_dl",
            "1,200",
            "'1,200'; a number; the comma looks like a thousands separator (or a decimal comma): write 1234.5",
        ),
        ("iga_mg_dl", "1e9", "1000000000; must be from 0 to 20,000 mg/dL"),
        ("igm_mg_dl", "nan", f"'nan'; a number; {COMPLETE}"),
        ("m_protein_mg_dl", "none", f"'none'; a number; {COMPLETE}"),
        ("frailty", "0", "0; must be more than 0 and at most 1,000"),
        ("frailty", "2000", "2000; must be more than 0 and at most 1,000"),
        ("agent", "teclistamap", f"'teclistamap'; {AGENTS} (did you mean \"teclistamab\"?)"),
        ("agent", "Teclistamab", f"'Teclistamab'; {AGENTS} (did you mean \"teclistamab\"?)"),
        ("agent", "1", f"'1'; {AGENTS}"),
        ("agent", "", f"{BLANK}; {AGENTS}; {COMPLETE}"),
        ("anti_cd38", "maybe", f"'maybe'; {YES_OR_NO}"),
        ("responder", "2", f"'2'; {YES_OR_NO}"),
        ("hbv", "positive", f"'positive'; {YES_OR_NO}"),
        ("cmv", "", f"{BLANK}; {YES_OR_NO}; {COMPLETE}"),
        ("patient", "", "a blank cell; a name or label"),
        ("patient", "A", "'A' again; each patient once; first in row 2"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named(
    write: Write, base_case: Scenario, column: str, cell: str, expected: str
) -> None:
    good = {"patient": "A", "agent": "teclistamab", "anti_cd38": "yes", "responder": "0", "hbv": "no", "cmv": "TRUE"}
    value, other = good.get(column, "1"), "frailty" if column != "frailty" else "weight_kg"
    path = write(f"{column};{other}\n{value};1\n{cell};1\n")
    assert problems(path, base_case) == [f"row 3, column {column}: found {expected}"]
    assert read_cohort(write(f"{column};{other}\n{value};1\n"), base_case).rows == 1


def test_every_fault_is_told_at_once_and_those_beyond_ten_of_a_column_are_counted(
    write: Write, base_case: Scenario
) -> None:
    rows = "".join(f"P{i},-1,tec,1\n" for i in range(12)) + "P3,70,teclistamab,huh\n"
    found = problems(write("patient,W,agent,cmv\n" + rows), base_case, {"weight_kg": "W", "hvb": "HBV"})
    assert found[0].startswith("attribute of a column: found hvb")
    assert found[1] == "row 14, column patient: found 'P3' again; each patient once; first in row 5"
    assert [line for line in found if "column W:" in line][:2] == [
        f"row {row}, column W: found -1; must be more than 0 and at most 400 kg" for row in (2, 3)
    ]
    assert "other cells of column W: found 2 more like these; as above" in found
    assert "other cells of column agent: found 2 more like these; as above" in found
    assert f"row 14, column cmv: found 'huh'; {YES_OR_NO}" in found
    assert len(found) == 1 + 1 + 11 + 11 + 1


def test_a_short_row_has_blank_cells(write: Write, base_case: Scenario) -> None:
    (found,) = problems(write("weight_kg,frailty\n70\n"), base_case)
    assert found.startswith(f"row 2, column frailty: found {BLANK}")


def test_cells_of_parquet_and_gzip_are_held_to_the_same_rules(base_case: Scenario, tmp_path: Path) -> None:
    frame = pd.DataFrame({"weight_kg": [70.0, float("nan")], "anti_cd38": [True, None], "hbv": [1.0, 0.5]})
    frame.to_parquet(tmp_path / "p.parquet")
    assert problems(tmp_path / "p.parquet", base_case) == [
        f"row 3, column weight_kg: found {BLANK}; a number; {COMPLETE}",
        f"row 3, column anti_cd38: found {BLANK}; {YES_OR_NO}; {COMPLETE}",
        f"row 3, column hbv: found '0.5'; {YES_OR_NO}",
    ]
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(b"weight_kg\n500\n"))
    assert problems(tmp_path / "p.csv.gz", base_case) == [
        "row 2, column weight_kg: found 500; must be more than 0 and at most 400 kg"
    ]


def test_an_agent_for_whose_target_infections_have_no_rates_cannot_be_given(write: Write) -> None:
    tables = tomllib.loads(TUTORIAL.read_text(encoding="utf-8"))
    for cause in tables["infections"]["causes"].values():
        cause["rate_per_month"] = {"BCMA": cause["rate_per_month"].get("BCMA", cause["rate_per_month"])}
    tables["targets"]["GPRC5D"] = tables["targets"]["BCMA"]
    tables["agents"]["talquetamab"] = {**tables["agents"]["teclistamab"], "target": "GPRC5D"}
    assert problems(write("agent\nteclistamab\ntalquetamab\n"), from_tables(tables)) == [
        "row 3, column agent: found 'talquetamab'; one of teclistamab; talquetamab cannot be played: "
        'no rate of bacterial, viral for its target (did you mean "teclistamab"?)'
    ]


def test_a_cohort_read_for_another_scenario_is_refused(write: Write, base_case: Scenario, tutorial: Scenario) -> None:
    cohort = read_cohort(write("weight_kg\n70\n"), tutorial)
    with pytest.raises(UsageError, match=r"patients\.csv; must be read for this scenario"):
        run(base_case, cohort=cohort)
