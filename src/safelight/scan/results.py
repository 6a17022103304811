"""The results file: a line a file, made durable in batches, and only then counted as finished."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from safelight.errors import SafelightError, UsageError
from safelight.scan.observation import to_json
from safelight.scan.state import Finished, ScanState
from safelight.scan.tally import Tallied
from safelight.scan.walk import Found, Refused
from safelight.types import Outcome, ScanResult, UnscannedReason

BATCH: Final = 1000
"""Files a commit at most; a kill costs no more than this, or :data:`BATCH_SECONDS`, of work."""

BATCH_SECONDS: Final = 2.0

RETRIED: Final = frozenset(
    {
        UnscannedReason.DEPENDENCY_DOWN,
        UnscannedReason.SANDBOX_UNAVAILABLE,
        UnscannedReason.NOT_INSTALLED,
    }
)
"""Reasons that lie with the installation: such files are not finished, the next run tries them again."""


@contextmanager
def open_results(path: Path, *, resumed: bool) -> Iterator[IO[bytes]]:
    """Open for appending; where nothing is resumed, nothing may be there. Raises ``UsageError``."""
    try:
        lines = path.open("ab" if resumed else "xb")
    except FileExistsError:
        raise UsageError(
            f"{path} exists, and results are never overwritten; give a new file, or --state to go on"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield lines
    finally:
        with suppress(OSError):  # only what a commit failed at, and told, can be left to write
            lines.close()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the lines has left; that is no fault
    except OSError as error:
        raise SafelightError(
            f"the results cannot be written: {error.strerror}. What was finished before is kept;"
            " see to the disk, and with --state the same command goes on"
        ) from error


class Results:
    """Where results go: lines to a stream, finished files to a state; either may be absent.

    Used by one thread. ``only_findings`` leaves out the lines of clear files.
    """

    def __init__(
        self,
        lines: IO[bytes] | None = None,
        state: ScanState | None = None,
        *,
        only_findings: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write ``lines`` from where the stream stands; the caller closes both."""
        self._lines = lines
        self._state = state
        self._only_findings = only_findings
        self._clock = clock
        self._batch: list[Finished] = []
        self._committed = clock()

    def finished(self, met: Found | Refused) -> Tallied | None:
        """What an earlier run counted of this very file, else None."""
        return self._state.finished(met) if self._state else None

    def write(self, met: Found | Refused, result: ScanResult, tallied: Tallied) -> None:
        """Take one result. Raises :class:`~safelight.errors.SafelightError` when it cannot be written."""
        with _plain_errors():
            self._write(met, result, tallied)

    def commit(self) -> None:
        """Make everything taken so far durable: first the lines, then what was finished."""
        with _plain_errors():
            self._commit()

    def _write(self, met: Found | Refused, result: ScanResult, tallied: Tallied) -> None:
        if self._lines and not (self._only_findings and result.verdict.outcome is Outcome.CLEAR):
            self._lines.write(to_json(result).encode() + b"\n")
        if tallied.reason not in RETRIED:
            self._batch.append(Finished(met, tallied))
        if len(self._batch) >= BATCH or self._clock() - self._committed >= BATCH_SECONDS:
            self._commit()

    def _commit(self) -> None:
        if self._lines:
            self._lines.flush()
        if self._state and self._batch:
            length = 0
            if self._lines:
                os.fsync(self._lines.fileno())
                length = self._lines.tell()
            self._state.commit(self._batch, length)
        self._batch.clear()
        self._committed = self._clock()
