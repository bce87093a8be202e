"""Ages and sexes of real patients, for scenarios that have them."""

from __future__ import annotations

import numpy as np
import pytest

from sim.build import compile_model
from sim.cohort import read_cohort
from sim.errors import TableError
from sim.population import draw_baseline
from sim.scenario import Scenario, load
from sim.streams import AddressedLuck
from tests.cohort.conftest import SCENARIOS, Write

TABLE = "age_years,sex\n71.5,M\n64,female\n50,f\n"


@pytest.fixture(scope="module")
def english() -> Scenario:
    """Its life table begins at 40."""
    return load(SCENARIOS / "bcma-uk-nice.toml")


def test_age_and_sex_are_taken_as_they_are(english: Scenario, write: Write) -> None:
    cohort = read_cohort(write(TABLE), english)
    who = draw_baseline(cohort.join(compile_model(english)), AddressedLuck(1), np.arange(4))
    assert who.age_years.tolist() == [71.5, 64.0, 50.0, 71.5]
    assert who.male.tolist() == [True, False, False, True]
    assert not {"age_years", "sex"} & {*cohort.drawn}


def test_without_columns_they_are_drawn(english: Scenario, write: Write) -> None:
    cohort = read_cohort(write("weight_kg,age\n60,50\n"), english)
    assert {"age_years", "sex"} < {*cohort.drawn}
    assert cohort.lookalikes == {"age": "age_years"}
    model, luck, patient = compile_model(english), AddressedLuck(1), np.arange(50)
    joined, drawn = draw_baseline(cohort.join(model), luck, patient), draw_baseline(model, luck, patient)
    assert joined.age_years.tolist() == drawn.age_years.tolist()
    assert joined.male.tolist() == drawn.male.tolist()


def test_a_scenario_without_ages_leaves_the_columns_alone(tutorial: Scenario, write: Write) -> None:
    cohort = read_cohort(write("weight_kg,age_years,sex\n60,50,1\n"), tutorial)
    assert cohort.left_alone == ("age_years", "sex")
    assert not {"age_years", "sex"} & {*cohort.drawn}


def test_ages_outside_the_life_table_and_other_sexes_are_refused(english: Scenario, write: Write) -> None:
    with pytest.raises(TableError) as caught:
        read_cohort(write("age_years,sex\n39.9,m\n121,x\n70,\n"), english)
    assert [(problem.place, problem.allowed) for problem in caught.value.problems] == [
        ("row 2, column age_years", "must be from 40 to 120 years"),
        ("row 3, column age_years", "must be from 40 to 120 years"),
        ("row 3, column sex", "male or female (m or f)"),
        (
            "row 4, column sex",
            "male or female (m or f); complete the value, leave the patient out, or leave the column out to have it "
            "drawn",
        ),
    ]


def test_a_cohort_read_without_the_life_table_does_not_fit_one_with_it(
    english: Scenario, tutorial: Scenario, write: Write
) -> None:
    older = load(
        SCENARIOS / "bcma-uk-nice.toml",
        overrides={
            "patients.age_years": {"distribution": "fixed", "value": 70},
            "treatment.life_table": {
                "annual_probability": [[65, 0.1, 0.1]],
                "hazard_multiplier": 1,
                "source": "assumption: made up",
            },
        },
    )
    assert not read_cohort(write(TABLE), english).fits(older)
