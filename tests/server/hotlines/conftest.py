"""A mock hotline, a vault that listens, and reports on their way from one to the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safelight.hotlines.mock.calls import Hotline
from safelight.hotlines.mock.documents import Checker
from safelight.hotlines.mock.serving import Conduct, MockServer
from safelight.hotlines.mock.state import State


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[State]:
    """What the mock remembers."""
    state = State(tmp_path / "mock")
    yield state
    state.close()


@pytest.fixture
def mock(hotline: State) -> Iterator[MockServer]:
    server = MockServer(Hotline(hotline, Checker(None)), Conduct(silent_seconds=0.2, slow_seconds=0.1))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses after setbacks are over at once."""
    from safelight.server.hotlines import driving

    monkeypatch.setattr(driving, "FIRST_PAUSE", 0.0)


@pytest.fixture
def run_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short: a Unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="sl-run-") as run:
        monkeypatch.setenv("SAFELIGHT_RUN", run)
        yield Path(run)


@pytest.fixture
def set_up(workspace_setting: Callable[..., None], tmp_path: Path, mock: MockServer) -> Callable[..., None]:
    """Set the CyberTipline up: the mock unless told otherwise."""
    from safelight.server.config import Cybertipline

    def changed(**told: Any) -> None:
        told = {"environment": "mock", "mock_url": mock.base, **told}
        workspace_setting(cybertipline=Cybertipline(**told), workspace=tmp_path)

    return changed


@pytest.fixture
def sending(
    committing_db: None, set_up: Callable[..., None], run_directory: Path, quick: None
) -> Iterator[Callable[[], None]]:
    """Work off every job that sends, as the worker does."""
    from report_rows import listening_vault

    from safelight.server.jobs.models import Job
    from safelight.server.jobs.registry import load_handlers
    from safelight.server.jobs.working import work_once

    set_up()
    load_handlers()

    def work() -> None:
        for _ in range(500):
            Job.objects.exclude(kind="hotlines.send").filter(state="due").delete()
            if not work_once("a worker"):
                return
        raise AssertionError("it goes on for ever")

    with listening_vault(run_directory):
        yield work


@pytest.fixture
def report_of(sending: Callable[[], None]) -> Callable[..., Any]:
    """A draft about some files of class test."""
    from report_rows import case_of, draft_of, item_of

    def made(*contents: bytes, mark: str = "a report", **fields: Any) -> Any:
        return draft_of(case_of(*(item_of(content) for content in contents)), mark, **fields)

    return made


@pytest.fixture
def reporter(sending: Callable[[], None], actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.REPORTER)
