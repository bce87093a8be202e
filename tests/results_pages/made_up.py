"""Run folders with numbers of our own, so that every sentence can be put to every kind of result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.figures import FigureSet, Look, Setting
from sim.report.page.folder import RunFolder


def folder(document: dict[str, Any], **settings: Any) -> RunFolder:
    """A folder of one document; strategies are called by their names."""
    asked = {"currency": "USD", **settings}
    nothing = FigureSet({}, Setting.of(Look("USD"), [1.0]))
    return RunFolder(Path(), {"settings": asked, "command": "run", "files": {}}, document, (), nothing)


def frontier(
    strategy: str, icer: float | None, low: float | None, high: float | None, shape: str = "interval"
) -> Any:
    """A row of an incremental analysis."""
    status = "reference" if icer is None else "on frontier"
    return {
        "strategy": strategy,
        "icer": icer,
        "icer_low": low,
        "icer_high": high,
        "icer_shape": shape,
        "status": status,
    }


REFERENCE = frontier("none", None, None, None)
