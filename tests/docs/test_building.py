"""How the documentation is built: commands are run, their output goes onto the page, equations become MathML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.building import columns, commands, entries, equations, executed, messages


@pytest.fixture(autouse=True)
def _nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "CACHE", tmp_path / "cache")


def page(*lines: str) -> str:
    return "\n".join([*lines, ""])


def test_output_goes_under_its_command_and_files_are_written_first() -> None:
    text = page('```csv title="a.csv"', "x", "1", "```", "", "```console", "$ cat a.csv", "$ echo done", "```")
    played = executed.play("a-page", text)
    assert "$ cat a.csv\nx\n1\n$ echo done\ndone\n```" in played.markdown
    assert 'title="a.csv"' in played.markdown


def test_pictures_left_behind_can_be_shown() -> None:
    played = executed.play("a-page", page("```console", "$ echo '<svg/>' > b.svg", "```"))
    assert played.pictures == {"b.svg": "<svg/>\n"}


def test_a_command_that_ends_otherwise_than_the_page_says_ends_the_build() -> None:
    with pytest.raises(executed.CommandError, match="ended with 3"):
        executed.play("a-page", page("```console", "$ exit 3", "```"))
    assert "no\n" in executed.play("a-page", page("```console fails", "$ echo no; exit 2", "```")).markdown
    with pytest.raises(executed.CommandError, match="ended with 0"):
        executed.play("a-page", page("```console fails", "$ true", "```"))


def test_long_output_is_cut_in_the_middle() -> None:
    played = executed.play("a-page", page("```console lines=4", "$ seq 9", "```"))
    assert "$ seq 9\n1\n2\n3\n...\n9\n```" in played.markdown


def test_a_page_is_played_again_only_when_it_has_changed(tmp_path: Path) -> None:
    text = page("```console", f"$ echo again >> {tmp_path}/count", "```")
    executed.play("a-page", text)
    executed.play("a-page", text)
    assert (tmp_path / "count").read_text() == "again\n"
    executed.play("another-page", text)
    assert (tmp_path / "count").read_text() == "again\nagain\n"


def test_a_page_without_commands_is_left_as_it_is() -> None:
    text = page("Costs $ 5.", "", "```toml", "a = 1", "```")
    assert executed.play("a-page", text) == executed.Played(text, {})


def test_equations_become_mathml_and_code_stays() -> None:
    text = page(
        "Let $x_i$ be `$x$`.", "", "$$", r"\frac{a * b}{2}", "$$", "", "```console", "$ echo $HOME $x$", "```"
    )
    made = equations.with_equations(text)
    assert "<msub><mi>x</mi><mi>i</mi></msub>" in made
    assert '<div class="equation"><math' in made
    assert "<mfrac>" in made
    assert "`$x$`" in made
    assert "$ echo $HOME $x$" in made
    # Markdown would take the star for emphasis.
    assert "*" not in made.split("```")[0].replace("`$x$`", "")


def test_no_equation_of_a_page_shows_its_markup() -> None:
    # The converter leaves what it cannot lay out as it is: a column mark, a command that it does not know.
    left_over = re.compile(r"<m\w+>(?:&(?:amp;)?|\\\w+)</m\w+>")
    for unknown in (r"\begin{aligned} x &= y \end{aligned}", r"x \nosuch y"):
        assert left_over.search(equations.with_equations(f"$$\n{unknown}\n$$")), unknown
    made = equations.with_equations((Path(executed.ROOT) / "docs" / "methods.md").read_text())
    assert made.count("<math") > 300
    assert left_over.findall(made) == []


def test_every_column_has_its_words_and_unknown_ones_have_none() -> None:
    assert columns.words_of("cost:immunoglobulin") == "discounted cost of immunoglobulin"
    assert columns.words_of("delta_cost_mcse") == "Monte Carlo standard error of the column before it"
    assert columns.words_of("infections:viral:grade_3plus") is not None
    assert columns.words_of("cost:unheard_of") is None
    assert columns.words_of("unheard_of_mcse") is None


def test_the_reference_has_every_command_entry_and_message() -> None:
    text = commands.page()
    for name in ("run", "psa", "capacity", "excel export", "calibrate"):
        assert f"## `igsim {name.split()[0]}`" in text
    assert "igsim[cluster]" in text
    made = entries.page()
    assert "| `price_per_gram` | quantity, {currency} per gram, ≥ 0 |" in made
    assert "[Quantity](#quantity)" in made
    assert "found 85; must be from 0 to 1" in messages.page()


def test_every_page_is_in_the_menu_and_every_link_to_a_file_leads_to_one() -> None:
    root = Path(executed.ROOT)
    menu = (root / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path for path in (root / "docs").rglob("*.md") if "building" not in path.parts]
    assert len(pages) > 20
    for path in pages:
        assert f": {path.relative_to(root / 'docs').as_posix()}" in menu, path
        for link in equations.CODE.sub("", path.read_text(encoding="utf-8")).split("](")[1:]:
            target = link.split(")")[0].split("#")[0]
            if target.startswith("../"):
                there = (path.parent / target).resolve()
                assert there.exists() or there.relative_to(root / "docs").parts[0] == "reference", (path, target)
