"""Figures on disk: pages make no request and open offline, images have the right size; hostile text stays text."""

import re
import subprocess
from pathlib import Path

import plotly.graph_objects as go
import pytest

from sim.errors import ResultsError, UsageError
from sim.figures import Look, acceptability, plane, sensitivity
from sim.figures.export import FORMATS, page, save, save_all
from sim.figures.tables import by_threshold, wtp_grid
from tests.browser import ARGUMENTS, chromium, needs_chromium
from tests.figures.examples import LOOK, draws, two_way

EVIL = '</script><script>document.title="pwned"</script><img src=x onerror="document.title=1"><b>x</b>%{x}'


def hostile_figures() -> list[go.Figure]:
    look = Look("US<b>D", LOOK.strategies, {"none": EVIL, "primary": EVIL})
    table = by_threshold(draws(30), wtp_grid(2e5, 5))
    return [
        plane.ce_plane(draws(30), look, comparator="none", wtp=1e5),
        acceptability.ceac(table["by_wtp_strategy"], look),
        acceptability.ceaf(table["by_wtp"], look),
        sensitivity.two_way(two_way(), look, x=EVIL, y=EVIL),
    ]


def test_a_page_holds_all_it_needs_and_forbids_every_request():
    html = page(hostile_figures()[0])
    assert not re.search(r"<(script|link|img|iframe)[^>]*\s(src|href)\s*=", html.split("<body", 1)[0])
    assert "cdn" not in re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert "default-src 'none'" in html
    assert html.index("Content-Security-Policy") < html.index("<script")
    assert len(html) < 8e6


def test_text_of_users_is_never_markup_in_a_figure():
    for figure in hostile_figures():
        text = figure.to_json()
        assert "<img" not in text
        assert "\\u003cimg" not in text
        assert "%{x}</" not in text


def test_endings_are_checked_before_anything_is_written(tmp_path: Path):
    figure = go.Figure()
    with pytest.raises(UsageError, match=r"must end in one of .html, .png, .svg, .pdf"):
        save_all({tmp_path / "a.html": figure, tmp_path / "b.gif": figure, tmp_path / "c": figure})
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(ResultsError, match="cannot be written"):
        save(go.Figure(), tmp_path / "missing" / "a.html")


def test_without_a_browser_an_image_is_refused_and_html_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    figure = plane.ce_plane(draws(5), LOOK, comparator="none")
    with pytest.raises(UsageError, match=r"(?s)browser.*apt-get install chromium.*html"):
        save(figure, tmp_path / "a.png")
    assert save(figure, tmp_path / "a.html").read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html"]


@needs_chromium
def test_images_are_drawn_in_every_format(tmp_path: Path):
    figure = hostile_figures()[1]
    images = [ending for ending in FORMATS if ending != "html"]
    save_all({tmp_path / f"figure.{ending}": figure for ending in images})
    png = (tmp_path / "figure.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1800, 2 * figure.layout.height)
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    svg = (tmp_path / "figure.svg").read_text()
    assert svg.startswith("<svg")
    assert "<script" not in svg
    assert "<img" not in svg
    assert "pwned" in svg, "the text itself is shown"


@needs_chromium
def test_a_page_renders_in_a_browser_without_a_network_and_runs_no_script_of_a_label(tmp_path: Path):
    for number, figure in enumerate(hostile_figures()[2:]):
        file = save(figure, tmp_path / f"{number}.html")
        command = [chromium(), "--headless", *ARGUMENTS, f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--proxy-server=127.0.0.1:9", "--virtual-time-budget=8000", "--dump-dom", file.as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        drawn = re.sub(r"<script.*?</script>", "", dom, flags=re.S)
        assert 'class="main-svg"' in drawn
        assert "<title>" not in drawn.split("<body", 1)[0], "no script of a label has run"
        assert "<img src=" not in drawn
