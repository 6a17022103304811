"""Many small writes in one commit: whoever comes while a commit runs is written by the next one.

A commit costs a wait for the disk, and SQLite has one writer. Each caller still returns after the commit that
its own write was part of, never before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

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
