"""The full verification report: stages of TECH-VER, questions of AdViSHE; as text, JSON document and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document, scenario_part
from sim.report.text import table
from sim.report.verify_text import print_checks, summary
from sim.scenario import Scenario
from sim.verify.advishe import STATES, Question
from sim.verify.checks import Check

Stages = Mapping[str, Sequence[Check]]

_PREAMBLE = """# Verification by published checklists

Written by `igsim verify --full --page docs/checklists.md` for "{title}"; the answers to AdViSHE stand in
`sim/verify/advishe.toml`. Any scenario can be put through it: `igsim verify SCENARIO --full`.

## TECH-VER

Büyükkaramikli et al. 2019, PharmacoEconomics 37:1391. Its last step, a parallel program, is the second engine and the
Markov chain. Below are its black-box tests, as far as they can be asked of any scenario. Two of its steps are for
people and no command takes them: whether a report is complete, and reading the code and formulas line by line.
"""


def print_full(console: Console, scenario: Scenario, stages: Stages, questions: Sequence[Question]) -> None:
    """Every check by stage of TECH-VER, then every question of AdViSHE."""
    console.print(Text(scenario.title, style="bold"))
    for stage, checks in stages.items():
        print_checks(console, stage, checks)
    shown = table("AdViSHE (Vemer et al. 2016)", "", "question", "state", "answer", left=4)
    for each in questions:
        shown.add_row(each.part, each.title, STATES[each.done], each.answer)
    console.print(shown)
    console.print(Text(summary(_all(stages))))


def full_page(scenario: Scenario, stages: Stages, questions: Sequence[Question]) -> str:
    """The page, in Markdown."""
    lines = [_PREAMBLE.format(title=scenario.title)]
    for stage, checks in stages.items():
        lines += [f"### {stage}", "", "| claim | compared | verdict |", "| --- | --- | --- |"]
        lines += [f"| {c.claim} | {c.compared} | {'passed' if c.passed else 'FAILED'} |" for c in checks]
        lines.append("")
    lines += [f"{summary(_all(stages))}.", "", "## AdViSHE", "", "Vemer et al. 2016, PharmacoEconomics 34:349.", ""]
    lines += ["| | question | state | answer |", "| --- | --- | --- | --- |"]
    lines += [f"| {q.part} | {q.title} | {STATES[q.done]} | {q.answer} |" for q in questions]
    return "\n".join(lines) + "\n"


def full_document(scenario: Scenario, stages: Stages, questions: Sequence[Question]) -> Document:
    """The JSON document of `igsim verify --full`."""
    return {
        "schema": SCHEMA,
        "command": "verify",
        "passed": all(check.passed for check in _all(stages)),
        **scenario_part(scenario),
        "stages": [
            {
                "stage": stage,
                "checks": [
                    {"claim": c.claim, "compared": c.compared, "passed": c.passed, "finding": c.finding}
                    for c in checks
                ],
            }
            for stage, checks in stages.items()
        ],
        "advishe": [{"part": q.part, "question": q.title, "state": q.done, "answer": q.answer} for q in questions],
    }


def _all(stages: Stages) -> list[Check]:
    return [check for checks in stages.values() for check in checks]
