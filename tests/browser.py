"""Chromium for tests: where it is, and what its absence means."""

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium")
REQUIRED = bool(os.environ.get("IGSIM_NEEDS_CHROMIUM"))
"""Set where Chromium was installed for the tests: its absence is then a failure, not a skip."""

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not REQUIRED, reason="needs Chromium (Debian: apt-get install chromium)"
)
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
"""What Chromium needs to run as root in a container."""


def chromium() -> str:
    """Path of Chromium; an error that says what is missing where it must be there."""
    assert CHROMIUM is not None, "IGSIM_NEEDS_CHROMIUM is set, but there is no command chromium"
    return CHROMIUM
