"""Many small writes in one commit: whoever comes while a commit runs is written by the next one.

A commit costs a wait for the disk, and SQLite has one writer. Each caller still returns, or is told, after
the commit that its own write was part of, never before.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import structlog

log = structlog.get_logger("safelight.together")

SLOW_SECONDS: Final = 2.0
"""A commit that takes so long may never end: no more is handed to who waits for it."""

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class _Waiting(Generic[Asked, Told]):
    __slots__ = ("asked", "error", "told")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.told: tuple[Told] | None = None
        self.error: BaseException | None = None

    def is_over(self) -> bool:
        return self.told is not None or self.error is not None


class Together(Generic[Asked, Told]):
    """Calls ``write`` with everything that waits, at most ``most`` at once, from one of the waiting threads.

    ``write`` returns one result each, in the same order, and commits before it returns. Where it raises, each
    of its callers is raised a :class:`WrittenTogether` that names the error as its cause.
    """

    def __init__(self, write: Callable[[Sequence[Asked]], Sequence[Told]], most: int = 64) -> None:
        self._write = write
        self._most = most
        self._queue: deque[_Waiting[Asked, Told]] = deque()
        self._turn = threading.Lock()

    def __call__(self, asked: Asked) -> Told:
        """Write one together with what others ask for meanwhile."""
        mine: _Waiting[Asked, Told] = _Waiting(asked)
        self._queue.append(mine)
        with self._turn:
            while not mine.is_over():
                self._write_some()
        if mine.error is not None:
            raise WrittenTogether from mine.error
        assert mine.told is not None
        return mine.told[0]

    def _write_some(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            told = self._write([one.asked for one in batch])
        except BaseException as error:
            # Else those who wait would wait for ever.
            for one in batch:
                one.error = error
            if not isinstance(error, Exception):
                raise
        else:
            for one, result in zip(batch, told, strict=True):
                one.told = (result,)


class WrittenTogether(Exception):
    """What was written together failed together; the cause says how."""


class Behind(Generic[Asked]):
    """Writes in a thread of its own, so that those who hand something over do other work meanwhile.

    Waking a thread for every write would cost more than the write.
    """

    def __init__(self, write: Callable[[Sequence[Asked]], object], name: str, most: int = 256) -> None:
        """``write`` commits before it returns, and is given at most ``most`` at once."""
        self._write = write
        self._name = name
        self._most = most
        self._coming: queue.SimpleQueue[tuple[Asked, Callable[[Exception | None], None]]] = (
            queue.SimpleQueue()
        )
        self._began: float | None = None
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def is_slow(self) -> bool:
        """Whether the commit that runs takes so long that it is better not to wait for it."""
        began = self._began
        return began is not None and time.monotonic() - began > SLOW_SECONDS

    def __call__(self, asked: Asked, then: Callable[[Exception | None], None]) -> None:
        """Write one soon. ``then`` is called in the writing thread: with None after the commit, or the error.

        The error may be the fault of another that was to be written in the same commit.
        """
        if self._thread is None:
            self._start()
        self._coming.put((asked, then))

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._write_some(self._gathered())

    def _gathered(self) -> list[tuple[Asked, Callable[[Exception | None], None]]]:
        batch = [self._coming.get()]
        while len(batch) < self._most:
            try:
                batch.append(self._coming.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write_some(self, batch: list[tuple[Asked, Callable[[Exception | None], None]]]) -> None:
        error: Exception | None = None
        self._began = time.monotonic()
        try:
            self._write([asked for asked, _ in batch])
        except Exception as failed:  # noqa: BLE001 - told to each whose write it was
            error = failed
        self._began = None
        for _, then in batch:
            try:
                then(error)
            except Exception as failed:  # a thread that ended would write nothing any more
                log.exception("not told what was written", exc_info=failed)
