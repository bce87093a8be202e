"""Cohorts played more often than they have rows: what the standard errors are of, and that a run says so."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import sim
from sim.build import compile_model
from sim.cohort import read_cohort
from sim.runs import play
from sim.scenario import Scenario
from sim.streams import AddressedLuck
from tests.cli.conftest import Igsim
from tests.cohort.conftest import TUTORIAL, Write

UNLIKE = "weight_kg,frailty\n45,0.05\n120,6\n"
MEANT = (
    "Standard errors take every play for another patient: for these 2 patients themselves they are if anything too "
    "large; for a population that they stand for, too small."
)


def test_the_printed_error_is_at_least_that_of_the_cohorts_own_mean(tutorial: Scenario, write: Write) -> None:
    """Infections of two unlike patients, 50 plays each, over 200 seeds.

    The scatter of the means over seeds is the error about the mean of these two, known to 1 / sqrt(2 x 200) = 5 %.
    The printed error has the variance between the two as well: with frailties of 0.05 and 6 it is larger by well over
    the four standard errors of the scatter. As a control, two patients who are alike have no such excess.
    """
    model = compile_model(tutorial)
    model = dataclasses.replace(model, strategies=model.strategies[:1])

    def excess(table: str) -> float:
        joined = read_cohort(write(table), tutorial).join(model)
        outcomes = [play(joined, AddressedLuck(seed), 100) for seed in range(200)]
        means = np.array([one.mean("infections_any")[0] for one in outcomes])
        printed = math.sqrt(np.mean([one.mcse("infections_any")[0] ** 2 for one in outcomes]))
        return float(printed / means.std(ddof=1))

    assert excess(UNLIKE) > 1.2
    assert excess("weight_kg,frailty\n70,1\n70,1\n") == pytest.approx(1, abs=0.2)


def test_a_run_says_what_its_errors_mean_where_patients_are_played_again(igsim: Igsim, write: Write) -> None:
    path = write(UNLIKE)
    arguments = ("run", TUTORIAL, "--cohort", path, "--no-save")
    assert MEANT in " ".join(igsim(*arguments, "--patients", 5).out.split())
    assert "Standard errors take" not in igsim(*arguments).out
    told = igsim(*arguments, "--patients", 5, "--format", "json").document["settings"]["cohort"]["standard_errors"]
    assert told == MEANT
    assert igsim(*arguments, "--format", "json").document["settings"]["cohort"]["standard_errors"] is None


def test_a_trace_follows_a_patient_of_the_cohort(igsim: Igsim, write: Write, tutorial: Scenario) -> None:
    path = write("id,KG\nA-7,50\nB-9,100\n")
    options = ("--cohort", path, "--column", "weight_kg=KG", "--column", "patient=id")
    said = igsim("trace", TUTORIAL, "--patient", 3, *options)
    assert said.status == 0
    text = " ".join(said.out.split())
    assert "Cohort: B-9, row 2 of the 2 patients of patients.csv" in text
    assert "Body weight: 100.00 kg" in text
    document = igsim("trace", TUTORIAL, "--patient", 3, *options, "--format", "json").document
    drawn = "igg_polyclonal_mg_dl, iga_mg_dl, igm_mg_dl, m_protein_mg_dl, frailty, agent, anti_cd38, responder"
    identity = f"B-9, row 2 of the 2 patients of patients.csv; drawn as the scenario says: {drawn}"
    assert document["settings"]["cohort"] == identity
    # A column that no --column names is told of, not taken for a weight.
    frail = write("id,KG,frailty\nA-7,50,1\nB-9,100,1\n")
    misread = " ".join(igsim("trace", TUTORIAL, "--patient", 3, "--cohort", frail).out.split())
    assert "columns left alone: id, KG" in misread
    # The same patient as in a run: the mean of four is that of patients 0 to 3 as traced one by one.
    cohort = read_cohort(path, tutorial, columns={"weight_kg": "KG", "patient": "id"})
    ran = sim.run(tutorial, patients=4, cohort=cohort).outcomes
    traced = [sim.trace(tutorial, number, cohort=cohort).totals["primary"]["ig_grams"] for number in range(4)]
    assert np.mean(traced) == pytest.approx(ran.mean("ig_grams")[1], rel=1e-12)


def test_a_trace_of_a_cohort_that_cannot_be_read_ends_with_status_2(igsim: Igsim, write: Write) -> None:
    said = igsim("trace", TUTORIAL, "--cohort", write("weight_kg\n-3\n"))
    assert said.status == 2
    assert "must be more than 0 and at most 400 kg" in said.err
    assert igsim("trace", TUTORIAL, "--column", "weight_kg=KG").status == 2
