"""Where the scenarios are that commands are tried on, and what runs a command (the fixture is for all folders)."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.warm import REPOSITORY, Said

BASE_CASE = REPOSITORY / "scenarios" / "base-case.toml"
TUTORIAL = REPOSITORY / "scenarios" / "tutorial.toml"

Igsim = Callable[..., Said]
