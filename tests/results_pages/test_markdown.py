"""Pages in Markdown: text stays text, tables keep their shape, the same figure is the same file."""

from __future__ import annotations

from docs.building.results_pages.markdown import Page, escaped, steady, table_text
from sim.report.page.parts import grid


def test_a_table_keeps_its_columns_whatever_its_cells_hold():
    text = table_text(("a", "b"), [("x|y", "1\n2"), ("*z*", "")])
    assert text.splitlines() == ["| a | b |", "| --- | --: |", "| x\\|y | 1<br>2 |", "| \\*z\\* |  |"]


def test_text_is_never_markup():
    assert escaped("<b>[a](b)`c`*d*") == "&lt;b&gt;\\[a\\](b)\\`c\\`\\*d\\*"
    assert escaped("igg_mg_dl at _end_") == "igg_mg_dl at \\_end\\_"


def test_a_page_in_order():
    page = Page("p", "Title")
    page.say("One.", "", "Two.")
    page.points(["a", "b"])
    page.points([])
    page.heading("More")
    page.table(grid("T", ("x",), [("1",)], note="n"))
    assert page.text == "# Title\n\nOne. Two.\n\n- a\n- b\n\n## More\n\n**T**\n\n| x |\n| --- |\n| 1 |\n\n*n*\n"


def test_names_drawn_by_chance_are_made_steady():
    drawing = (
        '<clipPath id="clip{0}xyplot"/><g clip-path="url(#clip{0}xyplot)"/><g id="topdefs-{0}"/><use href="#g{1}-x"/>'
    )
    one, other = steady(drawing.format("a1b2c3", "0f0f0f")), steady(drawing.format("999aaa", "123abc"))
    assert one == other
    assert one.count("clip000000xyplot") == 2
    assert steady('<path fill="#a1b2c3" class="bg"/>') == '<path fill="#a1b2c3" class="bg"/>', "a colour is no name"
