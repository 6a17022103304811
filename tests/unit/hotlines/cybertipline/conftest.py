"""A mock hotline that listens, and documents that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from safelight.hotlines.cybertipline.client import Client
from safelight.hotlines.cybertipline.environments import Environment, Place
from safelight.hotlines.mock.calls import Hotline
from safelight.hotlines.mock.documents import Checker
from safelight.hotlines.mock.serving import Conduct, MockServer
from safelight.hotlines.mock.state import State

REPORT = b"""<?xml version="1.0" encoding="UTF-8"?>
<report><incidentSummary>
<incidentType>Child Pornography (possession, manufacture, and distribution)</incidentType>
<incidentDateTime>2026-01-01T00:00:00Z</incidentDateTime></incidentSummary>
<reporter><reportingPerson><email>trust@example.org</email></reportingPerson></reporter></report>"""


@pytest.fixture(scope="session")
def report() -> bytes:
    return REPORT


@pytest.fixture
def details() -> Callable[[str, str], bytes]:
    def written(report_id: str, file_id: str) -> bytes:
        inside = f"<reportId>{report_id}</reportId><fileId>{file_id}</fileId>"
        return f"<fileDetails>{inside}<fileViewedByEsp>true</fileViewedByEsp></fileDetails>".encode()

    return written


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "mock")
    yield made
    made.close()


@pytest.fixture
def mock(state: State) -> Iterator[MockServer]:
    server = MockServer(Hotline(state, Checker(None)), Conduct(silent_seconds=0.2, slow_seconds=0.2))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(mock: MockServer) -> Iterator[Client]:
    with Client(Place(Environment.MOCK, "mock", "mock", mock.base)) as asking:
        yield asking


@pytest.fixture
def hurried(mock: MockServer) -> Iterator[Client]:
    """A client that waits for nobody long."""
    place = Place(Environment.MOCK, "mock", "mock", mock.base)
    with Client(place, timeouts=httpx2.Timeout(0.1, connect=5.0)) as asking:
        yield asking
