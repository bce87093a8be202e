"""Of which scenarios and of which model a page was made.

A page ends with a table: every scenario that it rests on, its digest, and a check of what the model makes of it. The
check is a fingerprint of all mean outcomes of some thousand patients to six digits, so it changes when the model's
numbers do and stays when only its code does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import sim
from docs.building.results_pages.markdown import table_text
from docs.building.results_pages.settings import Setting
from sim.scenario import Scenario

PATIENTS = 4096
"""Whose means the check looks at."""
REMEDY = "pages are stale, run make results-pages"
_ROW = re.compile(r"^\| (.+?) \| (.+?) \| (?:.*?) \| `([0-9a-f]{12})` \| `([0-9a-f]{8})` \|$", re.MULTILINE)


def digest(scenario: Scenario) -> str:
    """Identity of a scenario, short."""
    return scenario.digest[:12]


def check(scenario: Scenario) -> str:
    """Fingerprint of what the model makes of a scenario."""
    outcomes = sim.run(scenario, patients=PATIENTS).outcomes
    means = [f"{value:.6g}" for name in outcomes.components for value in outcomes.mean(name)]
    return hashlib.sha256(" ".join(means).encode()).hexdigest()[:8]


def stamp(settings: Iterable[Setting]) -> str:
    """The table that a page ends with."""
    rows = []
    for setting in settings:
        scenario = setting.scenario()
        laid = setting.laid_over or "nothing"
        rows.append((setting.name, f"{setting.file}.toml", laid, f"`{digest(scenario)}`", f"`{check(scenario)}`"))
    # The cells are names and digests of our own; a digest is set as code.
    columns = ("setting", "scenario", "laid over it", "digest", "check")
    return table_text(columns, rows, left=len(columns)).replace("\\`", "`")


def stamped(page: str) -> dict[str, tuple[str, str, str]]:
    """Setting to scenario file, digest and check, as a page has them."""
    return {name: (file, made, found) for name, file, made, found in _ROW.findall(page)}


def stale(page: str, settings: Iterable[Setting]) -> list[str]:
    """What a page was made of and is no longer so; nothing if it is fresh."""
    kept, faults = stamped(page), []
    for setting in settings:
        file, made, found = kept.pop(setting.name, ("", "", ""))
        scenario = setting.scenario()
        if (file, made) != (f"{setting.file}.toml", digest(scenario)):
            faults.append(f"{setting.name}: digest {made or 'none'}, now {digest(scenario)}")
        elif found != (now := check(scenario)):
            faults.append(f"{setting.name}: check {found}, now {now}")
    return [*faults, *(f"{name}: no longer played" for name in kept)]
