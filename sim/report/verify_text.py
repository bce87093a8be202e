"""The verification report, as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document, scenario_part
from sim.report.text import table
from sim.scenario import Scenario
from sim.verify.checks import Check


def print_checks(console: Console, title: str, checks: Sequence[Check]) -> None:
    """Every check of one scenario, passed or not."""
    shown = table(title, "", "claim", "compared", "finding", left=4)
    for check in checks:
        mark = Text("passed", style="green") if check.passed else Text("FAILED", style="bold red")
        shown.add_row(mark, check.claim, check.compared, check.finding)
    console.print(shown)


def summary(checks: Sequence[Check]) -> str:
    """One sentence on all checks."""
    failed = sum(not check.passed for check in checks)
    return f"{len(checks)} checks: " + ("all passed" if failed == 0 else f"{failed} FAILED")


def verify_document(found: Sequence[tuple[Scenario, Sequence[Check]]]) -> Document:
    """The JSON document of `igsim verify`."""
    return {
        "schema": SCHEMA,
        "command": "verify",
        "passed": all(check.passed for _, checks in found for check in checks),
        "scenarios": [
            {
                **scenario_part(scenario),
                "checks": [
                    {"claim": c.claim, "compared": c.compared, "passed": c.passed, "finding": c.finding}
                    for c in checks
                ],
            }
            for scenario, checks in found
        ],
    }
