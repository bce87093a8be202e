"""External validation as text, as a JSON document and as a page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document
from sim.report.text import table
from sim.verify.external import Comparison, Verdict, frame, left_out

_STYLE = {Verdict.AGREES: "green", Verdict.OVERLAPS: "yellow", Verdict.MISSES: "bold red"}

_PREAMBLE = """# The model beside published outcomes

Written by `igsim verify --external --page docs/validation.md`; nothing on it is typed by hand but the studies and
what is said of a miss, and of what is left out, which stand in `sim/verify/published.toml`.

The published interval is that of the study, or Wilson's 95 % interval of a share where the number of patients is
known. The model's is the 95 % interval over {draws} draws of all uncertain parameters, each with {patients} patients
of its own, over the share of patients on immunoglobulin where the study does not say it, and so holds their luck too.

- **agrees**: each point lies in the other's interval, as far as there is one
- **overlaps**: the intervals meet, but a point lies outside the other's
- **misses**: the intervals do not meet

Infections count while the bispecific is given, unless said otherwise. An item that informs an input of the model is
marked and is no evidence. The two incidences of the 158-patient cohort set the model's total rates; they belong to
calibration and are not here.
"""


def print_external(console: Console, comparisons: Sequence[Comparison]) -> None:
    """Every item, and what each miss means."""
    shown = table("The model beside published outcomes", "", "outcome", "published", "model", "study", left=5)
    for each in comparisons:
        used = " (informs the model)" if each.item.used else ""
        shown.add_row(
            Text(each.verdict.value, style=_STYLE[each.verdict]),
            each.item.outcome + used,
            _number(each.item.value, each.item.interval),
            _number(each.model, (each.low, each.high)),
            each.item.study,
        )
    console.print(shown)
    for each in comparisons:
        if each.verdict is not Verdict.AGREES:
            console.print(Text(f"{each.item.outcome} ({each.item.study}): {each.item.discussion}"))
    console.print(Text(summary(comparisons)))


def summary(comparisons: Sequence[Comparison]) -> str:
    """One sentence on all items, those that inform the model counted apart."""
    parts = []
    for name, some in (
        ("independent outcomes", [each for each in comparisons if not each.item.used]),
        ("outcomes of studies that inform inputs", [each for each in comparisons if each.item.used]),
    ):
        counts = [f"{sum(each.verdict is kind for each in some)} {_plural(kind)}" for kind in Verdict]
        parts.append(f"of {len(some)} {name} {', '.join(counts)}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def external_page(comparisons: Sequence[Comparison], *, patients: int, draws: int) -> str:
    """The page, in Markdown."""
    lines = [
        _PREAMBLE.format(draws=draws, patients=f"{patients:,}"),
        "| | outcome | published | model | study | informs |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in comparisons:
        published, model = _number(each.item.value, each.item.interval), _number(each.model, (each.low, each.high))
        cells = (each.verdict.value, each.item.outcome, published, model, each.item.study, each.item.used)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", summary(comparisons), "", "## Where the two differ, and why", ""]
    for each in comparisons:
        if each.verdict is not Verdict.AGREES:
            lines.append(f"- **{each.item.outcome}** ({each.item.study}): {each.item.discussion}")
    lines += ["", "## Published, and not compared", ""]
    lines += [f"- {each.outcome} ({each.study}): {each.why}." for each in left_out()]
    return "\n".join(lines) + "\n"


def external_document(comparisons: Sequence[Comparison], *, patients: int, draws: int) -> Document:
    """The JSON document of `igsim verify --external`."""
    rows = frame(comparisons)
    return {
        "schema": SCHEMA,
        "command": "verify",
        "settings": {"patients": patients, "draws": draws},
        "external": rows.astype(object).where(rows.notna(), None).to_dict(orient="records"),
    }


def _number(value: float, interval: tuple[float, float] | None) -> str:
    ends = f" ({interval[0]:.2g}–{interval[1]:.2g})" if interval else ""
    return f"{value:.3g}{ends}"


def _plural(kind: Verdict) -> str:
    return {Verdict.AGREES: "agree", Verdict.OVERLAPS: "overlap", Verdict.MISSES: "miss"}[kind]
