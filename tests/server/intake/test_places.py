"""A place of a long video lies in the run directory, and is forgotten when nobody goes on with it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from safelight.server.intake.places import KEPT_FOR, forget_places, places


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFELIGHT_RUN", str(tmp_path))
    return tmp_path


def test_what_nobody_goes_on_with_is_forgotten(run: Path) -> None:
    forget_places()  # before there are any
    places().mkdir()
    for name, age in (("new.video", 0.9), ("old.video", 1.1)):
        place = places() / name
        place.write_text("")
        then = time.time() - age * KEPT_FOR.total_seconds()
        os.utime(place, (then, then))
    forget_places()
    assert [each.name for each in (run / "videos").iterdir()] == ["new.video"]


def test_without_a_server_there_is_nothing_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFELIGHT_RUN", raising=False)
    forget_places()
