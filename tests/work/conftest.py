"""Folders of unfinished work and what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.work import folder as folders
from sim.work.folder import Undertaking, WorkFolder

UNDERTAKING = Undertaking(
    command="psa",
    scenarios=({"digest": "0" * 64, "file": "a.toml", "text": "title = 1"},),
    settings={"draws": 5},
    resume="igsim psa a.toml --draws 5 --resume",
)

Opened = Callable[..., WorkFolder]


@pytest.fixture
def told() -> list[str]:
    """What the user is told."""
    return []


@pytest.fixture
def opened(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Open the work folder of `UNDERTAKING`; every batch is written as soon as it is kept."""
    monkeypatch.setattr(folders, "SECONDS_BETWEEN_FILES", 0.0)

    def open_it(*, resume: bool = False, undertaking: Undertaking = UNDERTAKING, home: Path = tmp_path) -> WorkFolder:
        return WorkFolder(home, undertaking, resume=resume, tell=told.append)

    return open_it
