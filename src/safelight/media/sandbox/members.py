"""Where the bytes of members go that a decoder takes out of a container: a stranger's, of any length."""

from __future__ import annotations

from typing import Protocol

from safelight.types import UnscannedReason


class Enough(Exception):
    """A sink takes no more of this container; what it has stands."""

    def __init__(self, reason: UnscannedReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class MemberSink(Protocol):
    """Takes the members of one container, one after the other; each method may raise :class:`Enough`.

    The decoder waits meanwhile, and its clock with it.
    """

    def begin(self, name: str) -> None:
        """A member begins. ``name`` is a stranger's text."""
        ...

    def write(self, data: memoryview) -> None:
        """Bytes of it; the view is valid during the call only."""
        ...

    def end(self, *, whole: bool) -> None:
        """The member is complete, or its rest cannot be had."""
        ...
