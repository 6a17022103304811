"""Ctrl-C and SIGTERM: the first asks to finish what is being decoded, the second stops at once."""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType, TracebackType
from typing import Any, Final, Self

import click

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Handles the signals while it is entered; ``event`` is set, and ``signal`` says which, once asked."""

    def __init__(self) -> None:
        """Handle nothing yet."""
        self.event = Event()
        self.signal = 0
        self._former: dict[int, Any] = {}

    def _asked(self, number: int, _: FrameType | None) -> None:
        if self.event.is_set():
            raise KeyboardInterrupt
        self.signal = number
        self.event.set()
        click.echo("\nstopping after the files that are being decoded; again to stop at once", err=True)

    def __enter__(self) -> Self:
        """Take the signals over."""
        self._former = {number: signal.signal(number, self._asked) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Give the signals back. A stop at once is quiet: the exit code tells."""
        for number, former in self._former.items():
            signal.signal(number, former)
        return isinstance(error, KeyboardInterrupt)
