"""An answer that is given later: at a set time, so that who times it learns nothing, or once it is committed.

A thread that waited until then would serve nobody. The event loop, or whoever committed, answers instead.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

PROMISE: Final = "safelight.promise"
"""Where a request's environment has its :class:`Promise`."""

Headers = list[tuple[str, str]]


class Promise:
    """At most one answer to one request. Any thread may call it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, give: Callable[[int, Headers, bytes], None]) -> None:
        """``give`` answers the request and lets go of it; it is called once, in any thread."""
        self.arrived: Final = time.monotonic()
        self._loop = loop
        self._give = give
        self._mutex = threading.Lock()
        self._made = self._kept = self._withdrawn = False

    def make(self, seconds: float, status: int, headers: Headers, body: bytes) -> None:
        """Answer so, that long after the request was there, unless this is withdrawn before."""
        self._made = True
        left = self.arrived + seconds - time.monotonic()
        self._loop.call_soon_threadsafe(self._loop.call_later, left, self._keep, status, headers, body)

    def leave(self) -> Callable[[int, Headers, bytes], None]:
        """What must be called to answer the request, once and from any thread; nobody else answers it."""
        self._made = True
        return self._give

    def withdraw(self) -> bool:
        """Whether the request may be answered otherwise after all: True unless it was answered already."""
        with self._mutex:
            self._withdrawn = not self._kept
            return self._withdrawn

    def stands(self) -> bool:
        """Whether the request is answered by this, now or later."""
        return self._made and not self._withdrawn

    def _keep(self, status: int, headers: Headers, body: bytes) -> None:
        with self._mutex:
            if self._withdrawn:
                return
            self._kept = True
        self._give(status, headers, body)
