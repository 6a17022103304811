"""The one transaction that an arrival ends in, and what has to happen around it.

Locks are taken in one order, item before account before case, so that arrivals wait for each other and never
in a circle. A constraint decides what was first; the loser starts again and finds what the winner wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from safelight.errors import VaultError
from safelight.server.ids import new_id, now
from safelight.server.intake.answers import Received, earlier_answer
from safelight.server.intake.arrivals import Arrival, ScannedFile, Words
from safelight.server.intake.items import is_kept, locked_item, tags_of
from safelight.server.intake.legal import Permitted
from safelight.server.intake.matters import make_matter
from safelight.server.intake.models import Intake, Item
from safelight.server.intake.occurrences import write_occurrence
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import seal_intake
from safelight.server.intake.waiting import conclude, wait
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.server.vault import services as vault
from safelight.types import Outcome, Verdict
from safelight.vault.evidence import Sealed

_ATTEMPTS: Final = 10
_ROLLED_BACK: Final = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization_failure and deadlock_detected: nothing of the transaction is left."""


class _BytesNeeded(Exception):
    """The item's evidence is not kept after all; store the bytes and begin again."""


def take_in(arrival: Arrival, thing: ScannedFile | Words, permitted: Permitted) -> Received:
    """Write everything about an arrival in one transaction, and answer when it is committed.

    Raises :class:`~safelight.errors.VaultError` where the bytes cannot be kept, and ``DatabaseError``; nobody
    was answered then, and who sent it sends it again.
    """
    return _Writing(arrival, thing, permitted, record_keys()).run()


@dataclass(slots=True)
class _Writing:
    arrival: Arrival
    thing: ScannedFile | Words
    permitted: Permitted
    keys: RecordKeys
    stored: Sealed | None = None

    def run(self) -> Received:
        tags = tags_of(self.thing, self.keys)
        if self._needs_bytes() and not _evidence_of(tags):
            self._store()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return self._write()
            except (_BytesNeeded, VaultError):
                # A root key was rotated, or what was stored took too long and was removed.
                if attempt == _ATTEMPTS:
                    raise
                self._store()
            except IntegrityError:
                if earlier := earlier_answer(self.arrival, lambda: tags):
                    return earlier
                if attempt == _ATTEMPTS:
                    raise
            except OperationalError as error:
                # Any other error may have come after the commit, and would be written twice.
                if attempt == _ATTEMPTS or not _rolled_back(error):
                    raise
        raise AssertionError("every attempt returns or raises")

    def _needs_bytes(self) -> bool:
        if not isinstance(self.thing, ScannedFile) or not self._kept():
            return False
        return self.arrival.told_by_somebody or self._verdict().outcome is not Outcome.CLEAR

    def _kept(self) -> bool:
        return is_kept(self.arrival, self.thing, settings.CONFIG.retention.seen_days)

    def _verdict(self) -> Verdict:
        assert isinstance(self.thing, ScannedFile)
        return self.thing.scanned.result.verdict

    def _store(self) -> None:
        assert isinstance(self.thing, ScannedFile)
        self.stored = vault.store_sealed(self.thing.spool.fd)

    def _write(self) -> Received:
        intake = self._intake()
        verdict, item, result = None, None, None
        if isinstance(self.thing, ScannedFile):
            verdict, result = self._verdict(), self.thing.scanned.result
            if not self._kept():
                return Received(verdict, intake.pk)
            item = locked_item(self.thing.scanned, self.keys)
            there = self._own_evidence(item) if self._needs_bytes() else False
        occurrence = write_occurrence(self.arrival, self.thing, intake, item, self.keys)
        if item is not None and result is not None and verdict is not None:
            if verdict.outcome is Outcome.UNSCANNED:
                wait(item, verdict, occurrence, bytes_were_there=there)
            else:
                conclude(item, result, self.keys)
        case_id = make_matter(occurrence, result, self.arrival.actor)
        return Received(verdict, intake.pk, item.pk if item else None, occurrence.pk, case_id)

    def _intake(self) -> Intake:
        arrival, id_ = self.arrival, new_id()
        answered = self._verdict() if isinstance(self.thing, ScannedFile) else None
        return Intake.objects.create(
            id=id_,
            kind=arrival.kind,
            surface=arrival.surface,
            key=arrival.actor.key if isinstance(arrival.actor, KeyActor) else None,
            person=arrival.actor.person if isinstance(arrival.actor, PersonActor) else None,
            idempotency_key=arrival.idempotency_key,
            basis=self.permitted.basis,
            permitted_by=self.permitted.words,
            told=seal_intake(self.keys, id_, arrival.context) if self._kept() else None,
            outcome=answered.outcome.value if answered else "",
            reason=answered.reason.value if answered and answered.reason else "",
            rule=answered.rule if answered else "",
            limited=answered.limited.value if answered and answered.limited else "",
            received_at=now(),
        )

    def _own_evidence(self, item: Item) -> bool:
        """See to it that the item's bytes are kept; says whether they were before."""
        there = vault.live_object(item) is not None
        if self.stored is not None:
            vault.keep(self.stored, item, actor=self.arrival.actor)
        elif not there:
            raise _BytesNeeded
        only_unscanned = self._verdict().outcome is Outcome.UNSCANNED and not self.arrival.told_by_somebody
        if not only_unscanned and item.unscanned_until is not None:
            item.unscanned_until = None
            item.save(update_fields=["unscanned_until"])
        return there


def _evidence_of(tags: list[bytes]) -> bool:
    item = Item.objects.filter(tag__in=tags).first()
    return item is not None and vault.live_object(item) is not None


def _rolled_back(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in _ROLLED_BACK
