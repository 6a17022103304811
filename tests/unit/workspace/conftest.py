"""A workspace with its key beside it, both in the test's own directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.lists import HashListInfo
from safelight.types import ListClass
from safelight.workspace import Workspace


@pytest.fixture(autouse=True)
def key_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SAFELIGHT_KEY_FILE", raising=False)
    monkeypatch.delenv("SAFELIGHT_WORKSPACE", raising=False)
    monkeypatch.setenv("SAFELIGHT_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "workspace") as opened:
        opened.store.create(HashListInfo("a", ListClass.TEST))
        yield opened
