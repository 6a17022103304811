"""``CURRENT``: which files make up an index now, and which state of which store they hold.

Everything that a reader trusts hangs on this small file: it is replaced atomically and sealed with a MAC, so
that a stale or altered byte is refused instead of searched.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Self

from safelight.durable import replace_file
from safelight.errors import IndexDamaged, IndexKeyMismatch, IndexTooNew
from safelight.lists.store import Stamp
from safelight.matching.writing import explained

NAME: Final = "CURRENT"
FORMAT: Final = "safelight.index/1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one index.

    ``snapshot`` numbers the snapshot file, None while there is none; it has ``rows`` rows, none numbered
    above ``newest_row``, and holds at least the changes up to ``sequence``. ``segments`` number the log files
    with the changes after that, oldest first; only the last one grows.
    """

    signal_type: str
    workspace: str
    epoch: str
    snapshot: int | None
    rows: int
    newest_row: int
    sequence: int
    segments: tuple[int, ...]

    def stamp(self, sequence: int) -> Stamp:
        """The store's state at a sequence of this index's epoch."""
        return Stamp(self.workspace, self.epoch, sequence)

    def snapshot_stamp(self) -> bytes:
        """What the snapshot file must carry, so that another generation under its name is refused."""
        described = [self.signal_type, self.workspace, self.epoch, self.snapshot, self.sequence]
        return hashlib.sha256(json.dumps(described).encode()).digest()

    def with_segment(self, number: int) -> Self:
        """The same index with one more log file."""
        return replace(self, segments=(*self.segments, number))

    def write(self, directory: Path, key: bytes) -> None:
        """Make this the current state, atomically. Raises :class:`~safelight.errors.IndexNotWritten`."""
        body = json.dumps(asdict(self), sort_keys=True)
        seal = hmac.digest(_seal_key(key), body.encode(), "sha256").hex()
        text = json.dumps({"format": FORMAT, "key": key_check(key).hex(), "seal": seal, "body": body})
        with explained(directory / NAME):
            replace_file(directory / NAME, text + "\n")


def read_manifest(directory: Path, key: bytes) -> tuple[Manifest, bytes]:
    """The current state and the bytes it was read from (to notice a change cheaply).

    Raises ``FileNotFoundError``, :class:`IndexDamaged`, :class:`IndexTooNew`, :class:`IndexKeyMismatch`.
    """
    path = directory / NAME
    raw = path.read_bytes()
    return parse_manifest(raw, path, key), raw


def parse_manifest(raw: bytes, path: Path, key: bytes) -> Manifest:
    """Check and read the content of a manifest; ``path`` is for messages."""
    rebuild = "Indexes are derived: the index writer rebuilds it, or run `safelight lists compact`."
    try:
        outer = json.loads(raw)
        format_, check, body = str(outer["format"]), str(outer["key"]), str(outer["body"])
        seal = bytes.fromhex(outer["seal"])
    except (ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"{path} is damaged. {rebuild}") from error
    if format_ != FORMAT:
        raise IndexTooNew(f"{path} has format {format_!r}, this Safelight reads {FORMAT}. Upgrade Safelight.")
    if check != key_check(key).hex():
        raise IndexKeyMismatch(f"{path} was written under another workspace key. {rebuild}")
    if not hmac.compare_digest(seal, hmac.digest(_seal_key(key), body.encode(), "sha256")):
        raise IndexDamaged(f"{path} is damaged. {rebuild}")
    fields = json.loads(body)
    fields["segments"] = tuple(fields["segments"])
    return Manifest(**fields)


def key_check(key: bytes) -> bytes:
    """Eight bytes that tell two layout keys apart and nothing else about them."""
    return hmac.digest(key, b"safelight index key check", "sha256")[:8]


def _seal_key(key: bytes) -> bytes:
    return hmac.digest(key, b"safelight index manifest", "sha256")


def snapshot_path(directory: Path, number: int) -> Path:
    """Where the snapshot of that number lies."""
    return directory / f"snapshot-{number}.slx"


def segment_path(directory: Path, number: int) -> Path:
    """Where the log file of that number lies."""
    return directory / f"log-{number}.slg"


def damaged_path(directory: Path, manifest: Manifest) -> Path:
    """Where a reader notes that it found these files damaged, for the writer to look itself."""
    return directory / f"damaged-{manifest.segments[0]}"
