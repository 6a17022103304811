"""A real `safelight serve`, started by the command, on a free port and a workspace of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Server, postgres, resting_server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
    else:
        with postgres() as url:
            yield url


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        yield Path(directory)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that has not been started yet, on SQLite."""
    with resting_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SAFELIGHT_") and name != "SAFELIGHT_TEST_DATABASE":
            monkeypatch.delenv(name)
