"""A real PostgreSQL server, started from its PyPI package on a socket of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_process import started


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    # Under root the server runs as another user, whom pytest's own directories (mode 0700) would lock out.
    home = Path(tempfile.mkdtemp(prefix="safelight-postgresql-"))
    try:
        server = started(home / "data")
        yield server.get_uri()
        server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)
