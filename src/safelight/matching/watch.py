"""Reads every block of a snapshot against its checksum, slowly, beside a long-lived reader's searches."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import Final

from safelight.errors import IndexDamaged, SafelightError
from safelight.matching.engine import LiveSet
from safelight.matching.reader import IndexReader

logger = logging.getLogger(__name__)

BLOCKS_AT_ONCE: Final = 4
"""16 MiB between pauses."""
PAUSE_SECONDS: Final = 0.05
AGAIN_SECONDS: Final = 24 * 3600.0
"""A snapshot that was whole is read again after a day: disks and memory decay."""


class BlockWatch:
    """Verifies what a reader searches, in a thread of the lowest priority, until closed.

    A bad block makes the reader refuse searches, with :class:`~safelight.errors.IndexDamaged`, until the
    writer, which is told, has rebuilt the index.
    """

    def __init__(
        self, reader: IndexReader, pause: float = PAUSE_SECONDS, again: float = AGAIN_SECONDS
    ) -> None:
        self._reader = reader
        self._pause = pause
        self._again = again
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="safelight-block-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        done: LiveSet | None = None
        waited = 0.0
        while not self._stop.wait(min(1.0, self._again)):
            waited += 1.0
            try:
                live = self._reader.live
            except SafelightError:
                continue  # searches refuse already, and say why
            if live is not done or waited >= self._again:
                self._verify(live)
                done, waited = live, 0.0

    def _verify(self, live: LiveSet) -> None:
        if live.snapshot is None:
            return
        for block in range(0, live.snapshot.blocks(), BLOCKS_AT_ONCE):
            _, bad = live.snapshot.verify(block, BLOCKS_AT_ONCE)
            if bad is not None:
                error = IndexDamaged(
                    f"block {bad} of {live.snapshot.path} is damaged; no more searches in it. The index "
                    "writer rebuilds it; check the disk and the memory of this machine."
                )
                logger.error("%s", error)
                self._reader.condemn(live, error)
                return
            if self._stop.wait(self._pause):
                return

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()
