from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cea.table_files import Write

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = (REPOSITORY / "tests" / "published", REPOSITORY.parent / "shared" / "peer-data")
PeerData = Callable[[str], Path]


@pytest.fixture(scope="session")
def peer_data() -> PeerData:
    """Finds a published table, or what others make of it, by its name; tests/published/README.md lists them."""

    def found(name: str) -> Path:
        for folder in FOLDERS:
            if (folder / name).is_file():
                return folder / name
        return pytest.skip(f"not compared: {name} is not shipped, see tests/published/README.md, nor in {FOLDERS[1]}")

    return found


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file's content under a name, t.csv unless told."""

    def written(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
