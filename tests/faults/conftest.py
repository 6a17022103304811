"""A workspace that other processes are killed in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def workspace_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the workspace of this process, and of those it starts, will be."""
    monkeypatch.delenv("SAFELIGHT_KEY_FILE", raising=False)
    monkeypatch.setenv("SAFELIGHT_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("SAFELIGHT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "unit" / "lists"))
    return tmp_path / "workspace"
