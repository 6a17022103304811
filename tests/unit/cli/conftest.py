"""The command line against a workspace in the test's own directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from safelight.cli import main

Safelight = Callable[..., Result]


@pytest.fixture
def safelight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Safelight:
    """Run ``safelight`` with words as arguments."""
    monkeypatch.delenv("SAFELIGHT_KEY_FILE", raising=False)
    monkeypatch.setenv("SAFELIGHT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("SAFELIGHT_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])
