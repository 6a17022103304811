"""Whatever a path turns out to be, opening it ends at once and says why."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from safelight.media import OpenedFile, open_media
from safelight.types import MediaKind, Problem, UnscannedReason

pytestmark = pytest.mark.timeout(10)  # whatever blocks, fails

JPEG_HEAD = b"\xff\xd8\xff\xe0" + bytes(100)


def problem(source: str | os.PathLike[str]) -> Problem:
    with open_media(source) as opened:
        assert isinstance(opened, Problem)
        return opened


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.jpg"
    os.mkfifo(fifo)
    assert problem(fifo).reason is UnscannedReason.NOT_A_FILE


def test_sockets_devices_and_directories_are_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("s.jpg")
        assert problem(tmp_path / "s.jpg").detail == "a socket"
    assert problem("/dev/zero").detail == "a character device"
    assert problem(tmp_path).detail == "a directory"
    (tmp_path / "link").symlink_to("/dev/zero")
    assert problem(tmp_path / "link").reason is UnscannedReason.NOT_A_FILE


def test_links_are_followed_and_loops_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert problem(tmp_path / "a").reason is UnscannedReason.UNREADABLE
    (tmp_path / "picture.jpg").write_bytes(JPEG_HEAD)
    (tmp_path / "link").symlink_to("picture.jpg")
    with open_media(tmp_path / "link") as opened:
        assert isinstance(opened, OpenedFile)


@pytest.mark.parametrize(
    "name", [b"line\nbreak", b"\xff\xfe not UTF-8", b"\x1b[31mred\x1b[0m", b" ", b"-rf", b"%s%n"]
)
def test_names_are_only_names(tmp_path: Path, name: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(path)).write_bytes(JPEG_HEAD)
    with open_media(os.fsdecode(path)) as opened:
        assert isinstance(opened, OpenedFile)
        assert (opened.kind, opened.mime) == (MediaKind.IMAGE, "image/jpeg")


@pytest.mark.parametrize("name", ["with\0nul", "lone \ud800 surrogate", "x" * 300, ""])
def test_impossible_names_are_unreadable(tmp_path: Path, name: str) -> None:
    assert problem(str(tmp_path / "a")[:-1] + name if name else "").reason is UnscannedReason.UNREADABLE


def test_what_vanished_is_unreadable_and_the_path_is_not_repeated(tmp_path: Path) -> None:
    found = problem(tmp_path / "gone.jpg")
    assert found.reason is UnscannedReason.UNREADABLE
    assert "gone.jpg" not in found.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(JPEG_HEAD)
    (tmp_path / "secret.jpg").chmod(0)
    assert problem(tmp_path / "secret.jpg").reason is UnscannedReason.UNREADABLE


def test_an_unreadable_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG_HEAD)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    assert problem(tmp_path / "a.jpg").detail == "Input/output error"


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(5 << 30)  # a hole, no disk
    assert problem(tmp_path / "a.jpg").reason is UnscannedReason.TOO_LARGE
    with open_media(b"12345", max_bytes=4) as opened:
        assert isinstance(opened, Problem)


def test_an_empty_file_and_empty_bytes_are_opened(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for source in (tmp_path / "empty.jpg", b""):
        with open_media(source) as opened:
            assert isinstance(opened, OpenedFile)
            assert (opened.size, opened.kind, opened.changed()) == (0, MediaKind.UNKNOWN, None)


@pytest.mark.parametrize("change", ["append", "truncate", "rewrite"])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG_HEAD)
    os.utime(path, ns=(1, 1))
    with open_media(path) as opened:
        assert isinstance(opened, OpenedFile)
        assert opened.changed() is None
        with path.open({"append": "ab", "truncate": "wb", "rewrite": "r+b"}[change]) as writer:
            writer.write(b"x")
        changed = opened.changed()
        assert changed is not None
        assert changed.reason is UnscannedReason.CHANGED


def test_a_file_removed_while_open_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG_HEAD)
    with open_media(path) as opened:
        assert isinstance(opened, OpenedFile)
        path.unlink()
        assert os.pread(opened.fd, 4, 0) == JPEG_HEAD[:4]


def test_bytes_cannot_be_changed_by_anybody() -> None:
    with open_media(b"content") as opened:
        assert isinstance(opened, OpenedFile)
        with pytest.raises(PermissionError):
            os.pwrite(opened.fd, b"x", 0)


def test_descriptors_are_closed(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    (tmp_path / "a.jpg").write_bytes(JPEG_HEAD)
    for source in (tmp_path / "a.jpg", tmp_path, tmp_path / "gone", b"bytes"):
        with open_media(source):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
