"""Cohorts that are played: the given attributes are taken as they are, and nothing else changes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.build import compile_model
from sim.cohort import Cohort, read_cohort
from sim.engines import numpy_engine, simpy_engine
from sim.engines.log import first_difference
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck
from tests.cohort.conftest import Write

# Attribute of a cohort to field of the baseline.
FIELDS = {
    "weight_kg": "weight_kg",
    "igg_polyclonal_mg_dl": "igg_mg_dl",
    "iga_mg_dl": "iga_mg_dl",
    "igm_mg_dl": "igm_mg_dl",
    "m_protein_mg_dl": "m_protein_mg_dl",
    "frailty": "frailty",
    "anti_cd38": "anti_cd38",
    "responder": "responder",
}

FOUR = """patient,WEIGHT,igg_polyclonal_mg_dl,m_protein_mg_dl,agent,anti_cd38,responder,frailty,HBV,sex
D-17,70.5,320,0,talquetamab,yes,no,1,yes,f
D-02,88,900,2400.25,teclistamab,0,1,3.5,no,m
D-03,51,61,0,linvoseltamab,TRUE,False,0.2,No,f
D-04,103,1500,10,elranatamab,1,0,1,YES,m
"""


def written_out(model: ClinicalModel, who: Baseline) -> pd.DataFrame:
    """A drawn baseline as a table of patients."""
    frame = pd.DataFrame({name: getattr(who, attribute) for name, attribute in FIELDS.items()})
    frame["agent"] = [model.agents[index].name for index in who.agent]
    for name, is_positive in zip(model.population.serostatus, who.positive, strict=True):
        frame[name] = np.where(is_positive, "yes", "no")
    return frame


def save(frame: pd.DataFrame, path: Path) -> Path:
    """The table in the format of the file's ending, every number with all its digits."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        text = frame.map(lambda cell: repr(float(cell)) if isinstance(cell, float) else str(cell))
        text.to_csv(path, index=False, sep=";")
    return path


def baseline(scenario: Scenario, cohort: Cohort | None, n_patients: int, seed: int = 5) -> Baseline:
    model = compile_model(scenario)
    joined = model if cohort is None else cohort.join(model)
    return draw_baseline(joined, AddressedLuck(seed), np.arange(n_patients))


@pytest.fixture
def four(write: Write, base_case: Scenario) -> Cohort:
    return read_cohort(write(FOUR), base_case, columns={"weight_kg": "WEIGHT"})


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.parquet"])
def test_the_drawn_patients_written_out_and_read_back_give_the_run_bit_for_bit(
    base_case: Scenario, tmp_path: Path, name: str
) -> None:
    model, seed = compile_model(base_case), 11
    who = draw_baseline(model, AddressedLuck(seed), np.arange(150))
    cohort = read_cohort(save(written_out(model, who), tmp_path / name), base_case)
    assert cohort.drawn == ()
    drawn = sim.run(base_case, patients=150, seed=seed)
    given = sim.run(base_case, seed=seed, cohort=cohort)
    assert given.patients == 150
    pd.testing.assert_frame_equal(given.outcomes.frame(), drawn.outcomes.frame(), check_exact=True)
    pd.testing.assert_frame_equal(given.table(), drawn.table(), check_exact=True)


def test_a_workbook_gives_the_patients_up_to_the_digits_it_holds(base_case: Scenario, tmp_path: Path) -> None:
    """The library that writes this one keeps 16 significant digits, one fewer than tell all floats apart."""
    model = compile_model(base_case)
    who = draw_baseline(model, AddressedLuck(11), np.arange(150))
    written_out(model, who).to_excel(tmp_path / "p.xlsx", index=False)
    read = baseline(base_case, read_cohort(tmp_path / "p.xlsx", base_case), 150, seed=11)
    for field in fields(Baseline):
        left, right = getattr(read, field.name), getattr(who, field.name)
        np.testing.assert_allclose(left, right, rtol=1e-14, err_msg=field.name)


def test_one_altered_cell_alters_the_run(base_case: Scenario, tmp_path: Path) -> None:
    model = compile_model(base_case)
    frame = written_out(model, draw_baseline(model, AddressedLuck(11), np.arange(150)))
    frame.loc[40, "weight_kg"] += 1
    cohort = read_cohort(save(frame, tmp_path / "p.csv"), base_case)
    drawn, given = (sim.run(base_case, patients=150, seed=11, cohort=people).outcomes for people in (None, cohort))
    assert given.mean("ig_grams")[1] > drawn.mean("ig_grams")[1]
    np.testing.assert_array_equal(given.mean("infections_any"), drawn.mean("infections_any"))


def test_each_row_becomes_the_patient_it_describes(base_case: Scenario, four: Cohort) -> None:
    who = baseline(base_case, four, 4)
    assert four.rows == 4
    assert four.identifiers == ("D-17", "D-02", "D-03", "D-04")
    assert who.weight_kg.tolist() == [70.5, 88, 51, 103]
    assert who.igg_mg_dl.tolist() == [320, 900, 61, 1500]
    assert who.m_protein_mg_dl.tolist() == [0, 2400.25, 0, 10]
    assert who.frailty.tolist() == [1, 3.5, 0.2, 1]
    assert [list(base_case.agents)[index] for index in who.agent] == [
        "talquetamab",
        "teclistamab",
        "linvoseltamab",
        "elranatamab",
    ]
    assert [list(base_case.targets)[index] for index in who.target] == ["GPRC5D", "BCMA", "BCMA", "BCMA"]
    assert who.anti_cd38.tolist() == [True, False, True, True]
    assert who.responder.tolist() == [False, True, False, False]
    assert who.positive[list(base_case.patients.serostatus).index("hbv")].tolist() == [True, False, False, True]


def test_what_has_no_column_and_all_other_luck_is_drawn_as_without_a_cohort(
    base_case: Scenario, four: Cohort
) -> None:
    assert four.drawn == ("iga_mg_dl", "igm_mg_dl", "cmv", "herpes")
    assert four.left_alone == ("sex",)
    assert four.columns == {
        "patient": "patient",
        "weight_kg": "WEIGHT",
        **{name: name for name in ("igg_polyclonal_mg_dl", "m_protein_mg_dl", "frailty", "agent")},
        **{"anti_cd38": "anti_cd38", "responder": "responder", "hbv": "HBV"},
    }
    given, drawn = baseline(base_case, four, 9), baseline(base_case, None, 9)
    for name in ("iga_mg_dl", "igm_mg_dl", "death_hazard", "harm_delay", "harm", "crs_mark", "icans_mark"):
        np.testing.assert_array_equal(getattr(given, name), getattr(drawn, name), err_msg=name)
    names = list(base_case.patients.serostatus)
    for name in ("cmv", "herpes"):
        np.testing.assert_array_equal(given.positive[names.index(name)], drawn.positive[names.index(name)])


def test_rows_are_taken_again_from_the_first_with_luck_of_their_own(base_case: Scenario, four: Cohort) -> None:
    who = baseline(base_case, four, 10)
    assert who.weight_kg.tolist() == [70.5, 88, 51, 103, 70.5, 88, 51, 103, 70.5, 88]
    assert np.unique(who.death_hazard).size == 10
    later = draw_baseline(four.join(compile_model(base_case)), AddressedLuck(5), np.arange(6, 10))
    np.testing.assert_array_equal(later.weight_kg, who.weight_kg[6:])
    assert sim.run(base_case, cohort=four).patients == 4
    assert sim.run(base_case, cohort=four, patients=10).patients == 10


def test_rows_in_another_order_are_the_same_people_with_one_anothers_luck(
    base_case: Scenario, write: Write, four: Cohort
) -> None:
    header, *rows = FOUR.splitlines()
    order = [2, 0, 3, 1]
    path = write("\n".join([header, *(rows[i] for i in order)]), "shuffled.csv")
    shuffled = read_cohort(path, base_case, columns={"weight_kg": "WEIGHT"})
    before, after = baseline(base_case, four, 4), baseline(base_case, shuffled, 4)
    for name in ("weight_kg", "igg_mg_dl", "m_protein_mg_dl", "frailty", "agent", "anti_cd38", "responder"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name)[order], err_msg=name)
    np.testing.assert_array_equal(after.positive[0], before.positive[0][order])
    for name in ("death_hazard", "harm_delay", "crs_mark", "icans_mark", "iga_mg_dl"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), err_msg=name)


def test_the_identifier_is_no_luck(base_case: Scenario, write: Write, four: Cohort) -> None:
    renamed = read_cohort(write(FOUR.replace("D-", "E-9")), base_case, columns={"weight_kg": "WEIGHT"})
    assert renamed.identifiers != four.identifiers
    before, after = baseline(base_case, four, 4), baseline(base_case, renamed, 4)
    for field in fields(Baseline):
        np.testing.assert_array_equal(getattr(after, field.name), getattr(before, field.name), err_msg=field.name)


def test_both_engines_give_equal_logs_on_a_cohort(base_case: Scenario, four: Cohort) -> None:
    model, luck, patient = four.join(compile_model(base_case)), AddressedLuck(5), np.arange(60)
    fast, slow = numpy_engine.event_log(model, luck, patient), simpy_engine.event_log(model, luck, patient)
    assert first_difference(fast, slow) is None
    assert first_difference(fast, numpy_engine.event_log(compile_model(base_case), luck, patient)) is not None
    tables = [sim.run(base_case, cohort=four, patients=60, engine=engine).table() for engine in ("numpy", "simpy")]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_an_antimicrobial_for_a_serostatus_is_taken_by_the_positive_of_the_cohort_alone(
    base_case: Scenario, write: Write
) -> None:
    model = compile_model(base_case)
    (drug,) = (m for m, drug in enumerate(model.antimicrobials) if drug.name == "hbv_prophylaxis")
    for cell, some in (("yes", True), ("no", False)):
        cohort = read_cohort(write(f"hbv\n{cell}\n"), base_case)
        assert baseline(base_case, cohort, 200).takes[drug].any() == some


def test_the_weight_of_a_cohort_sets_the_grams(base_case: Scenario, write: Write) -> None:
    """With a patient of twice the weight every infusion has twice the grams, whole vials apart."""
    grams = []
    for weight in (50, 100):
        cohort = read_cohort(write(f"weight_kg\n{weight}\n"), base_case)
        model = cohort.join(compile_model(base_case))
        log = numpy_engine.event_log(model, AddressedLuck(3), np.arange(40)).frame(model)
        grams.append(log.loc[log["event"] == "infusion", "value"])
    vial = base_case.immunoglobulin.vial_size_g.value
    dose = base_case.immunoglobulin.dose_g_per_kg.value
    for weight, given in zip((50, 100), grams, strict=True):
        exact = weight * dose
        assert ((given >= exact - 1e-9) & (given <= exact + vial)).all()
    assert grams[0].size == grams[1].size > 0


def test_a_column_with_nearly_the_name_of_a_drawn_attribute_is_pointed_out(base_case: Scenario, write: Write) -> None:
    header = "weight_kg,IgG,CMV_status,ant_cd38,age,gender,weight"
    cohort = read_cohort(write(header + "\n70,300,no,1,66,f,154\n"), base_case)
    assert cohort.left_alone == ("IgG", "CMV_status", "ant_cd38", "age", "gender", "weight")
    assert cohort.lookalikes == {"IgG": "igg_polyclonal_mg_dl", "CMV_status": "cmv", "ant_cd38": "anti_cd38"}


def test_the_package_offers_cohorts_by_name(base_case: Scenario, write: Write) -> None:
    cohort = sim.read_cohort(write("W\n70\n"), base_case, columns={"weight_kg": "W"})
    assert isinstance(cohort, sim.Cohort)
    assert sim.run(base_case, cohort=cohort).cohort is cohort
