"""Scans what is spooled through this process's one scanner: shared sandbox and indexes, no transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from safelight.errors import SafelightError
from safelight.server.intake.errors import NotReady
from safelight.signals.digest import digest
from safelight.types import ScanResult
from safelight.vault.spool import Spool


class FileScanner(Protocol):
    """What intake needs of :class:`safelight.scan.scanner.Scanner`."""

    def scan(self, source: str, name: str | None = None) -> ScanResult:
        """One file's observation and verdict; what the file does wrong is never raised."""
        ...


_installed: Final[list[FileScanner]] = []


def install_scanner(scanner: FileScanner) -> None:
    """Give this process its scanner; once, when it starts."""
    _installed[:] = [scanner]


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file's result and its SHA-256 in lower-case hexadecimal, known even where nothing else is."""

    result: ScanResult
    sha256: str


def scan_spool(spool: Spool) -> Scanned:
    """Scan a finished spool. Raises :class:`NotReady` where this process has no scanner."""
    if not _installed:
        raise NotReady("This process was given no scanner, so it takes no files in.")
    # Opened anew through the descriptor: decoders only take one that cannot be written through.
    result = _installed[0].scan(f"/proc/self/fd/{spool.fd}", "")
    known = result.observation.signal("sha256")
    return Scanned(result, known.value if known else sha256_of(spool))


def sha256_of(spool: Spool) -> str:
    """The spool's SHA-256. Raises :class:`~safelight.errors.SafelightError` where it cannot be read."""
    try:
        return digest(spool.fd).sha256
    except OSError as error:
        raise SafelightError(f"The upload cannot be read back: {error.strerror}.") from error
