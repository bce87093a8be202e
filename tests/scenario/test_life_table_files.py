"""Life tables as a user writes them, beside the scenario or in it, and those that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.build import compile_model
from sim.errors import ScenarioError
from sim.scenario import Scenario, from_tables, load, shipped_scenarios

VALID = Path(__file__).parent / "faults" / "valid.toml"
TABLE = "# remarks\n\nage,female,male\n50,0.1,0.2\n51,0.3,0.4\n"
AGED = """
[patients]
age_years = { distribution = "normal", mean = 60, sd = 5, min = 50, max = 70 }
male_proportion = 0.5
"""
NAMED = '[treatment.life_table]\nfile = "table.csv"\nhazard_multiplier = 2\nsource = "assumption: made up"\n'


def scenario(tmp_path: Path, text: str, table: str | bytes | None = TABLE) -> Path:
    """A scenario that extends the valid one, with a table beside it."""
    (tmp_path / "valid.toml").write_bytes(VALID.read_bytes())
    if table is not None:
        (tmp_path / "table.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    path = tmp_path / "x.toml"
    path.write_text('extends = "valid.toml"\nformat = 1\n' + text)
    return path


def faults(path: Path, overrides: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(path, overrides=overrides)
    return [f"{problem.place}: {problem.found}; {problem.allowed}" for problem in caught.value.problems]


@pytest.fixture
def aged(tmp_path: Path) -> Scenario:
    return load(scenario(tmp_path, AGED + NAMED))


def test_a_probability_a_year_becomes_a_rate_a_month_by_sex(aged: Scenario) -> None:
    """-ln(1 - q) x 2 / 12; women first."""
    table = compile_model(aged).treatment.life_table
    assert table is not None
    assert table.first_age == 50
    assert table.rate == pytest.approx(-np.log([[0.9, 0.7], [0.8, 0.6]]) / 6, rel=1e-12)


def test_the_table_is_part_of_what_the_scenario_is(aged: Scenario, tmp_path: Path) -> None:
    assert aged.beside == ("table.csv",)
    again = from_tables(aged.resolved())
    assert again.digest == aged.digest
    assert again.treatment.life_table == aged.treatment.life_table
    other = load(scenario(tmp_path, AGED + NAMED, TABLE.replace("0.4", "0.5")))
    assert other.digest != aged.digest


def test_a_table_may_stand_in_the_scenario_itself(tmp_path: Path, aged: Scenario) -> None:
    rows = "annual_probability = [[50, 0.2, 0.1], [51, 0.4, 0.3]]"
    stated = load(scenario(tmp_path, AGED + NAMED.replace('file = "table.csv"', rows)))
    assert stated.treatment.life_table is not None
    assert aged.treatment.life_table is not None
    assert stated.treatment.life_table.annual_probability == aged.treatment.life_table.annual_probability


def test_the_file_may_be_named_on_the_command_line(tmp_path: Path) -> None:
    path = scenario(tmp_path, AGED + NAMED)
    (tmp_path / "other.csv").write_text("age,male,female\n49,0.01,0.02\n")
    found = load(path, overrides={"treatment.life_table.file": "other.csv"}).treatment.life_table
    assert found is not None
    assert found.annual_probability == ((49, 0.01, 0.02),)


def test_tables_in_memory_keep_the_table_they_were_read_with(aged: Scenario) -> None:
    with pytest.raises(ScenarioError, match="only where the scenario is read from its file"):
        from_tables(aged.resolved(), overrides={"treatment.life_table.file": "other.csv"})


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("", ["the file: ; must begin with the names of the columns: age, male, female"]),
        ("age,male\n50,0.1\n", ["the file: age, male; must begin with the names of the columns: age, male, female"]),
        ("age,male,female\n", ["the file: no ages; needs at least one"]),
        (
            "age,male,female\n50,1.2,0.1\n51.5,0.1,x\n",
            [
                "line 2, column male: '1.2'; must be an annual probability of death, from 0 to less than 1",
                "line 3, column age: '51.5'; must be completed years of life, a whole number from 0 to 120",
                "line 3, column female: 'x'; must be a number, with a decimal point",
            ],
        ),
        (
            "age,male,female\n50,0.1,1\n",
            [
                "line 2, column female: '1'; must be an annual probability of death, from 0 to less than 1; leave "
                "out a last row of 1, the last age stands for all later ones"
            ],
        ),
        ("age,male,female\n50,0.1\n", ["line 2: 2 cells; must have 3: age, male, female"]),
        ("age,male,female\n50,nan,0.1\n", ["line 2, column male: 'nan'; must be a number, with a decimal point"]),
        (
            "age,male,female\n50,0.1,0.1\n# gap\n52,0.1,0.1\n",
            ["line 4, column age: 52; must be the next age, 51"],
        ),
        (
            b"age,male,female\n50,\xff,0.1\n",
            ["treatment.life_table.file: 'table.csv'; cannot be read: is not UTF-8 text"],
        ),
        (None, ["treatment.life_table.file: 'table.csv'; cannot be read: No such file or directory"]),
    ],
)
def test_a_file_that_is_no_life_table_is_refused_by_line(
    tmp_path: Path, table: str | bytes | None, wanted: list[str]
) -> None:
    found = faults(scenario(tmp_path, AGED + NAMED, table))
    assert [text.replace('"', "'") for text in found] == wanted


@pytest.mark.parametrize(
    ("text", "overrides", "wanted"),
    [
        (
            NAMED,
            {},
            [
                "patients.age_years: ; is missing; treatment.life_table needs it",
                "patients.male_proportion: ; is missing; treatment.life_table needs it",
            ],
        ),
        (
            AGED.replace("min = 50", "min = 49") + NAMED,
            {},
            ["patients.age_years.min: 49; must be 50 or more, the first age of treatment.life_table"],
        ),
        (
            AGED + NAMED,
            {"patients.age_years": {"distribution": "fixed", "value": 20}},
            ["patients.age_years.value: 20; must be 50 or more, the first age of treatment.life_table"],
        ),
        (
            AGED + NAMED,
            {"treatment.life_table.file": "../table.csv"},
            [
                "treatment.life_table.file: '../table.csv'; must name a file in the scenario's folder or below, "
                "without .., drive or leading /"
            ],
        ),
        (
            AGED + NAMED,
            {"treatment.life_table.file": "table.xlsx"},
            ["treatment.life_table.file: 'table.xlsx'; must end in .csv"],
        ),
        (
            AGED + NAMED + "annual_probability = [[50, 0.1, 0.1]]\n",
            {},
            [
                "treatment.life_table.file: 'table.csv'; must not stand beside annual_probability: state the "
                "table or its file"
            ],
        ),
        (
            AGED + NAMED.replace('file = "table.csv"', "annual_probability = [[50, 0.1, 1.5], [51, 0, 0]]"),
            {},
            [
                "treatment.life_table.annual_probability.1.3: 1.5; must be an annual probability of death, from 0 "
                "to less than 1"
            ],
        ),
        (
            AGED + NAMED.replace('file = "table.csv"', "annual_probability = [[50, 0.1, 0.1], [50, 0, 0]]"),
            {},
            ["treatment.life_table.annual_probability.2.1: 50; must be the next age, 51"],
        ),
        (
            AGED + NAMED.replace('file = "table.csv"\n', ""),
            {},
            ["treatment.life_table.annual_probability: ; is missing"],
        ),
    ],
)
def test_ages_and_table_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, text: str, overrides: dict[str, object], wanted: list[str]
) -> None:
    assert [line.replace('"', "'") for line in faults(scenario(tmp_path, text), overrides)] == wanted


def test_age_and_sex_may_be_correlated_where_the_scenario_has_them(tmp_path: Path) -> None:
    joined = 'correlations = [{ between = ["male", "age_years"], value = -0.1 }]\n'
    factor = compile_model(load(scenario(tmp_path, AGED + joined))).population.correlation_factor
    assert factor is not None
    assert factor[7, 6] == -0.1
    (fault, _) = faults(scenario(tmp_path, "[patients]\n" + joined))
    assert fault.startswith(
        'patients.correlations.1.between.1: "male"; must name an attribute of this scenario: weight'
    )


def test_only_the_english_scenario_has_a_life_table_and_the_others_no_ages() -> None:
    for name, path in shipped_scenarios().items():
        read = load(path)
        assert (read.treatment.life_table is not None) == (name == "bcma-uk-nice"), name
        assert (read.patients.age_years is not None) == (name == "bcma-uk-nice"), name


def test_the_english_scenario_has_the_life_expectancy_at_65_that_the_office_published() -> None:
    table = load(shipped_scenarios()["bcma-uk-nice"]).treatment.life_table
    assert table is not None
    assert table.annual_probability is not None
    rows = np.array(table.annual_probability)
    ages, dying = rows[:, 0], rows[:, 1:]
    assert (ages[0], ages[-1]) == (40, 100)
    alive = np.vstack([np.ones(2), np.cumprod(1 - dying[ages >= 65], axis=0)])
    after_100 = alive[-1] / -np.log1p(-dying[-1])
    # Deaths fall in the middle of a year; UK 2017 to 2019: men 18.8, women 21.1 more years.
    assert np.round((alive[:-1] + alive[1:]).sum(axis=0) / 2 + after_100, 1).tolist() == [18.8, 21.1]


def test_a_table_that_cannot_be_read_hides_no_other_fault(tmp_path: Path) -> None:
    found = faults(scenario(tmp_path, AGED + NAMED + "\n[igg]\nassay_cv = -1\n", table=None))
    assert sorted(text.split(":")[0] for text in found) == ["igg.assay_cv", "treatment.life_table.file"]
