"""Parameters to a sheet and back: the same scenario, comments and order kept; faults are named by their cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

import sim
from sim.errors import TableError
from sim.report.workbook.changes import read_changes, write_scenario
from sim.report.workbook.parameters import COLUMNS, export_parameters
from tests.run_folders import BASE_CASE, SCENARIOS, TUTORIAL

Edit = Callable[[openpyxl.worksheet.worksheet.Worksheet, dict[str, int]], None]
PRICE, EFFECT = "immunoglobulin.price_per_gram", "immunoglobulin.hr.grade_3plus"


def sheet_of(scenario: Path, folder: Path, edit: Edit | None = None) -> Path:
    """The parameter sheet of a scenario, edited: the edit gets the sheet and input to row."""
    path = export_parameters(sim.load(scenario), folder / "parameters.xlsx")
    if edit is not None:
        book = openpyxl.load_workbook(path)
        sheet = book["Parameters"]
        edit(sheet, {line[0].value: line[0].row for line in sheet.iter_rows(min_row=2)})
        book.save(path)
    return path


def put(sheet, row: int, **values: object) -> None:
    for key, value in values.items():
        sheet.cell(row, COLUMNS.index(key.replace("_", " ")) + 1).value = value


@pytest.mark.parametrize("name", ["base-case", "tutorial", "bcma-italy", "structural-alternatives"])
def test_an_untouched_sheet_gives_the_same_file_back(name: str, tmp_path: Path):
    scenario = SCENARIOS / f"{name}.toml"
    text = scenario.read_text()
    for source in SCENARIOS.glob("*.toml"):
        (tmp_path / source.name).write_text(source.read_text())
    found = read_changes(sheet_of(scenario, tmp_path), tmp_path / f"{name}.toml")
    assert found.changes == ()
    output = write_scenario(found, tmp_path / f"{name}.toml", tmp_path / "back.toml")
    assert output.read_text() == text


def test_changes_are_listed_by_cell_and_touch_only_their_lines(tmp_path: Path):
    def edit(sheet, rows):
        put(sheet, rows[PRICE], value=80)
        put(sheet, rows["infections.off_treatment_multiplier"], dist="beta", se=0.1)
        put(sheet, rows["patients.agents.talquetamab"], source="")

    found = read_changes(sheet_of(BASE_CASE, tmp_path, edit), BASE_CASE)
    told = [f"{change.path} {change.key} {change.before}>{change.after}" for change in found.changes]
    assert [line.split(" assumption")[0] for line in told] == [
        "patients.agents.talquetamab source",
        "infections.off_treatment_multiplier dist pert>beta",
        "infections.off_treatment_multiplier se >0.1",
        f"{PRICE} value 100>80",
    ]
    output = write_scenario(found, BASE_CASE, tmp_path / "new.toml")
    old, new = BASE_CASE.read_text().splitlines(), output.read_text().splitlines()
    changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert len(changed) == 3
    assert changed[2][1] == changed[2][0].replace("value = 100", "value = 80")
    assert 'dist = "beta", se = 0.1, range = [0, 1]' in changed[1][1]
    again = sim.load(output)
    assert again.digest == found.scenario.digest
    assert again.immunoglobulin.price_per_gram.value == 80


def test_a_plain_number_stays_plain_and_grows_where_it_must(tmp_path: Path):
    scenario = tmp_path / "plain.toml"
    line = next(each for each in TUTORIAL.read_text().splitlines() if each.startswith("frailty_variance"))
    scenario.write_text(TUTORIAL.read_text().replace(line, "frailty_variance = 0.5  # mine"))
    found = read_changes(
        sheet_of(scenario, tmp_path, lambda s, r: put(s, r["patients.frailty_variance"], value=0.7)), scenario
    )
    assert "frailty_variance = 0.7  # mine\n" in write_scenario(found, scenario, tmp_path / "a.toml").read_text()

    def uncertain(sheet, rows):
        put(sheet, rows["patients.frailty_variance"], dist="gamma", se=0.2, source="a cohort")

    found = read_changes(sheet_of(scenario, tmp_path, uncertain), scenario)
    written = write_scenario(found, scenario, tmp_path / "b.toml").read_text()
    assert 'dist = "gamma", se = 0.2, source = "a cohort" }' in written
    assert "# mine" in written


def test_what_is_inherited_is_stated_in_the_file_that_extends(tmp_path: Path):
    (tmp_path / "base-case.toml").write_text(BASE_CASE.read_text())
    mine = tmp_path / "mine.toml"
    mine.write_text('# my changes\nextends = "base-case.toml"\nformat = 1\ntitle = "Mine"\n')

    def edit(sheet, rows):
        put(sheet, rows[PRICE], value=80)
        put(sheet, rows["patients.weight_kg.mean"], value=70)

    found = read_changes(sheet_of(mine, tmp_path, edit), mine)
    output = write_scenario(found, mine, tmp_path / "new.toml")
    again = sim.load(output)
    assert again.digest == found.scenario.digest
    assert (again.immunoglobulin.price_per_gram.value, again.patients.weight_kg.mean.value) == (80, 70)
    assert output.read_text().startswith("# my changes\n")
    assert again.title == "Mine"


@pytest.mark.parametrize(
    ("values", "where", "allowed"),
    [
        ({"value": "=A1*2"}, "B", "not a formula"),
        ({"value": "much"}, "B", "must be a number"),
        ({"value": None}, "B", "must be a number"),
        ({"value": -1}, "B", "must be 0 or more"),
        ({"unit": "EUR per gram"}, "C", "USD per gram"),
        ({"dist": "weibull"}, "D", "must be one of"),
        ({"dist": "lognormal", "se": None}, "E", "lognormal needs ci"),
        ({"range_low": None}, "H", "must be filled"),
        ({"range_low": 120}, "H", "must contain the value"),
        ({"se": True}, "G", "must be a number"),
    ],
)
def test_what_cannot_be_meant_is_named_by_its_cell(values, where: str, allowed: str, tmp_path: Path):
    place: dict[str, int] = {}

    def edit(sheet, rows):
        place.update(rows)
        put(sheet, rows[PRICE], **values)

    with pytest.raises(TableError) as caught:
        read_changes(sheet_of(BASE_CASE, tmp_path, edit), BASE_CASE)
    found = [problem for problem in caught.value.problems if allowed in problem.allowed]
    assert [problem.place for problem in found] == [f"Parameters!{where}{place[PRICE]} ({PRICE})"]


def test_all_faults_are_named_at_once_and_rows_must_be_those_of_the_scenario(tmp_path: Path):
    def edit(sheet, rows):
        put(sheet, rows[PRICE], value="much")
        put(sheet, rows[EFFECT], value="little")

    with pytest.raises(TableError) as caught:
        read_changes(sheet_of(BASE_CASE, tmp_path, edit), BASE_CASE)
    assert len(caught.value.problems) == 2

    def rename(sheet, rows):
        put(sheet, rows[PRICE], input="immunoglobulin.price_per_gramme")
        put(sheet, rows[EFFECT], input="immunoglobulin.hr.grade_1_2")

    with pytest.raises(TableError) as caught:
        read_changes(sheet_of(BASE_CASE, tmp_path, rename), BASE_CASE)
    said = str(caught.value)
    assert "price_per_gramme" in said
    assert "is there already" in said
    assert f"no row of {PRICE}" in said


def test_a_sheet_of_another_scenario_or_no_workbook_is_refused(tmp_path: Path):
    with pytest.raises(TableError, match="another state of the scenario"):
        read_changes(sheet_of(BASE_CASE, tmp_path), _with_other_price(tmp_path))
    for content in (b"", b"PK\x03\x04 no zip", b"a,b\n1,2\n"):
        (tmp_path / "no.xlsx").write_bytes(content)
        with pytest.raises(TableError, match="Excel workbook"):
            read_changes(tmp_path / "no.xlsx", BASE_CASE)
    empty = openpyxl.Workbook()
    empty.save(tmp_path / "empty.xlsx")
    with pytest.raises(TableError, match="one named Parameters"):
        read_changes(tmp_path / "empty.xlsx", BASE_CASE)


def _with_other_price(folder: Path) -> Path:
    path = folder / "other.toml"
    path.write_text(BASE_CASE.read_text().replace("price_per_gram = { value = 100", "price_per_gram = { value = 90"))
    return path


def test_a_negative_zero_is_a_zero(tmp_path: Path):
    """Excel keeps one where a formula gave it; found by generated edits."""
    found = read_changes(
        sheet_of(TUTORIAL, tmp_path, lambda sheet, rows: put(sheet, rows["immunoglobulin.adherence"], value=-0.0)),
        TUTORIAL,
    )
    assert [f"{change.path} {change.before}>{change.after}" for change in found.changes] == [
        "immunoglobulin.adherence 1>0"
    ]
    output = write_scenario(found, TUTORIAL, tmp_path / "new.toml")
    assert sim.load(output).digest == found.scenario.digest
