"""What speaks for the numbers: checks of the run itself, of `igsim verify`, and where the run came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import Problem, UsageError
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid

ROUNDING = 1e-9
"""Relative difference that summing in another order may leave."""


def validation_section(folders: Sequence[RunFolder], verification: Mapping[str, Any] | None) -> Section:
    """Verification and validation: what was checked, and with which result."""
    rows = [row for folder in folders for row in own_checks(folder)]
    items: list[Grid] = []
    if rows:
        items.append(
            grid(
                "Checks of this run, made when the report was written", ("claim", "compared", "result"), rows, left=3
            )
        )
    items += [_findings(folder) for folder in folders if folder.has("findings")]
    outside = all(folder.scenario is None for folder in folders)
    paragraphs = [
        "The decision analysis is compared with published tables; "
        "docs/verification.md says how. Nothing was checked of the model that made the table."
        if outside
        else "The simulator is checked apart from any run: its two engines (a vectorised one and a readable SimPy "
        "one) must play "
        "equal histories event by event, its means must equal exact values of Markov special cases that share no "
        "code with "
        "it, single patients are worked by hand, and the decision analysis is compared with published tables. "
        "docs/model.md "
        "and docs/verification.md say how; “igsim verify SCENARIO” repeats the checks on this scenario."
    ]
    if verification is None and not outside:
        paragraphs.append(
            "No result of “igsim verify” was given for this report. To include it: igsim verify SCENARIO "
            "--format json > "
            "verify.json, then igsim report RUN --verification verify.json."
        )
    if verification is not None:
        items += _verification(verification)
    return Section("validation", "Verification and validation", tuple(paragraphs), items=tuple(items))


def read_verification(paths: Sequence[Path]) -> Mapping[str, Any] | None:
    """What `igsim verify --format json` printed, with or without --full or --external, of all files together.

    Returns:
        Scenarios with their checks, and outcomes set beside published ones; None for no file.

    Raises:
        UsageError: A file is none of these.
    """
    found: dict[str, list[Any]] = {"scenarios": [], "external": []}
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            scenarios, external = document.get("scenarios", []), document.get("external", [])
            checks = [check for one in scenarios for check in one["checks"]]
            sound = all(isinstance(check["claim"], str) and isinstance(check["passed"], bool) for check in checks)
            sound = sound and all(isinstance(row["outcome"], str) and row["verdict"] for row in external)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _no_verification(path, f"{type(error).__name__}: {error}") from error
        if not sound or not (checks or external):
            raise _no_verification(path, "no checks with claim and verdict")
        found["scenarios"] += scenarios
        found["external"] += external
    return found if paths else None


def _no_verification(path: Path, found: str) -> UsageError:
    problem = Problem(str(path), found, "must be what igsim verify --format json printed")
    return UsageError("the verification cannot be read", [problem])


def _verification(document: Mapping[str, Any]) -> list[Grid]:
    shown = []
    for one in document["scenarios"]:
        rows = [
            (
                "passed" if check["passed"] else "FAILED",
                check["claim"],
                str(check.get("compared", "")),
                str(check.get("finding", "")),
            )
            for check in one["checks"]
        ]
        title = f"igsim verify: {one.get('title', '')} (digest {str(one.get('digest', ''))[:8]})"
        shown.append(grid(title, ("", "claim", "compared", "finding"), rows, left=4, small=True))
    if document["external"]:
        shown.append(_external(document["external"]))
    return shown


def _external(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """The model beside published outcomes; those that inform an input are marked and are no evidence."""
    cells = [
        (
            str(row["verdict"]),
            str(row["outcome"]),
            _interval(row, "published"),
            _interval(row, "model"),
            str(row.get("study") or ""),
            str(row.get("used") or ""),
        )
        for row in rows
    ]
    columns = ("", "outcome", "published", "model", "study", "informs the model")
    return grid("The model beside published outcomes", columns, cells, left=6, small=True)


def _interval(row: Mapping[str, Any], name: str) -> str:
    point, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if point is None:
        return ""
    return f"{point:.3g}" + (f" ({low:.2g} to {high:.2g})" if low is not None and high is not None else "")


def own_checks(folder: RunFolder) -> Iterator[tuple[str, str, str]]:
    """What must hold in any run, looked at in this one: claim, what was compared, result."""
    if not folder.has("outcomes"):
        return
    frame = folder.table("outcomes").set_index(["component", "strategy"])["mean"]
    wide = frame.unstack("strategy")  # noqa: PD010 - keys are unique
    items = wide[wide.index.str.startswith("cost:")].sum()
    yield _close("costs by item add up to the total", folder, items, wide.T["cost"])
    ends = wide.loc[["infection_death", "other_death", "alive_at_horizon"]].sum()
    yield _close("every patient ends exactly once: shares of endings add up to 1", folder, ends, ends * 0 + 1)
    grades = wide.loc[["infections_grade_1_2", "infections_grade_3plus"]].sum()
    yield _close("infections by grade add up to all infections", folder, grades, wide.T["infections_any"])
    causes = wide[wide.index.str.startswith("infections:")].sum()
    yield _close("infections by cause add up to all infections", folder, causes, wide.T["infections_any"])
    same = [f"{a} and {b}" for a, b in combinations(wide.columns, 2) if (wide[a] == wide[b]).all()]
    claim = "no two strategies have the same outcomes, which would speak of an input without effect"
    yield claim, f"{len(wide)} outcomes of {len(wide.columns)} strategies ({folder.kind})", "; ".join(same) or "holds"


def _close(claim: str, folder: RunFolder, found: pd.Series, expected: pd.Series) -> tuple[str, str, str]:
    difference = float((found - expected).abs().max())
    held = bool(np.allclose(found, expected, rtol=ROUNDING, atol=ROUNDING))
    told = f"{len(found)} strategies ({folder.kind}), largest difference {difference:.1e}"
    return claim, told, "holds" if held else "DOES NOT HOLD"


def _findings(folder: RunFolder) -> Grid:
    """Inputs found idle, those of one explanation together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in folder.document["findings"]:
        alike.setdefault((row["kind"], row["explanation"]), []).append(row["where"])
    rows = [(kind, explanation, "; ".join(map(folder.input, where))) for (kind, explanation), where in alike.items()]
    return grid(
        "Inputs without visible effect in this analysis",
        ("kind", "explanation", "inputs"),
        rows,
        left=3,
        small=True,
        note="Looked for on purpose: an input that moves nothing may be a fault of a scenario, or rightly idle.",
    )


def origin_section(folders: Sequence[RunFolder]) -> Section:
    """Where the numbers come from, so that they can be made again."""
    columns = ("", *(folder.path.name for folder in folders))
    rows: list[tuple[str, ...]] = []

    def line(name: str, cells: Sequence[object]) -> None:
        if any(cell is not None for cell in cells):
            rows.append((name, *("" if cell is None else str(cell) for cell in cells)))

    made = [folder.manifest["environment"] for folder in folders]
    line("command", [f"igsim {folder.manifest['command']}" for folder in folders])
    line("scenario or table", [_named(folder) for folder in folders])
    line("SHA-256", [folder.identity for folder in folders])
    line("changes by --set", ["; ".join(folder.settings.get("set") or []) or "none" for folder in folders])
    line("seed", [folder.settings.get("seed") for folder in folders])
    line("igsim", [one["packages"].get("igsim") for one in made])
    line("source revision", [one.get("git_revision") for one in made])
    line("Python", [one["python"] for one in made])
    line(
        "packages",
        [
            ", ".join(f"{name} {version}" for name, version in one["packages"].items() if name != "igsim")
            for one in made
        ],
    )
    line("machine", [f"{one['platform']}, {one['cores']} cores" for one in made])
    line(
        "seconds of simulation", [folder.manifest.get("timings", {}).get("simulation_seconds") for folder in folders]
    )
    shown = grid("Origin of the numbers", columns, rows, left=len(columns), small=True)
    words = (
        "The same scenario or table, seed and version give the same tables, whatever the machine, batch size or "
        "engine."
    )
    return Section("origin", "Origin", (words,), items=(shown,))


def _named(folder: RunFolder) -> str:
    table = folder.manifest.get("table")
    if table is not None:
        return ", ".join(str(file["file"]) for file in (table, *table.get("with", ())))
    return "; ".join(scenario.title for scenario in folder.scenarios)
