"""The table of `docs/elements.md` that says which outputs each entry moves, written from the declaration.

python -m tests.walkthrough.page     writes it into the page
"""

from __future__ import annotations

from pathlib import Path

from tests.walkthrough.declared import DECLARED
from tests.walkthrough.expectation import EVERYBODY, Expectation, Scope
from tests.walkthrough.outputs import GROUP_WORDS, GROUPS

PAGE = Path(__file__).parents[2] / "docs" / "elements.md"
BEGIN = "<!-- written by: python -m tests.walkthrough.page -->"
END = "<!-- end -->"


def generated() -> str:
    """Both tables: the groups of outputs, and the entries."""
    groups = ["| outputs | components |", "| --- | --- |"]
    groups += [f"| *{GROUP_WORDS[name]}* | {_outputs(members)} |" for name, members in GROUPS.items()]
    entries = [
        "| entry | moves | may move besides | under strategies | in patients | remark |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for pattern, expectation in DECLARED.items():
        entries += _rows(pattern, expectation)
    return "\n".join([*groups, "", *entries])


def _rows(pattern: str, expectation: Expectation) -> list[str]:
    scopes = expectation.scopes or (Scope(()),)
    among = "" if expectation.among is EVERYBODY else expectation.among.words
    rows = []
    for place, scope in enumerate(scopes):
        nothing = "refused with another value" if expectation.refused else "nothing"
        must = _outputs(scope.must) if scope.must else nothing
        under = scope.under.words if expectation.scopes else ""
        entry, note = (f"`{pattern}`", expectation.note) if place == 0 else ("", "")
        rows.append(f"| {entry} | {must} | {_outputs(scope.may)} | {under} | {among} | {note} |")
    return rows


def _outputs(names: tuple[str, ...]) -> str:
    return ", ".join(f"*{GROUP_WORDS[name]}*" if name in GROUP_WORDS else f"`{name}`" for name in names)


def written(page: str) -> str:
    """The page with the tables as the declaration has them."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generated()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
