"""The doubles that intake is given in these tests, and a server's run directory in which nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_fixtures import keys, scanner, sender, spool, use_ring, vault

from safelight.server.processes.run_directory import METRICS
from safelight.server.vault.client import RUN_VARIABLE

__all__ = ["keys", "scanner", "sender", "spool", "use_ring", "vault"]


@pytest.fixture
def run_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / METRICS).mkdir()
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path))
    return tmp_path
