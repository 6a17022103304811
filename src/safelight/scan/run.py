"""A scan of many files: several at once, results as they come, memory bounded, stoppable at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from typing import Final, Protocol

from safelight.scan.results import Results
from safelight.scan.tally import Tallied, Tally
from safelight.scan.walk import Found, Refused
from safelight.types import ScanResult

AHEAD: Final = 4
"""Files taken on ahead, for each job: enough to keep every job busy while results are written."""


class FileScanner(Protocol):
    """What a run needs of a scanner; both methods may be called from several threads and never raise."""

    def scan(self, source: str) -> ScanResult:
        """One file's observation and verdict."""
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
    stop: Event = field(default_factory=Event)
    tally: Tally = field(default_factory=Tally)

    def over(self, files: Iterable[Found | Refused]) -> Tally:
        """Scan them all; results arrive in the order in which they are ready, on the calling thread."""
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
                waiting[pool.submit(self._one, met)] = met
                if len(waiting) >= self.jobs * AHEAD:
                    self._take(waiting)
            while waiting:
                if self.stop.is_set():
                    self._drop_unstarted(waiting)
                self._take(waiting)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self.results.commit()
        return self.tally

    def _one(self, met: Found | Refused) -> ScanResult:
        return self.scanner.refuse(met) if isinstance(met, Refused) else self.scanner.scan(met.path)

    def _take(self, waiting: dict[Future[ScanResult], Found | Refused]) -> None:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            met, result = waiting.pop(future), future.result()
            tallied = Tallied.of(result)
            self.results.write(met, result, tallied)
            self.tally.add(tallied)
            self.on_result(result)

    @staticmethod
    def _drop_unstarted(waiting: dict[Future[ScanResult], Found | Refused]) -> None:
        for future in [future for future in waiting if future.cancel()]:
            del waiting[future]
