"""A snapshot and the changes since answer as one, whatever the changes repeat of the snapshot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safelight.matching import engine
from safelight.matching.kinds import INDEXED, IndexedType
from safelight.matching.records import Batch
from safelight.matching.staging import Staged, unseen

KEY = bytes(range(32))
SNAPSHOT = {1: 1, 2: 2, 9: 9}


def value(kind: IndexedType, number: int) -> str:
    return f"{number:0{2 * kind.width}x}"


@pytest.fixture(params=["pdq", "md5", "sha1", "sha256"])
def kind(request: pytest.FixtureRequest) -> IndexedType:
    return INDEXED[request.param]


@pytest.fixture
def live(kind: IndexedType, tmp_path: Path) -> engine.LiveSet:
    """A snapshot of rows 1, 2 and 9 under the values 1, 2 and 9."""
    columns = Staged(tmp_path, kind)
    columns.extend(
        kind.pack([value(kind, v) for v in SNAPSHOT.values()]), np.array([*SNAPSHOT], dtype=np.uint64)
    )
    engine.build_snapshot(tmp_path / "file", kind, columns, key=KEY, stamp=b"", progress=unseen)
    return engine.LiveSet(kind, KEY, engine.open_file(tmp_path / "file", kind, KEY), columns.newest_row)


def apply(live: engine.LiveSet, kind: IndexedType, *changes: tuple[int, bool, int]) -> None:
    rows, added, values = zip(*changes, strict=True)
    packed = kind.pack([value(kind, v) for v in values])
    live.apply(Batch.of(0, np.array(rows, dtype=np.uint64), np.array(added), packed).changes)


def rows(live: engine.LiveSet, kind: IndexedType, number: int) -> list[int]:
    if kind.exact:
        return list(live.find_many([value(kind, number)])[0])
    hits = live.search(value(kind, number), 0, 100)
    assert live.search_many([value(kind, number)], 0, 100) == (hits,)
    return [hit.row for hit in hits.hits]


def test_a_repeated_addition_is_found_once_and_never_taken_out_in_between(
    live: engine.LiveSet, kind: IndexedType
) -> None:
    apply(live, kind, (2, True, 2))
    assert rows(live, kind, 2) == [2]
    assert len(live) == 3
    assert len(live._delta) == live._delta.withdrawn == 0


def test_a_row_that_the_snapshot_lacks_is_added_though_its_number_is_low(
    live: engine.LiveSet, kind: IndexedType
) -> None:
    apply(live, kind, (5, True, 5))
    assert rows(live, kind, 5) == [5]
    assert len(live) == 4


def test_withdrawn_and_added_again_it_is_found_once(live: engine.LiveSet, kind: IndexedType) -> None:
    apply(live, kind, (2, False, 0))
    assert rows(live, kind, 2) == []
    assert len(live) == 2
    apply(live, kind, (2, True, 2))
    assert rows(live, kind, 2) == [2]
    assert len(live) == 3


def test_within_one_batch_the_last_change_counts(live: engine.LiveSet, kind: IndexedType) -> None:
    apply(live, kind, (20, True, 7), (20, False, 0), (1, False, 0), (1, True, 1), (21, True, 7))
    assert rows(live, kind, 7) == [21]
    assert rows(live, kind, 1) == [1]


def test_values_that_several_rows_share_give_all_of_them(live: engine.LiveSet, kind: IndexedType) -> None:
    apply(live, kind, (30, True, 2), (31, True, 2))
    assert rows(live, kind, 2) == [2, 30, 31]
