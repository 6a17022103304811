"""vPDQ lists arrive as the reference writes them, and are kept as the looks of their frames."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.frames import Frame, parse_frames, write_frames
from safelight.lists import HashList, HashListInfo, Layout, ListFormat, MemoryListStore, import_file
from safelight.lists.videos import ListedFrames, listed_frames
from safelight.types import ListClass

RANDOM = random.Random(3)
A, B, C = (RANDOM.randbytes(32).hex() for _ in range(3))
VIDEO = json.dumps([f"{A},100,0.0", f"{B},100,1.0", f"{A},90,2.0", f"{C},12,3.0"])


def kept(hashes: HashList) -> dict[str, ListedFrames | None]:
    return {entry.signal.value: listed_frames(entry.flags) for entry in hashes}


@given(
    st.lists(
        st.tuples(st.binary(min_size=32, max_size=32), st.integers(0, 100), st.floats(0, 1e6)), min_size=1
    )
)
def test_what_is_written_is_read_back(rows: list[tuple[bytes, int, float]]) -> None:
    frames = tuple(Frame(raw.hex(), quality, round(at, 3)) for raw, quality, at in rows)
    assert parse_frames(write_frames(frames)) == frames


def test_the_text_is_what_the_reference_reads_and_writes() -> None:
    rows = [f"{A},100,0.0", f"{B},99,1.0", f"{C},50,12.5"]
    assert json.loads(write_frames(parse_frames(json.dumps(rows)))) == rows
    # The reference writes times to three significant digits; both forms are read.
    assert [f.seconds for f in parse_frames(json.dumps([f"{A.upper()},100,1.23e+03", f"{A},100,7"]))] == [
        1230,
        7,
    ]


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (f"vpdq {VIDEO}\n", ListFormat()),
        (f"# a comment\n{VIDEO}\n", ListFormat(signal_type="vpdq")),
        ("vpdq;key\n" + '"' + VIDEO.replace('"', '""') + '";one\n', ListFormat(delimiter=";")),
        (
            "name,frames\none," + '"' + VIDEO.replace('"', '""') + '"\n',
            ListFormat(Layout.CSV, columns=(("vpdq", "frames"),)),
        ),
    ],
    ids=["typed", "values", "csv", "mapped"],
)
def test_a_video_is_kept_as_the_looks_of_its_frames(text: str, layout: ListFormat, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    hashes = HashList.from_file(path, "videos", "test", layout=layout)
    assert hashes.report.bad == ()
    assert kept(hashes) == {A: ListedFrames(2, 3, 0.0), B: ListedFrames(1, 3, 1.0)}
    assert {entry.signal.type for entry in hashes} == {"pdq"}


def test_importing_again_adds_nothing_and_one_key_holds_it_all(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(f"vpdq {VIDEO}\npdq {C}\n")
    store = MemoryListStore()
    info = HashListInfo("videos", ListClass.TEST)
    first, again = (import_file(store, info, path, ListFormat()) for _ in range(2))
    assert (first.added, again.added, again.known) == (3, 0, 3)
    keys = {entry.key for entry in store.resolve([row for row, _ in store.live("pdq")]).values()}
    assert len(keys) == 2


def test_a_bad_video_is_a_bad_line_that_shows_no_hash(tmp_path: Path) -> None:
    path = tmp_path / "list"
    plain = json.dumps([f"{A},20,0.0"])
    path.write_text(f"vpdq {VIDEO}\nvpdq [broken\nvpdq {plain}\n" + f'vpdq ["{A},100"]\n')
    hashes = HashList.from_file(path, "videos", "test", layout=ListFormat(Layout.TYPED))
    assert [bad.number for bad in hashes.report.bad] == [2, 3, 4]
    assert not any(A in bad.reason for bad in hashes.report.bad)


def test_a_video_of_hours_fits_a_line(tmp_path: Path) -> None:
    frames = [Frame(RANDOM.randbytes(32).hex(), 100, float(n)) for n in range(36_000)]
    path = tmp_path / "list"
    path.write_text(f"vpdq {write_frames(frames)}\n")
    hashes = HashList.from_file(path, "videos", "test")
    assert (len(hashes), hashes.report.bad) == (36_000, ())
