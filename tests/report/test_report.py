"""The report of a run folder: complete, true to its tables, offline, printable, and deaf to markup in a scenario."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

import sim
import sim.scenario
from sim.cli import build_app
from sim.errors import IgsimError, UsageError
from sim.report.page.cheers import ITEMS, cheers_section
from sim.report.page.folder import open_folder
from sim.report.page.parts import Plot
from sim.report.page.run_results import lead_sentences
from sim.report.page.validation import own_checks
from sim.report.page.write import MOST_BYTES, report_sections
from sim.report.text import number, with_error
from sim.report.workbook.run_workbook import write_run_workbook
from tests.browser import ARGUMENTS, chromium, needs_chromium
from tests.run_folders import COMMANDS, TUTORIAL

EVIL = '</script><script>document.title="pwned"</script><img src=x onerror="document.title=1"><b>bold</b>{{7*7}}%{x}'
PRINTED_WIDTH, PRINTED_HEIGHT = 681, 1010
"""Pixels of the printed area of A4 with 15 mm margins at 96 to the inch, rounded up."""


@contextmanager
def opened(file: Path, width: int = 1280) -> Iterator[tuple[object, list[str], list[str]]]:
    """The file in a browser without a network: the page, what it said, and what it asked for beside itself."""
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        page = browser.new_context(offline=True, viewport={"width": width, "height": 900}).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(240_000)
        page.goto(file.as_uri(), wait_until="commit")
        page.wait_for_selector("html[data-drawn]", state="attached")
        yield page, said, [url for url in asked if url != file.as_uri()]
        browser.close()


@pytest.fixture(scope="module")
def both(folder_of, tmp_path_factory) -> Path:
    """The report of a run with its probabilistic analysis."""
    output = tmp_path_factory.mktemp("report") / "report.html"
    return sim.write_report([folder_of("run"), folder_of("psa")], output)


@pytest.fixture(scope="module")
def seen(both: Path) -> dict[str, object]:
    """What a browser makes of it, on the screen and in print."""
    with opened(both) as (page, said, asked):
        facts: dict[str, object] = {
            "drawn": page.evaluate(
                "[...document.querySelectorAll('.drawing')].map(d => !!d.querySelector('.main-svg'))"
            ),
            "wide": page.evaluate("document.documentElement.scrollWidth"),
        }
        page.set_viewport_size({"width": 680, "height": 1000})
        page.emulate_media(media="print")
        facts["boxes"] = page.evaluate(
            "[...document.querySelectorAll('.drawing .main-svg')].map(d => d.getBoundingClientRect())"
            ".map(r => [r.right - document.querySelector('main').getBoundingClientRect().left, r.height])"
        )
        facts["tables"] = page.evaluate(
            "[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right)"
        )
        facts["menu"] = page.evaluate("getComputedStyle(document.querySelector('nav')).display")
        facts["pdf"] = page.pdf(prefer_css_page_size=True)
    return facts | {"said": said, "asked": asked}


@needs_chromium
def test_it_opens_offline_draws_every_figure_and_says_nothing(both: Path, seen):
    assert len(seen["drawn"]) > 20
    assert all(seen["drawn"])
    assert (seen["said"], seen["asked"]) == ([], [])
    assert seen["wide"] <= 1280, "nothing hangs out of the window"
    assert both.stat().st_size < MOST_BYTES
    assert both.read_text().count("plotly.js v") == 1, "the library is there once"


@needs_chromium
def test_printed_figures_and_tables_fit_the_page_and_there_is_no_menu(seen):
    assert max(right for right, _ in seen["boxes"]) <= PRINTED_WIDTH
    assert max(height for _, height in seen["boxes"]) <= PRINTED_HEIGHT
    assert max(seen["tables"]) <= PRINTED_WIDTH, "no table is cut at the margin"
    assert seen["menu"] == "none"
    assert seen["pdf"].startswith(b"%PDF")


@needs_chromium
def test_hostile_text_of_a_scenario_is_shown_as_text(tmp_path: Path):
    overrides = {
        "title": EVIL,
        "description": EVIL,
        "analysis.country": "=1+1" + EVIL,
        "strategies.none.label": EVIL,
        "infections.off_treatment_multiplier": f"{{value = 0.5, source = {json.dumps('assumption: ' + EVIL)}}}",
    }
    settings = [part for path, value in overrides.items() for part in ("--set", f"{path}={value}")]
    done = CliRunner().invoke(
        build_app(), ["run", str(TUTORIAL), "--patients", "50", "--out", str(tmp_path), *settings]
    )
    assert done.exit_code == 0, done.output
    (folder,) = tmp_path.glob("*/*")
    file = sim.write_report([folder], tmp_path / "hostile.html")
    with opened(file) as (page, said, asked):
        title, text = page.title(), page.inner_text("main")
        images = page.evaluate("document.querySelectorAll('main img').length")
        bold = page.evaluate("[...document.querySelectorAll('main b')].length")
    assert (said, asked, images, bold) == ([], [], 0, 0)
    assert title == EVIL
    assert text.count("<img src=x onerror=") >= 4
    assert "{{7*7}}" in text


class Seen(HTMLParser):
    """Elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.handlers: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_texts_are_texts_in_programmes_trials_and_the_value_of_information(tmp_path: Path):
    """In the report and in every sheet of the workbook; figures are held to the same in tests/figures."""
    evil = "=1+1" + EVIL
    few = {"capacity": (), "voi": ("--draws", 50, "--patients", 50), "trial": ("--trial", "planned")}
    folders = []
    for kind, more in few.items():
        places = ["title", "strategies.primary.label"]
        places += ["programme.arms.first_come.label"] if kind == "capacity" else []
        hostile = [part for place in places for part in ("--set", f"{place}={evil}")]
        command = map(str, [*COMMANDS[kind], *more, *hostile, "--out", tmp_path])
        done = CliRunner().invoke(build_app(), list(command))
        assert done.exit_code == 0, (kind, done.output)
        folders.append(next(folder for folder in tmp_path.glob("*/*") if folder not in folders))
    seen = Seen()
    seen.feed(sim.write_report(folders, tmp_path / "hostile.html").read_text(encoding="utf-8"))
    assert not {"img", "iframe", "b"} & set(seen.elements)
    assert seen.handlers == []
    assert seen.text.count("<img src=x onerror=") >= 4
    book = openpyxl.load_workbook(write_run_workbook(folders, tmp_path / "w.xlsx"))
    cells = [each for sheet in book for line in sheet.iter_rows() for each in line if each.value is not None]
    assert not [each for each in cells if each.data_type == "f"]
    assert any(str(each.value).startswith("=1+1") for each in cells)


METHODS = {
    "run": "This run played 400 patients under every strategy",
    "psa": "The probabilistic analysis drew the 8 of 83 inputs",
    "tornado": "One-way sensitivity: each of the",
    "two_way": "Two-way sensitivity: Price of immunoglobulin, and Hazard ratio of serious infection",
    "price": "Break-even price: Price of immunoglobulin only multiplies one item of cost",
    "threshold": "Threshold: Price of immunoglobulin was moved",
    "sweep": "Sweep: 12 points (every combination) over Price of immunoglobulin; Hazard ratio of serious",
    "one_input": "Sweep: 5 points (every combination) over Price of immunoglobulin. At each",
    "voi": "Value of information, of 60 draws of 8 parameters",
    "capacity": "The programme was played on calendar time",
    "trial": "Virtual trials: each study enrolled",
    "compare": "Comparison: 2 scenarios were played as they stand",
    "cea": "No model of igsim was played: the table was read as it is",
}


@pytest.mark.parametrize("kind", [*COMMANDS, "cea"])
def test_every_command_has_a_report(kind: str, folder_of):
    folder = open_folder(folder_of(kind))
    sections = report_sections([folder])
    keys = [section.key for section in sections]
    assert keys[0] == "summary"
    assert keys[-1] == "origin"
    assert len(keys) == len(set(keys))
    assert sections[0].points
    drawn = [item.name for section in sections for item in section.items if isinstance(item, Plot)]
    assert drawn, "every command has figures"
    (methods,) = [section for section in sections if section.key == "methods"]
    assert METHODS[kind] in methods.paragraphs[-1], "what this kind of analysis did, and no other"
    assert sum(said in " ".join(methods.paragraphs) for said in METHODS.values()) == 1
    if kind != "cea":
        assert {"problem", "methods", "inputs", "cheers", "validation"} <= set(keys)
        (problem,) = [section for section in sections if section.key == "problem"]
        (strategies,) = [grid for grid in problem.items if grid.title == "Strategies compared"]
        assert {"never", "at the first dose"} & {rule for _, _, rule in strategies.rows}
        if kind == "run":
            assert "after an infection of grade ≥ 3; first infusion 14 days later" in {
                rule for _, _, rule in strategies.rows
            }


def test_a_programme_tells_who_paid_in_its_own_numbers(folder_of):
    path = folder_of("capacity")
    folder = open_folder(path)
    sections = {section.key: section for section in report_sections([folder])}
    ((head, points), *_) = sections["summary"].points
    document = json.loads((path / "capacity.json").read_text())
    assert head == "Programme"
    assert document["conclusions"]
    assert list(points[-len(document["conclusions"]) :]) == document["conclusions"]
    assert document["warm_up"] in sections["programme"].paragraphs
    table = pd.read_parquet(path / "capacity_numbers.parquet")
    due = table[table["measure"] == "infusions_wanted"]
    shown = next(row for row in sections["programme"].items[0].rows if row[0] == "infusions due")
    halves = due["ci_high"] - due["mean"]
    assert list(shown[1:]) == [with_error(*pair) for pair in zip(due["mean"], halves, strict=True)]
    paid = pd.read_parquet(path / "who_paid.parquet").set_index(["group", "arm", "measure"])["per_100"]
    (grid,) = [item for item in sections["who-paid"].items if not isinstance(item, Plot)]
    everyone = next(row for row in grid.rows if row[0] == "all patients")
    arms = [arm["name"] for arm in document["arms"]]
    expected = [number(paid["all patients", arm, "infusions_late"], 1) for arm in arms]
    assert [cell.split(" / ")[0] for cell in everyone[1:]] == expected


def test_a_programme_from_a_file_says_how_many_starts_were_not_played(tmp_path):
    """One far before the warm-up, one after the end, three within."""
    dates = ["2001-01-01", "2026-03-01", "2026-04-01", "2027-05-01", "2099-01-01"]
    (tmp_path / "starts.csv").write_text("\n".join(["start", *dates]))
    command = [*COMMANDS["capacity"], "--arrivals", tmp_path / "starts.csv", "--out", tmp_path]
    done = CliRunner().invoke(build_app(), [*map(str, command)])
    assert done.exit_code == 0, done.output
    (folder,) = tmp_path.glob("*/*")
    sections = {section.key: section for section in report_sections([open_folder(folder)])}
    told = sections["programme"].paragraphs[0]
    assert f"starts read from {tmp_path / 'starts.csv'}" in told
    assert "2 starts in the file come before the warm-up or after the end, and are not played." in told


def test_a_value_of_information_report_gives_every_threshold_and_its_population(folder_of):
    path = folder_of("voi")
    sections = {section.key: section for section in report_sections([open_folder(path)])}
    by_wtp = pd.read_parquet(path / "by_wtp.parquet")
    (head, points), *_ = sections["summary"].points
    assert head == "Value of information"
    for row in by_wtp.itertuples():
        assert with_error(row.evpi, row.evpi_se, 1) in points[0]
    assert "100 patients a year for 5 years" in sections["perfect-information"].paragraphs[0]
    assert len(sections["perfect-information"].items[0].rows) == len(by_wtp)


def test_virtual_trials_show_their_own_estimates_power_and_published_values(folder_of):
    path = folder_of("trial")
    sections = {section.key: section for section in report_sections([open_folder(path)])}
    estimates = pd.read_parquet(path / "trial_estimates.parquet")
    own = estimates[(estimates["trial"] == "planned") & (estimates["comparator"] != "")]
    curves, ratios, power = [item for item in sections["trial-planned"].items if not isinstance(item, Plot)]
    assert len(curves.rows) == 4
    assert [row[5] for row in ratios.rows] == [number(value, 2) for value in own["true_value"]]
    assert [row[2] for row in power.rows] == ["60", "60"]
    drawn = [item.name for item in sections["trial-planned"].items if isinstance(item, Plot)]
    assert drawn == ["trial_estimates-planned", "trial_power-planned"]
    assert [item.name for item in sections["trial-multicentre-225"].items if isinstance(item, Plot)] == [
        "trial_estimates-multicentre_225"
    ]
    ((head, points), *_) = sections["summary"].points
    assert head == "Virtual trials"
    assert any("the published 0.72" in point for point in points)


def test_the_summary_gives_the_numbers_of_the_run(folder_of):
    folder = open_folder(folder_of("run"))
    words = " ".join(point for _, points in report_sections([folder])[0].points for point in points)
    increments = pd.read_parquet(folder.path / "increments.parquet").set_index(["strategy", "comparator"])
    for strategy in ("primary", "secondary"):
        row = increments.loc[(strategy, "none")]
        assert f"costs {row['delta_cost']:,.0f} ± {row['delta_cost_mcse']:,.0f} USD more" in words
    outcomes = pd.read_parquet(folder.path / "outcomes.parquet").pivot_table(
        index="strategy", columns="component", values="mean"
    )
    best = (50_000 * outcomes["qaly"] - outcomes["cost"]).idxmax()
    assert f"the highest expected net benefit is that of “{folder.short(best)}”" in words
    assert not re.search(r"\b(should|recommended|must be adopted|optimal choice)\b", words), "it advocates nothing"
    assert "Parameter uncertainty is not part of this report" in words


@pytest.mark.parametrize(("error", "flips"), [(100.0, False), (600.0, True)])
def test_noise_that_could_flip_the_decision_is_said(error: float, flips: bool, folder_of):
    folder = open_folder(folder_of("run"))
    words = " ".join(lead_sentences(folder, [(50_000.0, "none", "primary", 1000.0, error)]))
    assert ("Noise could flip the decision" in words) == flips
    assert ("At none of these thresholds" in words) != flips


def test_the_summary_of_draws_gives_the_probability_and_the_value_of_information(folder_of):
    folder = open_folder(folder_of("psa"))
    words = " ".join(point for _, points in report_sections([folder])[0].points for point in points)
    by_wtp = pd.read_parquet(folder.path / "by_wtp.parquet").set_index("wtp")
    assert (
        f"{by_wtp.loc[50_000.0, 'ceaf_corrected']:.0%} for {folder.short(by_wtp.loc[50_000.0, 'optimal'])}" in words
    )
    assert f"{by_wtp.loc[100_000.0, 'evpi_corrected']:,.0f} USD per patient" in words
    assert "Parameter uncertainty is not part" not in words


def test_the_checklist_has_28_items_and_marks_what_is_the_authors(folder_of):
    folder = open_folder(folder_of("run"))
    (table,) = cheers_section([folder], folder.scenario).items
    assert [row[0] for row in table.rows] == [str(number) for number in range(1, 29)]
    assert len(ITEMS) == 28
    status = {row[2]: row[3] for row in table.rows}
    assert set(status.values()) == {"filled", "partly", "authors"}
    assert status["source of funding"] == status["abstract"] == "authors"
    assert status["discount rate"] == status["study parameters"] == "filled"
    told = dict(zip(status, (row[4] for row in table.rows), strict=True))
    assert "Costs 3.00%, health 3.00% a year" in told["discount rate"]
    assert status["effect of uncertainty"] == "partly"
    (with_psa,) = cheers_section([folder, open_folder(folder_of("psa"))], folder.scenario).items
    assert {row[2]: row[3] for row in with_psa.rows}["effect of uncertainty"] == "filled"


def test_every_input_is_listed_and_assumptions_are_marked(folder_of):
    folder = open_folder(folder_of("psa"))
    (section,) = [one for one in report_sections([folder]) if one.key == "inputs"]
    rows = [
        (path, row, table.marks.get(place))
        for table in section.items
        for place, (path, row) in enumerate(zip(table.paths, table.rows, strict=True))
    ]
    listed = {path: (row, mark) for path, row, mark in rows}
    assert [path for path, _, _ in rows] == [path for path, _, _ in sim.scenario.quantities(folder.scenario)]
    row, mark = listed["immunoglobulin.hr.grade_3plus"]
    assert row[0] == "Hazard ratio of serious infection, immunoglobulin"
    assert (row[1], row[3], row[5], mark) == ("0.4", "lognormal, 95 % 0.2 to 0.8", "a cohort", None)
    assert listed["immunoglobulin.price_per_gram"][1] == "assumption"


def test_checks_of_the_run_hold_and_would_notice_a_wrong_table(folder_of, monkeypatch):
    folder = open_folder(folder_of("run"))
    assert {result for _, _, result in own_checks(folder)} == {"holds"}
    wrong = folder.table("outcomes")
    wrong.loc[(wrong["component"] == "cost:immunoglobulin") & (wrong["strategy"] == "primary"), "mean"] += 1
    monkeypatch.setattr(type(folder), "table", lambda self, name: wrong)
    failed = [claim for claim, _, result in own_checks(folder) if result == "DOES NOT HOLD"]
    assert failed == ["costs by item add up to the total"]


def test_a_verification_is_included_and_anything_else_refused(folder_of, tmp_path: Path):
    checks = [{"claim": "engines agree", "compared": "2 patients", "passed": False, "finding": "event 3"}]
    file = tmp_path / "verify.json"
    file.write_text(json.dumps({"scenarios": [{"title": "T", "digest": "abcdef0123", "checks": checks}]}))
    page = sim.write_report([folder_of("run")], tmp_path / "a.html", verification=[file]).read_text()
    assert "FAILED" in page
    assert "engines agree" in page
    outcome = {"outcome": "severe by 12 months", "verdict": "misses", "published": 0.45, "published_low": 0.34}
    outcome |= {"published_high": 0.6, "model": 0.3, "model_low": 0.2, "model_high": 0.32, "study": "225 patients"}
    beside = tmp_path / "external.json"
    beside.write_text(json.dumps({"external": [outcome]}))
    page = sim.write_report([folder_of("run")], tmp_path / "a.html", verification=[file, beside]).read_text()
    assert "0.45 (0.34 to 0.6)" in page
    assert "0.3 (0.2 to 0.32)" in page
    for content in ("{}", "[", '{"scenarios": [{"checks": [{"claim": 1, "passed": "yes"}]}]}'):
        file.write_text(content)
        with pytest.raises(UsageError, match="verify --format json"):
            sim.write_report([folder_of("run")], tmp_path / "b.html", verification=[file])
    assert not (tmp_path / "b.html").exists()


def test_folders_of_different_scenarios_are_told(folder_of):
    run, psa = open_folder(folder_of("run")), open_folder(folder_of("psa"))
    assert run.identity != psa.identity, "the draws changed two inputs"
    words = str(report_sections([run, psa])[0].points)
    assert "of different scenarios or settings" in words
    same = dataclasses.replace(psa, manifest={**psa.manifest, "scenarios": [run.manifest["scenario"]]})
    assert "of different scenarios" not in str(report_sections([run, same])[0].points)


def test_what_is_no_run_folder_gives_one_message_and_no_file(folder_of, tmp_path: Path):
    with pytest.raises(IgsimError):
        sim.write_report([tmp_path], tmp_path / "a.html")
    with pytest.raises(UsageError, match=r"must end in .html"):
        sim.write_report([folder_of("run")], tmp_path / "a.pdf")
    with pytest.raises(IgsimError, match="cannot be written"):
        sim.write_report([folder_of("run")], tmp_path / "missing" / "a.html")
    assert not list(tmp_path.iterdir())
