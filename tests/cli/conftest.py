"""Running the command as a user does, and reading what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BASE_CASE = REPOSITORY / "scenarios" / "base-case.toml"
TUTORIAL = REPOSITORY / "scenarios" / "tutorial.toml"


@dataclass(frozen=True)
class Said:
    """What a command said: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


Igsim = Callable[..., Said]


@pytest.fixture
def igsim(tmp_path: Path) -> Igsim:
    """Run `igsim` with the given arguments in an empty folder."""

    def run(*arguments: object, cwd: Path = tmp_path) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "sim", *map(str, arguments)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run
