"""A log gives back what was appended, gives nothing away, and shrugs off a torn end but not an altered middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safelight.errors import IndexDamaged, IndexFileError
from safelight.matching.kinds import INDEXED, PDQ
from safelight.matching.log import LogEnd, LogTail, create_log
from safelight.matching.manifest import segment_path
from safelight.matching.records import HEADER_BYTES, Batch

KEY = bytes(range(32))
VALUES = [bytes([n]) * 32 for n in range(1, 4)]


def batch(sequence: int, *values: bytes) -> Batch:
    rows = np.arange(sequence, sequence + len(values), dtype=np.uint64)
    packed = np.frombuffer(b"".join(values), dtype=np.uint8).reshape(len(values), 32)
    return Batch.of(sequence, rows, np.ones(len(values), dtype=bool), packed)


def read(directory: Path) -> list[tuple[int, list[int]]]:
    tail = LogTail(directory, 1, PDQ, KEY)
    try:
        return [(b.sequence, b.changes["row"].tolist()) for b in tail.read()]
    finally:
        tail.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three records, its file."""
    create_log(tmp_path, 1, PDQ, start=0)
    end = LogEnd(tmp_path, 1, PDQ, KEY)
    for number, value in enumerate(VALUES):
        end.append(batch(10 * (number + 1), value))
    end.sync()
    end.close()
    return segment_path(tmp_path, 1)


ALL = [(10, [10]), (20, [20]), (30, [30])]


def test_records_come_back_in_order(log: Path) -> None:
    assert read(log.parent) == ALL


def test_a_tail_goes_on_where_it_stopped(log: Path) -> None:
    tail = LogTail(log.parent, 1, PDQ, KEY)
    assert len(list(tail.read())) == 3
    end = LogEnd(log.parent, 1, PDQ, KEY)
    end.append(batch(40, VALUES[0]))
    assert [b.sequence for b in tail.read()] == [40]
    end.close()
    tail.close()


def test_torn_at_every_byte_it_gives_whole_records_and_takes_new_ones(log: Path) -> None:
    whole = log.read_bytes()
    record = (len(whole) - HEADER_BYTES) // 3
    for cut in range(HEADER_BYTES, len(whole)):
        log.write_bytes(whole[:cut])
        kept = (cut - HEADER_BYTES) // record
        assert read(log.parent) == ALL[:kept], f"cut at {cut}"
        end = LogEnd(log.parent, 1, PDQ, KEY)
        assert end.sequence == 10 * kept
        end.append(batch(99, VALUES[0]))
        end.close()
        assert read(log.parent) == [*ALL[:kept], (99, [99])], f"cut at {cut}"


def test_a_tail_of_garbage_is_cut_too(log: Path) -> None:
    with log.open("ab") as file:
        file.write(b"\0" * 5000)
    assert read(log.parent) == ALL
    end = LogEnd(log.parent, 1, PDQ, KEY)
    end.append(batch(40, VALUES[0]))
    end.close()
    assert read(log.parent) == [*ALL, (40, [40])]


def test_no_altered_byte_yields_an_altered_record(log: Path) -> None:
    whole = log.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x10
        log.write_bytes(bytes(changed))
        try:
            got = read(log.parent)
        except IndexFileError:
            continue
        assert got == ALL[: len(got)], f"byte {at}"
        assert len(got) < 3, f"byte {at} went unnoticed"


def test_a_shortened_log_is_noticed_by_whoever_had_read_further(log: Path) -> None:
    tail = LogTail(log.parent, 1, PDQ, KEY)
    assert len(list(tail.read())) == 3
    log.write_bytes(log.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match="shortened"):
        list(tail.read())
    tail.close()


def test_records_cannot_be_swapped_or_repeated(log: Path) -> None:
    whole = log.read_bytes()
    size = (len(whole) - HEADER_BYTES) // 3
    header, records = whole[:HEADER_BYTES], [whole[HEADER_BYTES + n * size :][:size] for n in range(3)]
    for order in ([1, 0, 2], [0, 0, 1], [2, 1, 0]):
        log.write_bytes(header + b"".join(records[n] for n in order))
        with pytest.raises(IndexDamaged, match="altered"):
            read(log.parent)


def test_the_file_holds_no_listed_value_and_another_key_reads_none(log: Path) -> None:
    content = log.read_bytes()
    assert all(value[:8] not in content for value in VALUES)
    tail = LogTail(log.parent, 1, PDQ, b"another key" + bytes(21))
    with pytest.raises(IndexDamaged):
        list(tail.read())
    tail.close()


def test_another_types_log_is_refused(log: Path) -> None:
    with pytest.raises(IndexDamaged, match="another log"):
        LogTail(log.parent, 1, INDEXED["md5"], KEY)
