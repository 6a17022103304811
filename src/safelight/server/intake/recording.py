"""The one transaction that an arrival ends in, and what has to happen around it.

Locks are taken in one order, item before account before case, so that arrivals wait for each other and never
in a circle. A constraint decides what was first; the loser starts again and finds what the winner wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from safelight.errors import VaultError
from safelight.server.cases.models import Settled
from safelight.server.cases.services import open_or_extend, settling_dismissal
from safelight.server.ids import new_id, now
from safelight.server.intake.answers import Received, earlier_answer
from safelight.server.intake.arrivals import Arrival, ScannedFile, Words
from safelight.server.intake.events import Event
from safelight.server.intake.items import account_of, is_kept, locked_item, tags_of
from safelight.server.intake.models import Intake, IpEvent, Item, Occurrence
from safelight.server.intake.priorities import priority_of
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.ledger.services import record
from safelight.server.lists.arrivals import note_scan
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.server.vault import services as vault
from safelight.types import Outcome, Verdict
from safelight.vault.evidence import Sealed

UNSCANNED_FOR: Final = timedelta(days=7)
"""How long the bytes of a file that could not be scanned are kept, to scan them after all."""

_ATTEMPTS: Final = 10
_ROLLED_BACK: Final = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization_failure and deadlock_detected: nothing of the transaction is left."""


class _BytesNeeded(Exception):
    """The item's evidence is not kept after all; store the bytes and begin again."""


def take_in(arrival: Arrival, thing: ScannedFile | Words) -> Received:
    """Write everything about an arrival in one transaction, and answer when it is committed.

    Raises :class:`~safelight.errors.VaultError` where the bytes cannot be kept, and ``DatabaseError``; nobody
    was answered then, and who sent it sends it again.
    """
    return _Writing(arrival, thing, record_keys()).run()


@dataclass(slots=True)
class _Writing:
    arrival: Arrival
    thing: ScannedFile | Words
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
        verdict, item = None, None
        if isinstance(self.thing, ScannedFile):
            verdict = self._verdict()
            if not self._kept():
                return Received(verdict, intake.pk)
            item = locked_item(self.thing.scanned, self.keys)
            if self._needs_bytes():
                self._own_evidence(item)
        occurrence = self._occurrence(intake, item)
        if isinstance(self.thing, ScannedFile):
            note_scan(occurrence, self.thing.scanned.result.observation)
        case_id = None
        if self._makes_a_case(verdict) and not self._settled(occurrence):
            priority = priority_of(self.arrival.kind, verdict)
            case_id = open_or_extend(occurrence, priority, self.arrival.actor).pk
        return Received(verdict, intake.pk, item.pk if item else None, occurrence.pk, case_id)

    def _intake(self) -> Intake:
        arrival, context = self.arrival, self.arrival.context
        answered = self._verdict() if isinstance(self.thing, ScannedFile) else None
        kept = self._kept()
        return Intake.objects.create(
            kind=arrival.kind,
            surface=arrival.surface,
            key=arrival.actor.key if isinstance(arrival.actor, KeyActor) else None,
            person=arrival.actor.person if isinstance(arrival.actor, PersonActor) else None,
            idempotency_key=arrival.idempotency_key,
            sender=context.sender if kept else "",
            reference=context.reference if kept else "",
            outcome=answered.outcome.value if answered else "",
            reason=answered.reason.value if answered and answered.reason else "",
            rule=answered.rule if answered else "",
            limited=answered.limited.value if answered and answered.limited else "",
            received_at=now(),
        )

    def _own_evidence(self, item: Item) -> None:
        only_unscanned = self._verdict().outcome is Outcome.UNSCANNED and not self.arrival.told_by_somebody
        there = vault.live_object(item) is not None
        if self.stored is not None:
            vault.keep(self.stored, item, actor=self.arrival.actor)
        elif not there:
            raise _BytesNeeded
        until = item.unscanned_until
        if not only_unscanned:
            until = None
        elif not there:
            until = now() + UNSCANNED_FOR
        if until != item.unscanned_until:
            item.unscanned_until = until
            item.save(update_fields=["unscanned_until"])

    def _occurrence(self, intake: Intake, item: Item | None) -> Occurrence:
        context, thing = self.arrival.context, self.thing
        occurrence = Occurrence(
            id=new_id(),
            intake=intake,
            item=item,
            account=account_of(context.account),
            surface=self.arrival.surface,
            country=context.country,
            visibility=context.visibility,
            content_id=context.content_id,
            file_name=context.file_name,
            occurred_at=context.occurred_at,
            recorded_at=now(),
        )
        if isinstance(thing, ScannedFile):
            assert item is not None
            occurrence.first_seen = not item.occurrences.exists()
            if matches := thing.scanned.result.observation.matches:
                occurrence.match_tag = self.keys.match_tag(matches)
        else:
            tags = self.keys.content_tags(thing.kind, thing.content)
            occurrence.content_tag = tags[0]
            occurrence.first_seen = not Occurrence.objects.filter(content_tag__in=tags).exists()
            sealed = self.keys.seal_content(thing.kind, occurrence.pk, thing.content)
            setattr(occurrence, thing.kind, sealed)
        occurrence.save(force_insert=True)
        IpEvent.objects.bulk_create(
            IpEvent(
                occurrence=occurrence,
                address=seen.address,
                port=seen.port,
                kind=seen.kind,
                device=seen.device,
                country=seen.country,
                at=seen.at,
            )
            for seen in context.ip_events
        )
        record(
            Event.OCCURRENCE_RECORDED,
            self.arrival.actor,
            subject=occurrence.pk,
            payload={
                "kind": intake.kind,
                "item": str(item.pk) if item else None,
                "outcome": intake.outcome or None,
                "first_seen": occurrence.first_seen,
            },
        )
        return occurrence

    def _makes_a_case(self, verdict: Verdict | None) -> bool:
        if verdict is None or self.arrival.told_by_somebody:
            return True
        return verdict.outcome in (Outcome.MATCH, Outcome.HOLD)

    def _settled(self, occurrence: Occurrence) -> bool:
        """Note that a dismissal covers this one, where one does; somebody's report is never covered."""
        dismissal = None if self.arrival.told_by_somebody else settling_dismissal(occurrence)
        if dismissal is None:
            return False
        Settled.objects.create(occurrence=occurrence, decision=dismissal, at=now())
        record(
            Event.OCCURRENCE_SETTLED,
            self.arrival.actor,
            subject=occurrence.pk,
            payload={"decision": str(dismissal.pk)},
        )
        return True


def _evidence_of(tags: list[bytes]) -> bool:
    item = Item.objects.filter(tag__in=tags).first()
    return item is not None and vault.live_object(item) is not None


def _rolled_back(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in _ROLLED_BACK
