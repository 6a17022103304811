"""What intake is given in tests: keys, a vault and a scanner that count, and senders."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

from django.db import connection

from safelight.server.ids import new_id, now
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
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


class CountingScanner:
    """Answers as it is told by content; everything else is clear."""

    def __init__(self) -> None:
        self.told: dict[bytes, Outcome] = {}
        self.entries: dict[bytes, str] = {}
        self.reasons: dict[bytes, UnscannedReason] = {}
        self.calls = 0
        self.in_transaction = False
        self._lock = Lock()

    def compare(self, seen: Observation) -> ScanResult:
        self.calls += 1
        told = next((s for s in seen.signals if s.type == "sha256"), None)
        outcome = next(
            (
                o
                for content, o in self.told.items()
                if told and hashlib.sha256(content).hexdigest() == told.value
            ),
            Outcome.CLEAR,
        )
        matches: tuple[Match, ...] = ()
        if told and outcome in (Outcome.MATCH, Outcome.HOLD):
            matches = (Match(told, "a list", ListClass.TEST, "entry-1"),)
        reason = UnscannedReason.UNSUPPORTED if outcome is Outcome.UNSCANNED else None
        return ScanResult(replace(seen, matches=matches), Verdict(outcome, f"rule-{outcome.value}", reason))

    def scan(self, source: str, name: str | None = None, **_options: object) -> ScanResult:
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
        reason = self.reasons.get(content, UnscannedReason.UNSUPPORTED)
        if outcome is not Outcome.UNSCANNED:
            return ScanResult(seen, Verdict(outcome, f"rule-{outcome.value}"))
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

    def read(self, actor: Any, object_id: UUID, start: int, length: int, reason: str) -> bytes:
        assert not connection.in_atomic_block
        require(actor, Permission.EVIDENCE_VIEW)
        return self.bytes[object_id][start : start + length]

    def destroy_unneeded(self, item_id: UUID) -> bool:
        live = SealedObject.objects.filter(item=item_id, state=SealedObject.State.SEALED)
        over = live.filter(item__unscanned_until__lte=now(), item__occurrences__membership=None)
        ids = list(over.values_list("pk", flat=True))
        for id_ in ids:
            del self.bytes[id_]
        gone = {"state": "destroyed", "wrapped_key": None, "wrapping_key": "", "destroyed_at": now()}
        return bool(SealedObject.objects.filter(pk__in=ids).update(**gone))

    def keep(self, sealed: UUID, item: Any, *, actor: Any) -> SealedObject:
        if live := self.live_object(item):
            return live
        return SealedObject.objects.create(
            id=sealed,
            item=item,
            state=SealedObject.State.SEALED,
            length=len(self.bytes[sealed]),
            wrapped_key=b"a wrapped key",
            wrapping_key="a key",
        )

    def becomes(self, item: Any, content: bytes, mime: str) -> None:
        """Other bytes of an item that is there: how such a file is scanned is tested elsewhere."""
        for sealed in item.sealed_objects.all():
            self.bytes[sealed.pk] = content
        type(item).objects.filter(pk=item.pk).update(mime=mime, size=len(content))
        item.refresh_from_db()

    def live_object(self, item: Any) -> SealedObject | None:
        return SealedObject.objects.filter(item=item, state=SealedObject.State.SEALED).first()
