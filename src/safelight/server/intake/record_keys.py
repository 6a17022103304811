"""Sealing of what records hold of content, and the keyed tags by which it is found again."""

from __future__ import annotations

import functools
import hashlib
import json
from uuid import UUID

from safelight.keys import Purpose, Sealer, Tagger
from safelight.keys.keyring import Ring
from safelight.scan.observation import from_json, to_json
from safelight.server.secrets import process_keys
from safelight.types import Match, ScanResult


class RecordKeys:
    """Seals and tags under a ring's primary key, opens and finds under each of its keys."""

    def __init__(self, ring: Ring) -> None:
        self._sealer = Sealer(ring, Purpose.RECORD_SEAL)
        ids = [ring.primary_id, *sorted(ring.ids() - {ring.primary_id})]
        self._taggers = [Tagger(ring, Purpose.RECORD_LOOKUP, id_) for id_ in ids]

    def item_tags(self, sha256: str) -> list[bytes]:
        """The tags that an item may have, the present root key's first. ``sha256`` is hexadecimal."""
        return [tagger.tag(b"item\0" + bytes.fromhex(sha256)) for tagger in self._taggers]

    def content_tags(self, kind: str, content: str) -> list[bytes]:
        """The tags that an equal text or URL may have, the present root key's first."""
        digest = hashlib.sha256(content.encode()).digest()
        return [tagger.tag(kind.encode() + b"\0" + digest) for tagger in self._taggers]

    def account_tags(self, platform_id: str) -> list[bytes]:
        """The tags that an account may have, the present root key's first."""
        return [tagger.tag(b"account\0" + platform_id.encode()) for tagger in self._taggers]

    def match_tag(self, matches: tuple[Match, ...]) -> bytes:
        """Equal for equal sets of matched entries, however closely they matched."""
        told = sorted({(m.list, m.entry_key, m.signal.type) for m in matches})
        return self._taggers[0].tag(b"matches\0" + json.dumps(told).encode())

    def seal_digest(self, item: UUID, sha256: str) -> bytes:
        """Seal an item's SHA-256."""
        return self._sealer.seal(bytes.fromhex(sha256), _place("digest", item))

    def open_digest(self, item: UUID, sealed: bytes | memoryview) -> str:
        """An item's SHA-256. Raises :class:`~safelight.errors.KeyMismatch`."""
        return self._sealer.open(bytes(sealed), _place("digest", item)).hex()

    def seal_observation(self, item: UUID, result: ScanResult) -> bytes:
        """Seal all that was learnt of an item, listed values among it."""
        return self._sealer.seal(to_json(result, withhold=False).encode(), _place("observation", item))

    def open_observation(self, item: UUID, sealed: bytes | memoryview) -> ScanResult:
        """What was learnt. Raises :class:`~safelight.errors.KeyMismatch`."""
        return from_json(self._sealer.open(bytes(sealed), _place("observation", item)).decode())

    def seal_content(self, kind: str, record: UUID, content: str) -> bytes:
        """Seal words that belong to a record; ``kind`` says what they are: text, URL, comment …"""
        return self._sealer.seal(content.encode(), _place(kind, record))

    def open_content(self, kind: str, record: UUID, sealed: bytes | memoryview) -> str:
        """The words. Raises :class:`~safelight.errors.KeyMismatch`."""
        return self._sealer.open(bytes(sealed), _place(kind, record)).decode()


def _place(what: str, record: UUID) -> bytes:
    return f"safelight/server/{what}/".encode() + record.bytes


@functools.cache
def record_keys() -> RecordKeys:
    """This process's keys. Raises :class:`~safelight.errors.KeyMissing` in one that was given none."""
    return RecordKeys(process_keys())
