"""Ids are UUIDs of version 7 that sort by the time they were made."""

from __future__ import annotations

import time
import uuid

from safelight.ids import uuid7


def test_an_id_is_a_version_7_uuid_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(uuid7())
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_differ_and_sort_by_time() -> None:
    first = uuid7()
    time.sleep(0.002)
    later = [uuid7() for _ in range(1000)]
    assert len({*later}) == 1000
    assert all(first < id_ for id_ in later)
