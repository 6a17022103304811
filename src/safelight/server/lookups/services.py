"""Look-ups by hash: the verdict for a file that stays with the platform, and the file itself once it matched.

A look-up that matches nothing is written together with others. One that matches is an arrival like any
other, whose evidence is awaited; it is confirmed by no policy before the file is here and was digested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from safelight.server.cases.decisions import confirm_by_policy
from safelight.server.cases.models import Case
from safelight.server.cases.services import open_or_extend
from safelight.server.ids import new_id, now
from safelight.server.intake.answers import NOT_PERMITTED, Received, verdict_of
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.arrivals import Arrival, ScannedFile, from_platform
from safelight.server.intake.context import NOTHING_TOLD, Context
from safelight.server.intake.counting import count_not_permitted
from safelight.server.intake.errors import KeyMayNot, KeyReused, NoSuchLookUp, NotTheFile
from safelight.server.intake.events import Event
from safelight.server.intake.items import new_item, observed
from safelight.server.intake.legal import Permitted
from safelight.server.intake.models import ApiKey, Intake, Item
from safelight.server.intake.occurrences import write_occurrence
from safelight.server.intake.priorities import priority_of
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.recording import intake_of
from safelight.server.intake.scanning import Scanned, compare, scan_spool
from safelight.server.ledger.services import record
from safelight.server.lookups.hashes import ToldHashes
from safelight.server.lookups.models import AwaitedFile, LookUp
from safelight.server.people.actors import KeyActor
from safelight.server.rows import insert_rows
from safelight.server.telling import raise_alarm
from safelight.server.together import Together, WrittenTogether
from safelight.server.vault import services as vault
from safelight.signals.digest import digest
from safelight.types import Outcome, Verdict
from safelight.vault.spool import Spool

AWAITED: Final = "evidence_awaited"
"""The kind of the alert where a file that matched was not delivered in time."""
_HASHES: Final = "hashes"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A verdict, and by when the file is to be delivered; None where it need not be."""

    received: Received
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToWrite:
    """What a look-up that matched nothing is answered, once ``row`` is committed."""

    row: LookUp
    answer: LookedUp
    earlier: Callable[[], LookedUp | None]
    """What the same idempotency key was answered before."""

    def write(self) -> LookedUp:
        """Write it now, together with others; what is answered."""
        try:
            _write_together(self.row)
        except IntegrityError:
            # Of several with one idempotency key at once, one was first.
            if earlier := self.earlier():
                return earlier
            raise
        return self.answer

    def written(self, error: Exception | None) -> LookedUp:
        """What is answered after it was written with others, or was not. Raises ``error`` if so."""
        if isinstance(error, IntegrityError):
            # Perhaps another's fault.
            return self.write()
        if error is not None:
            raise error
        return self.answer


def look_up(
    actor: KeyActor,
    hashes: ToldHashes,
    context: Context = NOTHING_TOLD,
    *,
    idempotency_key: str | None = None,
) -> LookedUp | ToWrite:
    """Compare a file's hashes with the lists; what is yet to be written is answered once that is committed.

    With digests alone only equality was compared, so that nothing is *clear*: it is *unscanned: unsupported*.
    Raises :class:`KeyMayNot`, :class:`~.intake.errors.ContextRefused` and :class:`KeyReused`.
    """
    arrival = _arrival(actor, context, idempotency_key)
    permission = arrival.permission()
    if not isinstance(permission, Permitted):
        assert arrival.surface is not None
        count_not_permitted(arrival.surface)
        return LookedUp(NOT_PERMITTED)
    keys = record_keys()
    if earlier := _earlier(arrival, hashes, keys):
        return earlier
    result = compare(hashes.observation())
    scanned = Scanned(result, hashes.sha256)
    verdict = result.verdict
    again = partial(_earlier, arrival, hashes, keys)
    if verdict.outcome in (Outcome.MATCH, Outcome.HOLD):
        try:
            with transaction.atomic():
                return _matched(arrival, permission, hashes, scanned, keys)
        except IntegrityError:
            if earlier := again():
                return earlier
            raise
    row = _row(actor, hashes, idempotency_key, verdict, keys)
    return ToWrite(row, LookedUp(Received(verdict)), again)


def write_all(rows: Sequence[LookUp]) -> Sequence[None]:
    """Write rows of :class:`ToWrite` in one commit. Raises what the database does; then none is written."""
    with transaction.atomic():
        insert_rows(rows)
    return [None] * len(rows)


def deliver(actor: KeyActor, intake_id: UUID, spool: Spool) -> None:
    """Take in the file that a look-up matched. Delivering it again changes nothing.

    Raises :class:`NoSuchLookUp`, the same for another key's, :class:`NotTheFile`, and what the vault raises.
    """
    if Scope.LOOK_UP.value not in actor.key.scopes:
        raise KeyMayNot("This key may not send this: it needs the scope look_up.")
    awaited = AwaitedFile.objects.filter(occurrence__intake=intake_id, occurrence__intake__key=actor.key)
    row = awaited.select_related("occurrence__item").first()
    if row is None:
        raise NoSuchLookUp("This key has no look-up of that id whose file is awaited.")
    keys = record_keys()
    hashes = ToldHashes.from_json(keys.open_content(_HASHES, row.pk, row.hashes))
    if not hashes.are_of(digest(spool.fd)):
        raise NotTheFile(
            "The digests of what was delivered are not those that were looked up. Send the very file."
        )
    if row.delivered_at is not None:
        return
    scanned, sealed = scan_spool(spool, reported=True), vault.store_sealed(spool.fd)
    with transaction.atomic():
        item = Item.objects.select_for_update(no_key=True).get(occurrences=row.occurrence)
        vault.keep(sealed, item, actor=actor)
        observed(item, scanned, keys)
        if not awaited.filter(delivered_at=None).update(delivered_at=now()):
            return
        record(Event.EVIDENCE_DELIVERED, actor, subject=row.pk, payload={"item": str(item.pk)})
        case = (
            Case.objects.filter(members__occurrence=row.occurrence).exclude(state=Case.State.FINISHED).first()
        )
        if case is not None and scanned.result.verdict.outcome is Outcome.MATCH:
            confirm_by_policy(case, row.occurrence)


def alarm_overdue() -> int:
    """Have people told of files that were not delivered in time, once each; how many that were."""
    late = AwaitedFile.objects.filter(delivered_at=None, alarmed_at=None, due_at__lte=now())
    told = 0
    for row in late.order_by("due_at")[:500]:
        with transaction.atomic():
            if AwaitedFile.objects.filter(pk=row.pk, alarmed_at=None).update(alarmed_at=now()):
                raise_alarm(
                    AWAITED, subject=row.pk, detail="A file that matched by hash was not delivered in time."
                )
                told += 1
    return told


def _arrival(actor: KeyActor, context: Context, idempotency_key: str | None) -> Arrival:
    if actor.key.audience != ApiKey.Audience.SERVER:
        raise KeyMayNot("Hashes are looked up by keys of the platform's own server alone.")
    return from_platform(actor, Intake.Kind.UPLOAD, context, idempotency_key, needs=Scope.LOOK_UP)


def _earlier(arrival: Arrival, hashes: ToldHashes, keys: RecordKeys) -> LookedUp | None:
    """What this idempotency key was answered before. Raises :class:`KeyReused`."""
    if arrival.idempotency_key is None or not isinstance(arrival.actor, KeyActor):
        return None
    asked = {"key": arrival.actor.key, "idempotency_key": arrival.idempotency_key}
    tags = keys.item_tags(hashes.sha256)
    if found := LookUp.objects.filter(**asked).first():
        if bytes(found.tag) not in tags:
            raise _reused()
        return LookedUp(Received(verdict_of(found)))
    intake = Intake.objects.filter(**asked).first()
    if intake is None:
        return None
    awaited = AwaitedFile.objects.filter(occurrence__intake=intake).select_related("occurrence__item").first()
    occurrence = intake.occurrences.select_related("item").first()
    if occurrence is None or occurrence.item is None or bytes(occurrence.item.tag) not in tags:
        raise _reused()
    due = awaited.due_at if awaited and awaited.delivered_at is None else None
    return LookedUp(Received(verdict_of(intake), intake.pk, occurrence.item_id, occurrence.pk), due)


def _matched(
    arrival: Arrival, permitted: Permitted, hashes: ToldHashes, scanned: Scanned, keys: RecordKeys
) -> LookedUp:
    verdict = scanned.result.verdict
    intake = intake_of(arrival, permitted, verdict, keys)
    intake.save(force_insert=True)
    tags = keys.item_tags(hashes.sha256)
    Item.objects.bulk_create([new_item(scanned, keys, tags[0])], ignore_conflicts=True)
    item = Item.objects.select_for_update(no_key=True).get(tag__in=tags)
    with Spool(settings.CONFIG.workspace) as nothing:
        thing = ScannedFile(nothing, scanned)
        occurrence = write_occurrence(arrival, thing, intake, item, keys)
    case = open_or_extend(
        occurrence, priority_of(arrival.kind, verdict, scanned.result.observation.matches), arrival.actor
    )
    due_at = None
    if vault.live_object(item) is None:
        due_at = now() + timedelta(hours=settings.CONFIG.retention.awaited_hours)
        sealed = keys.seal_content(_HASHES, occurrence.pk, hashes.to_json())
        AwaitedFile.objects.create(occurrence=occurrence, hashes=sealed, due_at=due_at)
    payload = {"outcome": verdict.outcome.value, "awaited": due_at is not None}
    record(Event.LOOK_UP_MATCHED, arrival.actor, subject=occurrence.pk, payload=payload)
    return LookedUp(Received(verdict, intake.pk, item.pk, occurrence.pk, case.pk), due_at)


def _row(
    actor: KeyActor, hashes: ToldHashes, idempotency_key: str | None, verdict: Verdict, keys: RecordKeys
) -> LookUp:
    return LookUp(
        id=new_id(),
        key=actor.key,
        idempotency_key=idempotency_key,
        tag=keys.item_tags(hashes.sha256)[0],
        outcome=verdict.outcome.value,
        reason=verdict.reason.value if verdict.reason else "",
        rule=verdict.rule,
        limited=verdict.limited.value if verdict.limited else "",
        at=now(),
    )


def _write_together(row: LookUp) -> None:
    """Raises what writing the row alone would raise: of those written together it may be another's fault."""
    try:
        _together(row)
    except WrittenTogether as failed:
        if not isinstance(failed.__cause__, IntegrityError):
            raise failed.__cause__ or failed from None
        write_all([row])


def _reused() -> KeyReused:
    return KeyReused("This idempotency key was used before for something else. Use a new one.")


_together: Final = Together(write_all)
