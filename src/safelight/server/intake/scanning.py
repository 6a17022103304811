"""Scans what is spooled through this process's one scanner: shared sandbox and indexes, no transaction."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, Protocol

from django.conf import settings

from safelight.errors import SafelightError
from safelight.matching.matcher import Matcher
from safelight.matching.opening import StoredIndexes
from safelight.matching.reader import REFRESH_SECONDS
from safelight.media.content import Content
from safelight.media.inspection import is_container
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.media.video import Watch
from safelight.provenance import anchors_of
from safelight.scan.origin import Examine
from safelight.scan.policy import DEFAULT_POLICY, Unsupported
from safelight.scan.scanner import Scanner
from safelight.scan.searching import Searched
from safelight.server.ids import now
from safelight.server.intake.places import places
from safelight.server.processes.list_store import index_directory, layout_key, open_list_store
from safelight.server.processes.run_directory import SANDBOX, run_directory
from safelight.server.secrets import process_keys
from safelight.signals.digest import digest
from safelight.types import MediaKind, Observation, Outcome, Problem, ScanResult, UnscannedReason, Verdict
from safelight.vault.spool import Spool


class FileScanner(Protocol):
    """What intake needs of a :class:`~safelight.scan.scanner.Scanner`."""

    def scan(self, source: str, name: str | None = None, *, examine: Examine | None = None) -> ScanResult:
        """One file's observation and verdict; what the file does wrong is never raised."""
        ...

    def compare(self, seen: Observation) -> ScanResult:
        """The verdict on an observation that was made elsewhere."""
        ...


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file's result and its SHA-256 in lower-case hexadecimal, known even where nothing else is."""

    result: ScanResult
    sha256: str


_LATER: Final = frozenset({MediaKind.VIDEO, MediaKind.ARCHIVE})
"""Kinds of which a small file may take long, whether it can be decoded here or not."""
_TOTAL_SECONDS: Final = 1200.0
"""Of one file. What was begun last may take as long again; a job that takes an hour is taken to hang."""
_log: Final = logging.getLogger(__name__)
_lock: Final = threading.Lock()
_scanner: FileScanner | None = None
_open_until_the_end: Final = ExitStack()


def scan_spool(spool: Spool, *, reported: bool = False) -> Scanned:
    """Scan a finished spool. Where no scanner can be opened the file is *unscanned: dependency_down*.

    What somebody ``reported`` will be looked at, so its origin is looked into whatever the verdict is.

    Raises :class:`~safelight.errors.SafelightError` where the spool itself cannot be read.
    """
    try:
        scanner = process_scanner()
    except (SafelightError, OSError) as error:
        _log.exception("nothing can be scanned", exc_info=error)
        return unseen_of(spool, UnscannedReason.DEPENDENCY_DOWN)
    # Opened anew through the descriptor: decoders only take one that cannot be written through.
    always = reported and Examine(settings.CONFIG.provenance.examine) is not Examine.NEVER
    examine = Examine.ALWAYS if always else None
    result = scanner.scan(f"/proc/self/fd/{spool.fd}", "", examine=examine)
    known = result.observation.signal("sha256")
    return Scanned(result, known.value if known else sha256_of(spool))


def is_for_later(spool: Spool) -> bool:
    """Whether it is scanned by a job: larger than ``limits.inline_mib``, video, or a container.

    A container is also what ends as an archive, whatever it begins as: it is unpacked all the same.
    """
    if spool.size > settings.CONFIG.limits.inline_mib << 20:
        return True
    content = _content(spool)
    return is_container(content) or any(each.kind in _LATER for each in content.formats)


def unseen_of(spool: Spool, reason: UnscannedReason) -> Scanned:
    """What is known of a file that was not scanned: its size, its digest, and what its first bytes say."""
    sniffed = _content(spool).formats[0]
    problems = (Problem(reason),)
    seen = Observation("", spool.size, sniffed.kind, sniffed.mime, now(), problems=problems)
    return Scanned(ScanResult(seen, Verdict(Outcome.UNSCANNED, "not-scanned", reason)), sha256_of(spool))


def _content(spool: Spool) -> Content:
    try:
        return Content.of(spool.fd, spool.size)
    except OSError as error:
        raise SafelightError(f"The upload cannot be read back: {error.strerror}.") from error


def compare(seen: Observation) -> ScanResult:
    """Compare what was told of a file, without the file. Raises as :func:`scan_spool`."""
    return process_scanner().compare(seen)


def sha256_of(spool: Spool) -> str:
    """The spool's SHA-256. Raises :class:`~safelight.errors.SafelightError` where it cannot be read."""
    try:
        return digest(spool.fd).sha256
    except OSError as error:
        raise SafelightError(f"The upload cannot be read back: {error.strerror}.") from error


def process_scanner() -> FileScanner:
    """This process's scanner, opened when it is first asked for and kept until the process ends."""
    global _scanner  # noqa: PLW0603
    with _lock:
        if _scanner is None:
            _scanner = _open()
        return _scanner


def _open() -> Scanner:
    config = settings.CONFIG
    with ExitStack() as opening:
        store = opening.enter_context(open_list_store(config, process_keys()))
        indexes = StoredIndexes(store, index_directory(config), lambda: layout_key(store))
        opening.callback(indexes.close)
        partial = config.accept_partial_sandbox
        scanner = Scanner(
            searched=[Searched(store, Matcher(store, indexes, tolerance=REFRESH_SECONDS), store.stamp)],
            sandbox=Sandbox(
                limits=Limits(total_seconds=_TOTAL_SECONDS),
                directory=run_directory() / SANDBOX,
                accept_partial=partial,
                spools=config.workspace,  # members wait where uploads do
            ),
            clock=now,
            policy=replace(DEFAULT_POLICY, unsupported=Unsupported(config.unsupported)),
            examine=Examine(config.provenance.examine),
            anchors=anchors_of(config.workspace),
            prompts=config.provenance.prompts,
            watch=Watch(bookmarks=places()),
        )
        # Kept, not just not closed: what is forgotten is collected, and closes the store.
        _open_until_the_end.push(opening.pop_all())
    return scanner
