"""Observations to decide about, made without files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from safelight.types import (
    ListClass,
    Match,
    MediaKind,
    Observation,
    Part,
    Picture,
    SearchedList,
    Signal,
)

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
DIGEST = Signal("sha256", "ab" * 32)
PDQ = Signal("pdq", "0123456789abcdef" * 4, quality=88)


@pytest.fixture
def observe() -> Callable[..., Observation]:
    """A well-scanned picture compared with one list of class ``csam``; fields can be given."""

    def make(**fields: object) -> Observation:
        usual: dict[str, object] = {
            "name": "photo.jpg",
            "size": 1234,
            "kind": MediaKind.IMAGE,
            "mime": "image/jpeg",
            "scanned_at": WHEN,
            "pictures": (Picture(Part(), 640, 480),),
            "signals": (DIGEST, PDQ),
            "searched": (SearchedList("hotline", ListClass.CSAM, 3),),
        }
        return Observation(**(usual | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture
def match() -> Callable[..., Match]:
    """A match with an entry of a class, by equal SHA-256 (``exact``) or by likeness at a distance."""

    def make(
        list_class: ListClass = ListClass.CSAM, *, exact: bool = True, distance: int = 7, **fields: object
    ) -> Match:
        usual: dict[str, object] = {
            "signal": DIGEST if exact else PDQ,
            "list": f"a-{list_class}-list",
            "list_class": list_class,
            "entry_key": "entry-1",
            "distance": 0 if exact else distance,
        }
        return Match(**(usual | fields))  # type: ignore[arg-type]

    return make
