"""An answer that is given at a set time, whatever happens meanwhile: who times it learns nothing from it.

A thread that slept until then would serve nobody; the event loop gives the answer instead.
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
        """``give`` answers the request and lets go of it; it is called once, in the loop."""
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
