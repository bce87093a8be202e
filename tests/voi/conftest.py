from __future__ import annotations

from tests.cea.conftest import peer_data

__all__ = ["peer_data"]
