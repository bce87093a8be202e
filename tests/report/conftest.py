"""Run folders of every command, shared by the tests of reports, workbooks and their figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.run_folders import make_folder


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("results")
    return cache(lambda kind: make_folder(kind, root))
