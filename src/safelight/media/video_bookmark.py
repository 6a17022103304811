"""Keeps the place of a long video between pauses, so that a look that was killed goes on where it was.

A file of lines, one a pause: the stream, and what its decoder had said since the pause before. It holds
hashes of the video's frames, as results do, readable by this user only, and is gone when the video is
finished. Where it cannot be written there is no place to go on from; nothing else depends on it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from safelight.media.sandbox.messages import (
    VIDEO_MESSAGES,
    Body,
    FrameFound,
    InvalidMessage,
    ResumeFound,
    StreamsFound,
    VideoFound,
)

_KINDS: Final = {FrameFound: "frame", ResumeFound: "resume", StreamsFound: "streams", VideoFound: "video"}


class Bookmark:
    """One file's place, open and locked."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._noted = _pages(fd)

    def noted(self, stream: int) -> Iterator[Body]:
        """What was noted of a stream before, in order."""
        for number, messages in self._noted:
            if number == stream:
                yield from messages

    def note(self, stream: int, messages: Sequence[Body]) -> None:
        """Add what a decoder said until it paused."""
        said = [{_KINDS[type(one)]: one.model_dump(mode="json")} for one in messages if type(one) in _KINDS]
        line = json.dumps([version("safelight"), stream, said]) + "\n"
        with suppress(OSError):
            os.write(self._fd, line.encode())


def _pages(fd: int) -> list[tuple[int, list[Body]]]:
    """The whole lines; a torn one, and what another version wrote, is cut off with all behind it."""
    pages: list[tuple[int, list[Body]]] = []
    at = 0
    with os.fdopen(os.dup(fd), "rb") as file:
        file.seek(0)
        for line in file:
            try:
                made_by, stream, said = json.loads(line)
                messages = [VIDEO_MESSAGES.read(json.dumps(one).encode()) for one in said]
            except (ValueError, TypeError, InvalidMessage):
                break
            if made_by != version("safelight") or not isinstance(stream, int):
                break
            pages.append((stream, messages))
            at += len(line)
    os.ftruncate(fd, at)
    os.lseek(fd, at, os.SEEK_SET)
    return pages


@contextmanager
def keep_place(directory: Path, file: str) -> Iterator[Bookmark | None]:
    """The bookmark of a file, named by its SHA-256; None where another look has it. Left well, it is gone."""
    path = directory / f"{file}.video"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield None
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield Bookmark(fd)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # other videos have their place there
            directory.rmdir()
    finally:
        os.close(fd)
