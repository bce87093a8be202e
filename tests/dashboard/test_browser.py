"""The dashboard in a real browser: sliders, pages, downloads, addresses, keyboard, two users, hostile texts.

Screenshots of every page go to `build/screenshots`, for people to look at. A page that never answers ends the process
that waits for it, with the stacks of all its threads: nothing else can interrupt a browser that does not answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sim.dashboard.address import PAGES
from sim.dashboard.bench import Bench
from sim.dashboard.live import ROUTE
from sim.dashboard.pages.what_if import Question, answer
from sim.report.text import number
from tests.browser import ARGUMENTS, chromium, needs_chromium
from tests.dashboard.conftest import PRICE
from tests.dashboard.visiting import (
    PRICE_BOX,
    box,
    fits,
    move,
    settled,
    text_changes,
    until,
    visitor,
)

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [needs_chromium, pytest.mark.timeout(300)]

WHAT_IF = "/what-if?look_at=scenario:tutorial"
ICER = "#table-incremental tbody tr:nth-child(2) td:nth-child(7) .mean"
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        own = driver.chromium.launch(executable_path=chromium(), args=["--headless", *ARGUMENTS, *QUIET])
        yield own
        own.close()


@pytest.fixture
def visit(browser: Any, url: str) -> Iterator[Callable[..., Any]]:
    """Opens a page as a user of one's own; nothing may go wrong, nor be asked of another machine."""
    with visitor(browser, url) as (open_page, wrong):
        yield open_page
    assert wrong == []


@pytest.fixture(scope="module")
def sliders_opened(browser: Any, url: str) -> Iterator[tuple[Any, list[str]]]:
    with visitor(browser, url) as (open_page, wrong):
        page = open_page(WHAT_IF)
        settled(page)
        yield page, wrong


@pytest.fixture
def sliders(sliders_opened: tuple[Any, list[str]]) -> Iterator[Any]:
    """The page of the sliders, opened once for all tests that leave it as it was; nothing may go wrong."""
    page, wrong = sliders_opened
    page.get_by_role("button", name="Back to the scenario").click()
    until(page, "() => !document.getElementById('command').textContent.includes('--set')")
    yield page
    assert wrong == []


def test_a_moved_slider_changes_the_icer_the_figures_and_the_address(visit):
    page = visit(WHAT_IF)
    settled(page)
    before, plane = page.text_content(ICER), "#figure-live_plane .js-plotly-plot"
    drawn = page.evaluate(f"document.querySelector('{plane}').data.map((trace) => trace.y[0])")
    move(page, -20)
    after = text_changes(page, ICER, str(before))
    assert float(after.replace(",", "")) < float(str(before).replace(",", "")), "cheaper immunoglobulin"
    until(
        page,
        "(drawn) => JSON.stringify(drawn) !== JSON.stringify("
        f"document.querySelector('{plane}').data.map((trace) => trace.y[0]))",
        drawn,
    )
    assert box(page).input_value() == "80"
    assert f"set.{PRICE}=80" in page.url
    assert "nothing had to be simulated anew" in page.text_content("#status")
    assert re.search(
        r"20,000 patients under each of 3 strategies.*standard error of an INMB: USD \d", page.text_content("#status")
    )
    # Whoever opens the address sees the same.
    other = visit(page.url.removeprefix(page.url.split("/what-if")[0]))
    settled(other)
    assert other.text_content(ICER) == after
    other.get_by_role("button", name="Back to the scenario").click()
    assert text_changes(other, ICER, after) == before
    assert "set." not in other.url


def test_the_figures_of_a_what_if_equal_its_table(sliders):
    page = sliders
    move(page, -93)
    costs = page.evaluate(
        "document.querySelector('#figure-live_plane .js-plotly-plot').data"
        ".filter((trace) => trace.mode === 'markers' && trace.legendgroup)"
        ".map((trace) => [trace.legendgroup, trace.y[0]])"
    )
    table = page.eval_on_selector_all(
        "#table-incremental tbody tr", "rows => rows.map(r => [r.cells[0].innerText, r.cells[1].innerText])"
    )
    cost = {name.strip(): float(text.split()[0].replace(",", "")) for name, text in table}
    first = next(iter(cost.values()))
    labels = {"none": "None", "primary": "Everyone, from day 0", "secondary": "After a severe infection"}
    assert len(costs) == 2, "the cheapest is the origin"
    assert {name: round(y) for name, y in costs} == {
        name: pytest.approx(cost[labels[name]] - first, abs=1.01) for name, _ in costs
    }


def test_positions_passed_while_the_model_is_busy_are_dropped_and_the_last_is_shown(sliders):
    page = sliders
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.post_data or "") if r.url.endswith(ROUTE) else None)
    last = move(page, -40)
    assert 1 <= len(asked) < 40
    assert f'"{PRICE}":{last}' in asked[-1].replace(" ", "")
    page.wait_for_timeout(1000)
    assert f'"{PRICE}":{last}' in asked[-1].replace(" ", ""), "what Dash hears later asks for nothing older"
    positions = [json.loads(text)["moved"][PRICE] for text in asked]
    assert len(set(positions)) == len(positions), "and for nothing twice"


def test_a_point_of_a_live_figure_picks_out_its_strategy(sliders):
    page = sliders
    plot = "#figure-live_benefit .js-plotly-plot"
    page.locator(plot).scroll_into_view_if_needed()
    place = page.evaluate(
        f"""() => {{ const plot = document.querySelector('{plot}'), at = plot.getBoundingClientRect();
            const trace = plot._fullData.find((trace) => trace.legendgroup === "primary");
            const layout = plot._fullLayout;
            return [at.x + layout.xaxis._offset + layout.xaxis.d2p(trace.x[0] / 2),
                    at.y + layout.yaxis._offset + layout.yaxis.d2p(trace.y[0])]; }}"""
    )
    page.mouse.move(place[0], place[1])
    page.mouse.click(place[0], place[1])
    page.wait_for_selector("#table-incremental tr.picked")
    assert page.text_content("#table-incremental tr.picked th") == "Everyone, from day 0"
    assert "strategy=primary" in page.url
    page.locator("#strategy label", has_text="All strategies").click()
    page.wait_for_selector("tr.picked", state="detached")


def test_a_dashboard_that_has_gone_says_so_and_the_last_answer_stays(sliders):
    page = sliders
    verdict = page.text_content("#verdict")
    page.route(f"**{ROUTE}", lambda route: route.fulfill(body="half an ans"))
    box(page).fill("31")
    page.wait_for_selector("#refused .error")
    assert "The dashboard does not answer" in page.text_content("#refused")
    assert page.text_content("#verdict") == verdict
    page.unroute(f"**{ROUTE}")
    box(page).fill("32")
    page.wait_for_selector("#refused .error", state="detached")


def test_what_the_model_refuses_is_a_message_and_the_last_answer_stays(sliders):
    page = sliders
    verdict = page.text_content("#verdict")
    box(page).fill("-5")
    page.wait_for_selector("#refused .error")
    told = page.text_content("#refused")
    assert "The model refuses this combination" in told
    assert "immunoglobulin.price_per_gram: found -5" in told
    assert page.text_content("#verdict") == verdict
    box(page).fill("30")
    page.wait_for_selector("#refused .error", state="detached")


def test_two_users_do_not_disturb_each_other(visit, desk):
    one, two = visit(WHAT_IF), visit(f"{WHAT_IF}&set.immunoglobulin.hr.grade_3plus=0.1")
    settled(one)
    settled(two)
    first, second = one.text_content(ICER), two.text_content(ICER)
    assert first != second
    for _ in range(3):
        move(one, -5)
        move(two, 5)
    moved, other = one.text_content(ICER), two.text_content(ICER)
    assert moved not in (first, other)
    assert other != second
    assert (box(one).input_value(), box(two).input_value()) == ("85", "115")
    source = desk.library.open("scenario:tutorial")
    alone = answer(Bench(), source, Question({PRICE: 85.0}, wtp=source.middle_wtp)).tables[0].frame
    assert number(alone["icer"].iloc[1]) == moved, "as if nobody else had been there"


def test_pages_are_changed_and_keep_what_is_looked_at(visit, entries):
    page = visit(f"/decision?look_at={entries['run'][0].key}&wtp=20000")
    settled(page)
    assert "20,000 USD per QALY" in page.text_content("#verdict")
    page.locator("#strategy label", has_text="Everyone, from day 0").click()
    page.wait_for_selector("tr.picked")
    assert page.text_content("tr.picked th") == "Everyone, from day 0"
    faded = "document.querySelector('#figure-ce_plane .js-plotly-plot').data.filter((t) => t.opacity < 0.5).length"
    until(page, f"() => {faded} > 0")
    for name in ("Infections", "Sweep", "Decision"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(f"nav [aria-current] >> text={name}")
        assert "wtp=20000" in page.url
        assert "strategy=primary" in page.url
    page.wait_for_selector("tr.picked")
    page.go_back()
    page.wait_for_selector("nav [aria-current] >> text=Sweep")


def test_a_point_picks_out_its_strategy_and_a_patient(visit, entries):
    page = visit(f"/patients?look_at={entries['run'][0].key}&patient=3")
    settled(page)
    assert "Patient 3 under each strategy" in page.text_content("#body")
    points = "#figure-patients .js-plotly-plot"
    page.locator(points).scroll_into_view_if_needed()
    place = page.evaluate(
        f"""() => {{ const plot = document.querySelector('{points}'), trace = plot._fullData[0];
            const layout = plot._fullLayout, at = plot.getBoundingClientRect();
            const far = [...Array(trace.x.length).keys()].sort((a, b) => trace.x[b] - trace.x[a])[0];
            return [at.x + layout.xaxis._offset + layout.xaxis.d2p(trace.x[far]),
                    at.y + layout.yaxis._offset + layout.yaxis.d2p(trace.y[far]), trace.customdata[far]]; }}"""
    )
    page.mouse.move(place[0], place[1])
    page.mouse.click(place[0], place[1])
    until(
        page,
        "(n) => document.querySelector('#body').textContent.includes(`Patient ${n} under each strategy`)",
        place[2],
    )
    assert f"patient={place[2]}" in page.url


def test_figures_and_data_are_saved(visit, entries, tmp_path):
    page = visit(f"/decision?look_at={entries['run'][0].key}")
    settled(page)
    for words, ending, begins in (
        ("SVG", "svg", b"<svg"),
        ("PNG", "png", b"\x89PNG"),
        ("HTML", "html", b"<!doctype html>"),
    ):
        with page.expect_download() as found:
            page.locator(".card", has=page.locator("#figure-ce_plane")).get_by_text(words, exact=True).click()
        file = tmp_path / f"figure.{ending}"
        found.value.save_as(file)
        assert found.value.suggested_filename == f"ce_plane.{ending}"
        content = file.read_bytes()
        assert content.lstrip().startswith(begins)
        if ending != "png":
            assert b"Cost-effectiveness plane" in content, "an image has the title that the page shows as a heading"
    with page.expect_download() as found:
        page.locator(".card", has=page.locator("#table-incremental")).get_by_text("CSV", exact=True).click()
    found.value.save_as(tmp_path / "incremental.csv")
    assert (tmp_path / "incremental.csv").read_text().startswith("strategy,label,cost,cost_mcse")
    page.get_by_text("All tables of run folder").click()
    with page.expect_download() as found:
        page.get_by_role("link", name="outcomes.csv").click()
    found.value.save_as(tmp_path / "outcomes.csv")
    assert (tmp_path / "outcomes.csv").read_text().startswith("strategy,component,mean,mcse")


def test_everything_can_be_reached_and_moved_by_keyboard(visit):
    page = visit(WHAT_IF)
    settled(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached: list[str] = []
    before = str(page.text_content("#status"))
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
                const label = e.labels && e.labels.length ? e.labels[0].textContent : "";
                return [e.getAttribute("aria-label") || label || e.textContent, e.type || e.tagName,
                        s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1]; }"""
        )
        assert found[0].strip(), f"{found} has no name"
        assert found[2], f"the focus on {found} cannot be seen"
        reached.append(found[0])
        if found[0] == f"{PRICE_BOX}, slider":
            page.keyboard.press("ArrowLeft")
            text_changes(page, "#status", before)
        if found[0].startswith("SVG"):
            break
    for wanted in (PRICE_BOX, "Back to the scenario", "Hazard ratio, grade ≥ 3, slider"):
        assert wanted in reached
    assert reached.index(PRICE_BOX) < reached.index("Back to the scenario"), "in the order in which it is read"
    page.get_by_role("link", name="Parameters").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#table-parameters tbody tr")
    until(page, "document.activeElement.id === 'content'")


def test_parameters_are_found(visit):
    page = visit("/parameters?look_at=scenario:base-case")
    page.wait_for_selector("#table-parameters tbody tr")
    every = page.locator("#table-parameters tbody tr").count()
    page.get_by_label("Show only numbers that contain").fill("price_per_gram")
    until(page, "document.querySelectorAll('#table-parameters tbody tr').length < 10")
    assert page.text_content("#found") == f"2 of {every} numbers"


def test_a_broken_run_is_a_message_and_the_list_leads_on(visit):
    page = visit("/decision?look_at=run:tutorial/20000101-000000-altered")
    assert "altered since the run wrote it" in page.text_content("#body .error")
    page.get_by_role("link", name="tutorial", exact=True).click()
    page.wait_for_selector("#table-incremental")


def test_hostile_texts_run_nothing(visit):
    for path in ("/", *(f"/{page}?look_at=scenario:hostile" for page in ("decision", "parameters"))):
        page = visit(path)
        settled(page)
        assert page.title() == "igsim"
        assert page.locator("img").count() == 0
        assert "<script>" in page.text_content("#body" if path == "/" else "header")
    page.wait_for_selector("#table-parameters tbody tr")
    assert "onerror=" in page.text_content("#table-parameters")


@pytest.mark.parametrize("width", [1280, 640])
def test_the_sliders_fit_their_window(sliders, width):
    sliders.set_viewport_size({"width": width, "height": 900})
    move(sliders, -70)
    until(sliders, "(width) => window.innerWidth === width", width)
    fits(sliders, "what-if-moved", width)
    sliders.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 1920, 640])
def test_every_page_fits_its_window(visit, entries, width):
    run, wide = entries["run"][0].key, entries["psa"][0].key
    paths = {name: f"/{name}?look_at={wide if name == 'uncertainty' else run}&patient=3" for name in PAGES}
    if width != 640:
        paths |= {"start": "/", "compare": f"/decision?look_at={run}&beside={entries['run'][1].key}"}
    page = visit("/", width=width)
    base = page.url.rstrip("/")
    for name, path in paths.items():
        page.goto(base + path)
        page.wait_for_selector("#body > *", state="attached")
        fits(page, name, width)
