"""`igsim run --cohort`: what it says and what it records."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from sim.cohort import Vocabulary
from sim.scenario import load
from tests.cli.conftest import Igsim
from tests.cohort.conftest import BASE_CASE, TUTORIAL, Write

PATIENTS = "id,KG,frailty,IgG\nA,60,1,300\nB,70,2,400\nC,80,0.5,500\n"
DRAWN = ["igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "agent", "anti_cd38", "responder"]


def test_the_run_says_who_was_played_and_records_it(igsim: Igsim, write: Write, tmp_path: Path) -> None:
    path = write(PATIENTS)
    options = ("--cohort", path, "--column", "weight_kg=KG", "--column", "patient=id")
    document = igsim("run", TUTORIAL, *options, "--format", "json").document
    digest = hashlib.sha256(PATIENTS.encode()).hexdigest()
    expected = {
        "file": "patients.csv",
        "sha256": digest,
        "rows": 3,
        "columns": {"patient": "id", "weight_kg": "KG", "frailty": "frailty"},
        "drawn": DRAWN,
        "left_alone": ["IgG"],
        "standard_errors": None,
    }
    assert document["settings"]["cohort"] == expected
    assert document["settings"]["patients"] == 3
    manifest = json.loads((tmp_path / document["run"]["path"] / "manifest.json").read_text())
    assert manifest["settings"]["cohort"] == expected
    assert not any(
        "A,60" in file.read_text(errors="ignore") for file in (tmp_path / document["run"]["path"]).iterdir()
    )

    said = igsim("run", TUTORIAL, *options, "--patients", 8, "--no-save")
    assert said.status == 0
    text = " ".join(said.out.split())
    assert f"Cohort: 3 patients of patients.csv (SHA-256 {digest[:12]}), each played 2 times" in text
    assert "the first 2 of them once more" in text
    assert f"drawn as the scenario says: {', '.join(DRAWN)}; columns left alone: IgG" in text
    assert "IgG could be igg_polyclonal_mg_dl" in text
    few = igsim("run", TUTORIAL, *options, "--patients", 2, "--no-save")
    assert "only the first 2 are played" in " ".join(few.out.split())


def test_a_run_without_a_cohort_says_and_records_none(igsim: Igsim) -> None:
    arguments = ("run", TUTORIAL, "--patients", 10, "--no-save")
    assert igsim(*arguments, "--format", "json").document["settings"]["cohort"] is None
    assert "Cohort" not in igsim(*arguments).out


def test_a_correlation_that_a_column_cuts_is_told(igsim: Igsim, write: Write) -> None:
    scenario = TUTORIAL.read_text(encoding="utf-8").replace(
        "[patients]\n",
        '[patients]\ncorrelations = [{ between = ["weight_kg", "igg_polyclonal_mg_dl"], value = 0.5, '
        'source = "assumption: made up" }]\n',
    )
    path = write(scenario, "correlated.toml")
    said = igsim("run", path, "--cohort", write("weight_kg\n60\n"), "--patients", 5, "--no-save")
    told = "correlations lost, as one of the two is drawn and the other given: weight_kg and igg_polyclonal_mg_dl"
    assert told in " ".join(said.out.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cohort", "none.csv"], ["none.csv", "no such file"]),
        (["--cohort", "patients.csv", "--column", "KG"], ["--column", "found KG", "ATTRIBUTE=COLUMN"]),
        (["--cohort", "patients.csv", "--column", "weight_kg="], ["found weight_kg=", "ATTRIBUTE=COLUMN"]),
        (["--cohort", "patients.csv", "--column", "weigth_kg=KG"], ['did you mean "weight_kg"?']),
        (["--cohort", "patients.csv", "--column", "weight_kg=KGS"], ['did you mean "KG"?']),
        (["--cohort", "patients.csv", "--column", "weight_kg=id"], ["row 2, column id", "'A'", "a finite number"]),
        (["--cohort", "patients.csv", "--sheet", "A"], ["only .xlsx files have sheets"]),
        (["--column", "weight_kg=KG"], ["--column", "needs --cohort FILE"]),
        (["--sheet", "A"], ["--sheet", "needs --cohort FILE"]),
    ],
)
def test_a_cohort_that_cannot_be_read_ends_with_status_2_and_no_folder(
    igsim: Igsim, write: Write, tmp_path: Path, options: list[str], words: list[str]
) -> None:
    write(PATIENTS)
    said = igsim("run", BASE_CASE, *options)
    assert said.status == 2
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert not (tmp_path / "results").exists()


def test_the_how_to_page_names_every_attribute():
    page = (TUTORIAL.parents[1] / "docs" / "how-to" / "own-patients.md").read_text()
    (named,) = re.findall(r"`--column` says .*?\((.*?), and each serostatus by its name\)", page, re.DOTALL)
    scenario = load(TUTORIAL.with_name("bcma-uk-nice.toml"))  # with a life table, so with ages and sexes
    known = {*Vocabulary.of(scenario).attributes} - {*scenario.patients.serostatus}
    assert {*re.findall(r"`(\w+)`", named)} == known


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        (("3.1", "4.5", "9.2"), "under 20 mg/dL: if it is in g/L, 1 g/L is 100 mg/dL"),
        (("3100", "4500", "9200"), "over 2,500 mg/dL: if it is in mg/L"),
        (("310", "450", "9.2"), ""),
        (("0", "0", "310"), ""),
    ],
)
def test_a_column_that_looks_like_another_unit_is_asked_about(
    igsim: Igsim, write: Write, values: tuple[str, ...], asked: str
) -> None:
    path = write("IgG\n" + "\n".join(values) + "\n")
    options = ("--cohort", path, "--column", "igg_polyclonal_mg_dl=IgG", "--no-save")
    said = igsim("run", TUTORIAL, *options)
    assert said.status == 0
    text = " ".join(said.out.split())
    assert ("column IgG (igg_polyclonal_mg_dl)" in text) == bool(asked)
    assert asked in text
