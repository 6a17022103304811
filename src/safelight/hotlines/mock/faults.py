"""What goes wrong between a service and who calls it, on demand: before it acted, or after."""

from __future__ import annotations

import random
import threading
from enum import StrEnum
from http import HTTPStatus

from safelight.hotlines.mock.calls import Reply, coded


class Fault(StrEnum):
    """One thing that may go wrong with one call."""

    BUSY = "busy"
    """HTTP 503 and a page, before anything was done."""
    FAILED = "failed"
    """A code that says it failed, before anything was done."""
    ERROR = "error"
    """Code 1000, before anything was done."""
    SILENT = "silent"
    """No answer for a while, then the connection ends; nothing was done."""
    DONE_THEN_DROPPED = "done_then_dropped"
    """It was done, and the connection ends without an answer."""
    DONE_THEN_CUT = "done_then_cut"
    """It was done, and the connection ends within the answer."""
    DONE_THEN_BAD_GATEWAY = "done_then_bad_gateway"
    """It was done, and a gateway answers HTTP 502."""
    DONE_SLOWLY = "done_slowly"
    """It was done, and the answer comes byte by byte."""

    @property
    def acts(self) -> bool:
        """Whether the call is done nevertheless."""
        return self.value.startswith("done")


_FAILED_CODES = {"submit": 1100, "upload": 1111, "fileinfo": 1300, "finish": 1300, "retract": 1300}


class Faults:
    """Draws faults at random; calls that change nothing never fail. Safe to use from any thread."""

    def __init__(
        self, share: float, *, seed: int | None = None, kinds: tuple[Fault, ...] = tuple(Fault)
    ) -> None:
        """``share`` of the calls fail, from 0 to 1; the same seed gives the same series."""
        self._share, self._kinds = share, kinds
        self._random = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
        self._lock = threading.Lock()

    def draw(self, call: str) -> Fault | None:
        """The fault of one call."""
        with self._lock:
            if call not in _FAILED_CODES or not self._kinds or self._random.random() >= self._share:
                return None
            return self._random.choice(self._kinds)


def instead(fault: Fault, call: str) -> Reply:
    """What is answered in place of the truth."""
    match fault:
        case Fault.FAILED:
            return coded(_FAILED_CODES[call], "Save failed")
        case Fault.ERROR:
            return coded(1000, "Server error")
        case Fault.DONE_THEN_BAD_GATEWAY:
            return Reply(b"<html><body>Bad gateway</body></html>", HTTPStatus.BAD_GATEWAY)
        case _:
            return Reply(b"<html><body>Service unavailable</body></html>", HTTPStatus.SERVICE_UNAVAILABLE)
