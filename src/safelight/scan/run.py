"""A scan of many files: several at once, results as they come, memory bounded, stoppable at any moment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Final, Protocol

from safelight.media.video import UNWATCHED, Watch
from safelight.scan.results import Results
from safelight.scan.tally import Tallied, Tally
from safelight.scan.walk import Found, FoundSet, Refused
from safelight.types import ScanResult

AHEAD: Final = 4
"""Files taken on ahead, for each job: enough to keep every job busy while results are written."""


class FileScanner(Protocol):
    """What a run needs of a scanner; its methods may be called from several threads and never raise."""

    def scan(self, source: str, *, watch: Watch = UNWATCHED) -> ScanResult:
        """One file's observation and verdict."""
        ...

    def scan_shards(self, found: FoundSet) -> ScanResult:
        """The shards of one model as one file."""
        ...

    def refuse(self, refused: Refused) -> ScanResult:
        """The result for a path that is not scanned."""
        ...


@dataclass(slots=True)
class Run:
    """One scan of many files. ``stop`` ends it after the files that are being decoded."""

    scanner: FileScanner
    results: Results
    jobs: int
    on_result: Callable[[ScanResult], None] = lambda _: None
    on_skip: Callable[[Tallied], None] = lambda _: None
    """Called for a file that an earlier run finished."""
    bookmarks: Path | None = None
    """The directory in which a long video's place is kept until it is finished."""
    on_progress: Callable[[str, float, float | None], None] = lambda _path, _done, _whole: None
    """Called now and then from a scanning thread: of a video, seconds looked at and in all, where known."""
    stop: Event = field(default_factory=Event)
    tally: Tally = field(default_factory=Tally)

    def over(self, files: Iterable[Found | Refused]) -> Tally:
        """Scan them all; results arrive in the order in which they are ready, on the calling thread."""
        ready: SimpleQueue[Future[ScanResult]] = SimpleQueue()
        waiting: dict[Future[ScanResult], Found | Refused] = {}
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="scan")
        try:
            for met in files:
                if self.stop.is_set():
                    break
                if done := self.results.finished(met):
                    self.tally.add(done)
                    self.on_skip(done)
                    continue
                future = pool.submit(self._one, met)
                waiting[future] = met
                future.add_done_callback(ready.put)
                if len(waiting) >= self.jobs * AHEAD:
                    self._take(ready.get(), waiting)
            while waiting:
                if self.stop.is_set():
                    for future in list(waiting):
                        future.cancel()
                self._take(ready.get(), waiting)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self.results.commit()
        return self.tally

    def _one(self, met: Found | Refused) -> ScanResult:
        if isinstance(met, Refused):
            return self.scanner.refuse(met)
        if isinstance(met, FoundSet):
            return self.scanner.scan_shards(met)
        watch = Watch(functools.partial(self.on_progress, met.path), self.bookmarks)
        return self.scanner.scan(met.path, watch=watch)

    def _take(self, future: Future[ScanResult], waiting: dict[Future[ScanResult], Found | Refused]) -> None:
        met = waiting.pop(future)
        if future.cancelled():
            return
        result = future.result()
        tallied = Tallied.of(result)
        self.results.write(met, result, tallied)
        self.tally.add(tallied)
        self.on_result(result)
