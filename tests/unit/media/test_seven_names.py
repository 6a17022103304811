"""The names of a 7z's members are those that programs write, and none where the list is locked or broken."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import libarchive
import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locked_archives import seven

from safelight.media.seven_names import member_names

MEMBERS = {"a.png": b"first" * 90, "inner/é.jpg": b"second" * 80, "c" * 300: b"third"}


def names(content: bytes) -> tuple[str, ...]:
    fd = os.memfd_create("archive")
    try:
        os.write(fd, content)
        return member_names(fd)
    finally:
        os.close(fd)


def packed(**options: Any) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", **options) as archive:
        for name, content in MEMBERS.items():
            archive.writestr(content, name)
    return file.getvalue()


def by_libarchive() -> bytes:
    pieces: list[bytes] = []
    with libarchive.custom_writer(lambda data: pieces.append(bytes(data)) or len(data), "7zip") as archive:
        for name, content in MEMBERS.items():
            archive.add_file_from_memory(name, len(content), content)
        archive.add_file_from_memory("empty", 0, b"")
    return b"".join(pieces)


@pytest.mark.parametrize(
    "write",
    [
        packed,
        lambda: packed(password="of this test"),
        lambda: packed(filters=[{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}]),
        lambda: packed(filters=[{"id": py7zr.FILTER_COPY}]),
        by_libarchive,
        lambda: seven(MEMBERS, ["a.png"]),
    ],
    ids=["py7zr", "locked", "filtered", "stored", "libarchive", "by hand"],
)
def test_names_of_what_has_content(write: Callable[[], bytes]) -> None:
    assert names(write()) == tuple(MEMBERS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no 7z",
        packed(password="of this test", header_encryption=True),
        seven(MEMBERS, locked_header=True),
    ],
    ids=["empty", "another format", "locked", "locked by hand"],
)
def test_no_names_where_there_is_no_list(content: bytes) -> None:
    assert names(content) == ()


WHOLE = packed()


@settings(max_examples=300, deadline=None)
@given(st.integers(12, len(WHOLE) - 1), st.integers(0, 255), st.booleans())
def test_a_broken_list_harms_nobody(at: int, value: int, cut: bool) -> None:
    broken = WHOLE[:at] if cut else WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]
    assert isinstance(names(broken), tuple)
