"""What tests of every room may ask for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine draws examples, or runs them, says nothing about the promise that they check.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

TESTS = Path(__file__).parent
POLICY = os.sched_getscheduler(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a file that share something, such as a server that was started once, in one worker."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group("/".join(item.path.with_suffix("").parts[-2:])))


def pytest_collection_finish() -> None:
    """What stays to the end is no garbage: looking through it again and again takes a tenth of a run."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name what is long by its argument: workers must agree on every test's name, and it is sent about."""
    return argname if isinstance(val, str | bytes) and len(val) > 80 else None


def _shares(item: pytest.Item) -> bool:
    definitions: dict[str, Any] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    return any(
        d.scope in ("module", "package")
        for known in definitions.values()
        for d in known
        if d.baseid.startswith("tests")
    )


@pytest.fixture(autouse=True)
def _no_priority() -> Iterator[None]:
    """A library that gives this process real-time priority would have every later test starve the others."""
    yield
    assert os.sched_getscheduler(0) == POLICY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Benign photographs kept beside the repository; tests that need them are skipped without."""
    data = TESTS.parents[1] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("needs the photographs in ../shared/data")
    return data
