from __future__ import annotations

from pathlib import Path

import pytest

from tests.cea.table_files import Write

PEER_DATA = Path(__file__).parents[3] / "shared" / "peer-data"


@pytest.fixture(scope="session")
def peer_data() -> Path:
    """Folder of published tables and what peer software makes of them; not shipped with the package."""
    if not PEER_DATA.is_dir():
        pytest.skip("no shared/peer-data beside the repository; test_cea_published holds the key numbers")
    return PEER_DATA


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file's content under a name, t.csv unless told."""

    def written(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written
