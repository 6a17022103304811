"""What intake is given in tests: keys, a vault and a scanner that count, and senders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from safelight.keys import Keyring
from safelight.server.ids import new_id, now
from safelight.server.intake import record_keys, recording, scanning
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.context import Context
from safelight.server.intake.models import ApiKey, Occurrence, Surface
from safelight.server.intake.services import receive_file
from safelight.server.people.actors import KeyActor
from safelight.server.vault.models import SealedObject
from safelight.types import (
    ListClass,
    Match,
    MediaKind,
    Observation,
    Outcome,
    ScanResult,
    Signal,
    UnscannedReason,
    Verdict,
)
from safelight.vault.spool import Spool


class CountingScanner:
    """Answers as it is told by content; everything else is clear."""

    def __init__(self) -> None:
        self.told: dict[bytes, Outcome] = {}
        self.entries: dict[bytes, str] = {}
        self.calls = 0
        self.in_transaction = False
        self._lock = Lock()

    def scan(self, source: str, name: str | None = None) -> ScanResult:
        content = Path(source).read_bytes()
        with self._lock:
            self.calls += 1
            self.in_transaction |= connection.in_atomic_block
        outcome = self.told.get(content, Outcome.CLEAR)
        signal = Signal("sha256", hashlib.sha256(content).hexdigest())
        matches: tuple[Match, ...] = ()
        if outcome in (Outcome.MATCH, Outcome.HOLD):
            matches = (Match(signal, "a list", ListClass.TEST, self.entries.get(content, "entry-1")),)
        seen = Observation(
            "", len(content), MediaKind.IMAGE, "image/png", now(), signals=(signal,), matches=matches
        )
        reason = UnscannedReason.UNSUPPORTED if outcome is Outcome.UNSCANNED else None
        return ScanResult(seen, Verdict(outcome, f"rule-{outcome.value}", reason))


class MemoryVault:
    """Keeps stored bytes in memory and their rows in the database, as the real one does."""

    def __init__(self) -> None:
        self.bytes: dict[UUID, bytes] = {}
        self.in_transaction = False

    def store_sealed(self, source_fd: int) -> UUID:
        self.in_transaction |= connection.in_atomic_block
        id_ = new_id()
        self.bytes[id_] = Path(f"/proc/self/fd/{source_fd}").read_bytes()
        return id_

    def keep(self, sealed: UUID, item: Any, *, actor: Any) -> SealedObject:
        if live := self.live_object(item):
            return live
        return SealedObject.objects.create(
            id=sealed,
            item=item,
            state=SealedObject.State.SEALED,
            wrapped_key=b"a wrapped key",
            wrapping_key="a key",
        )

    def live_object(self, item: Any) -> SealedObject | None:
        return SealedObject.objects.filter(item=item, state=SealedObject.State.SEALED).first()


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> CountingScanner:
    made = CountingScanner()
    monkeypatch.setattr(scanning, "_scanner", made)
    return made


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> MemoryVault:
    made = MemoryVault()
    monkeypatch.setattr(recording, "vault", made)
    return made


@pytest.fixture
def use_ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Keyring], record_keys.RecordKeys]]:
    """Go on under another ring of root keys, as after a rotation and a restart."""

    def use(ring: Keyring) -> record_keys.RecordKeys:
        monkeypatch.setattr(record_keys, "process_keys", lambda: ring)
        record_keys.record_keys.cache_clear()
        return record_keys.record_keys()

    yield use
    record_keys.record_keys.cache_clear()


@pytest.fixture
def keys(use_ring: Callable[[Keyring], record_keys.RecordKeys]) -> record_keys.RecordKeys:
    return use_ring(Keyring.generate("a workspace"))


@pytest.fixture
def sender() -> Callable[..., KeyActor]:
    """A key of the platform, on a public surface unless told otherwise."""

    def make(visibility: str = "public", **fields: Any) -> KeyActor:
        surface = fields.pop("surface", None) or Surface.objects.create(
            name=f"s-{new_id().hex}", visibility=visibility
        )
        scopes = fields.pop("scopes", [scope.value for scope in Scope])
        key = ApiKey.objects.create(
            name="a key", prefix=new_id().hex[-12:], secret_digest=b"x" * 32, surface=surface, scopes=scopes,
            **fields,
        )  # fmt: skip
        return KeyActor(key)

    return make


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Callable[[bytes], Spool]]:
    """Spools of the given bytes."""
    made: list[Spool] = []

    def spooled(content: bytes) -> Spool:
        made.append(Spool(tmp_path).write_all([content]))
        return made[-1]

    yield spooled
    for one in made:
        one.close()


@pytest.fixture
def arrive(
    keys: record_keys.RecordKeys,
    scanner: CountingScanner,
    vault: MemoryVault,
    sender: Callable[..., KeyActor],
    spool: Callable[[bytes], Spool],
) -> Callable[..., Occurrence]:
    """An upload that a list knows, of an account; its occurrence."""
    actor = sender()

    def arrived(account: str = "u1", content: bytes = b"a file", entry: str = "entry-1") -> Occurrence:
        scanner.told[content], scanner.entries[content] = Outcome.MATCH, entry
        received = receive_file(actor, spool(content), Context(account=account))
        return Occurrence.objects.get(pk=received.occurrence_id)

    return arrived
