"""The technical appendix says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents.worked_rows import WORKED, Worked

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "methods.md").read_text()


@pytest.mark.parametrize("worked", WORKED, ids=lambda worked: worked.equation)
def test_code_equation_and_page_give_one_number(worked: Worked) -> None:
    assert worked.by_igsim() == pytest.approx(worked.exact, rel=worked.tolerance)
    assert worked.row() in PAGE


def test_the_table_holds_nothing_that_is_not_recomputed() -> None:
    table = PAGE.split("## Worked numbers")[1].split("## References")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    assert rows == [worked.row() for worked in WORKED]


def test_every_section_names_modules_that_are_there() -> None:
    sections = [part for part in re.split(r"\n## ", PAGE)[1:] if not part.startswith(("The model in", "Symbols"))]
    for section in sections[:-2]:
        title, code = section.splitlines()[0], re.search(r"\*Code:\*([^*]*?)(?:\n\n|\Z)", section, re.DOTALL)
        assert code, f"{title} names no module"
        names = re.findall(r"`([\w/]+\.py)`", code[1])
        folders = {str(Path(name).parent) for name in names if "/" in name}
        assert names, title
        for name in names:
            places = [ROOT / name] if "/" in name else [ROOT / folder / name for folder in folders]
            assert any(place.is_file() for place in places), f"{title}: {name}"


def test_every_author_and_year_in_the_text_has_a_reference() -> None:
    text, references = PAGE.split("## References")
    cited = set(
        re.findall(r"([A-Z][\w’']+(?: [A-Z]\w+)?)(?:,[^;()]*?| and [^;()]*?| et al\.)?,? \(?((?:19|20)\d\d)\b", text)
    )
    listed = [line for line in references.splitlines() if line.startswith("- ")]
    for name, year in cited:
        first = name.split()[-1]
        assert any(first in line and year in line for line in listed), f"{name} {year}"
    assert len(cited) > 20


def test_no_line_of_prose_begins_with_an_equation() -> None:
    """A line that begins with a formula would begin a block of its own where formulas become MathML."""
    assert [line for line in PAGE.splitlines() if line.startswith("$") and line != "$$"] == []


WORDS = re.compile(
    r"\\(?:begin|end|cases|pmatrix|frac|sqrt|sum|int|prod|min|max|log|exp|left|right|bar|hat|q?quad|[lc]?dots|[lc]dot"
    r"|cdots|le|ge|in|mid|mapsto|backslash|infty)(?![A-Za-z])"
)
INDICES = frozenset("ijkcgsu")
"""Letters that are counted or integrated over; two of them are symbols as well, and then in the table."""


def symbols(latex: str) -> set[str]:
    """Letters that stand for something: words, subscripts and operators left out."""
    latex = re.sub(r"\\(?:text|mathrm)\{[^{}]*\}|\\(?:begin|end)\{\w+\}|\\mathbb\{\w\}", " ", latex)
    latex = re.sub(r"\\(?:up|down)arrow", "", latex)
    while (fewer := re.sub(r"_(?:\{[^{}]*\}|\\[A-Za-z]+|\w)", " ", latex)) != latex:
        latex = fewer
    return set(re.findall(r"\\math\w+\{\w\}|\\[A-Za-z]+|[A-Za-z]", WORDS.sub(" ", latex)))


def formulas(text: str) -> list[str]:
    displayed = re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)
    return displayed + re.findall(r"\$([^$\n]+)\$", re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL))


def test_every_symbol_is_in_the_table_once() -> None:
    before, rest = PAGE.split("## Symbols")
    table, *after = rest.split("\n## ")
    rows = [line.split(" | ")[0].replace("(t)", "") for line in table.splitlines() if line.startswith("| $")]
    listed = [symbol for row in rows for symbol in set.union(*map(symbols, formulas(row)))]
    assert sorted(set(listed)) == sorted(listed), "a symbol with two rows has two meanings"
    text = "\n".join([before, *after]).split("## References")[0]
    used = set.union(*map(symbols, formulas(text)))
    assert used - {"e"} - INDICES - {*listed} == set()
    assert {*listed} - used == set()
