"""The state of a view is its address: what is looked at, and how, in one URL that can be sent to somebody else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode

PAGES: Final[Mapping[str, str]] = {
    "decision": "Decision",
    "infections": "Infections",
    "patients": "Patients",
    "uncertainty": "Uncertainty",
    "what-if": "What-if",
    "sweep": "Sweep",
    "programme": "Programme",
    "parameters": "Parameters",
}
"""Page in an address to its title, in the order of the navigation."""

LEVER: Final = "set."
"""Before the key of a lever that was moved."""
MOST_PATIENT: Final = 10**9
LONGEST: Final = 8_000


@dataclass(frozen=True)
class View:
    """What is looked at.

    Attributes:
        page: One of `PAGES`; empty for the list of runs.
        look_at: Run folder below the results folder, `run:NAME/ID`, or scenario, `scenario:NAME`.
        beside: Another of the same, shown beside it; empty for none.
        wtp: Willingness to pay per QALY; None for the analysis' own.
        against: Comparator; empty for the reference.
        strategy: Strategy picked out; empty for none.
        patient: Number of the patient shown.
        moved: Lever's key to its position, for those that were moved.
        faults: What of the address could not be read, in words.
    """

    page: str = ""
    look_at: str = ""
    beside: str = ""
    wtp: float | None = None
    against: str = ""
    strategy: str = ""
    patient: int = 0
    moved: Mapping[str, float] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def search(self) -> str:
        """The part of the address after the page, beginning with ? unless there is nothing to say."""
        parts: dict[str, str] = {}
        for key in ("look_at", "beside", "against", "strategy"):
            if value := getattr(self, key):
                parts[key] = value
        if self.wtp is not None:
            parts["wtp"] = f"{self.wtp:.10g}"
        if self.patient:
            parts["patient"] = str(self.patient)
        parts |= {f"{LEVER}{key}": f"{value:.10g}" for key, value in sorted(self.moved.items())}
        return f"?{urlencode(parts, safe=':/')}" if parts else ""

    def href(self, page: str | None = None) -> str:
        """The whole address, of this page or another."""
        return f"/{self.page if page is None else page}{self.search()}"


def read(path: str | None, search: str | None) -> View:
    """Read an address; what cannot be read is left out and named in `faults`.

    Args:
        path: From the first slash, e.g. "/decision".
        search: From the question mark.
    """
    faults: list[str] = []
    page = (path or "/").strip("/")
    if page and page not in PAGES:
        faults.append(f"there is no page {shortened(page)}; there are {', '.join(PAGES)}")
        page = ""
    text = (search or "").removeprefix("?")
    if len(text) > LONGEST:
        return View(page=page, faults=(*faults, f"the address is longer than {LONGEST:,} characters"))
    found = dict(parse_qsl(text))
    moved: dict[str, float] = {}
    for key, value in found.items():
        if key.startswith(LEVER):
            number = _read(float, key, value, faults)
            if number is not None:
                moved[key.removeprefix(LEVER)] = number
    wtp = _read(float, "wtp", found.get("wtp", ""), faults)
    if wtp is not None and wtp < 0:
        faults.append(f"wtp: found {wtp:g}; must be 0 or more")
        wtp = None
    patient = int(_read(int, "patient", found.get("patient", ""), faults) or 0)
    if not 0 <= patient < MOST_PATIENT:
        faults.append(f"patient: found {patient}; must be from 0 to {MOST_PATIENT - 1:,}")
        patient = 0
    return View(
        page=page,
        look_at=found.get("look_at", ""),
        beside=found.get("beside", ""),
        wtp=wtp,
        against=found.get("against", ""),
        strategy=found.get("strategy", ""),
        patient=patient,
        moved=moved,
        faults=tuple(faults),
    )


def _read(kind: Callable[[str], float], key: str, text: str, faults: list[str]) -> float | None:
    if not text:
        return None
    try:
        value = kind(text)
        if math.isfinite(value):
            return value
    except (ValueError, OverflowError):
        pass
    faults.append(f"{key}: found {shortened(text)}; must be a {'whole ' if kind is int else ''}number")
    return None


def shortened(text: str) -> str:
    """Somebody's text, short enough to be repeated in a message."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
