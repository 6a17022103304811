"""Destruction: when a clock ran out or two people asked, first in the log, then the key, then the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from safelight.errors import DestructionLogDamaged
from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.jobs.clock import database_time, machine_time
from safelight.server.ledger.models import LedgerLeaf, LedgerPending
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault import place
from safelight.server.vault.errors import ClockUntrusted
from safelight.server.vault.events import Event
from safelight.server.vault.key_records import DatabaseKeyRecords, erase, forget_deleted_pages
from safelight.server.vault.models import SealedObject
from safelight.server.vault.retention import retention_of, terms
from safelight.vault.clocks import Ruling, may_destroy
from safelight.vault.destruction import Replayed
from safelight.vault.retention import Retention, Standing

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""More than NTP and a slow answer explain; less than any term of retention."""

_ACTOR: Final = SystemActor("jobs")


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge did; ``refused`` had reached its time or was asked for, and something spoke against."""

    destroyed: tuple[UUID, ...]
    refused: tuple[tuple[UUID, Ruling], ...]


def replay_destructions() -> Replayed:
    """Destroy again what was ever destroyed: at each start and after each restore, before anything is served.

    Begins the log in a database that has no evidence yet. Raises as :func:`logged_destructions`; serve
    nothing then.
    """
    if not SealedObject.objects.exists():
        place.destruction_log().create()
    logged, records = logged_destructions(), DatabaseKeyRecords()
    live = SealedObject.objects.filter(state=SealedObject.State.SEALED).values_list("pk", flat=True)
    again = sum(records.destroy(object_id) for object_id in logged.intersection(live))
    for object_id in logged.intersection(place.store().ids()):
        place.store().delete(object_id)
    return Replayed(len(logged), again)


def logged_destructions() -> frozenset[UUID]:
    """Every object in the log, which is proven to be whole.

    Raises :class:`~safelight.errors.DestructionLogDamaged` where it is missing, altered, or lacks what the
    database knows to be destroyed.
    """
    # Read before the log, so that a destruction in between cannot look like one that the log lacks.
    known = set(SealedObject.objects.filter(state=SealedObject.State.DESTROYED).values_list("pk", flat=True))
    logged = frozenset(place.destruction_log())
    if lacking := known - logged:
        raise DestructionLogDamaged(
            f"The destruction log lacks {len(lacking)} destructions that the database knows of. Serve "
            "nothing. Restore the log from your copy."
        )
    return logged


def purge_once() -> Purged:
    """Destroy all evidence whose time has come. Can be killed and repeated at any time.

    Raises :class:`ClockUntrusted`, :class:`~safelight.errors.DestructionLogDamaged`, and
    :class:`~safelight.errors.StoreUnavailable` where the log cannot be written; then nothing more was
    destroyed.
    """
    require(_ACTOR, Permission.EVIDENCE_DESTROY)
    refuse_untrusted_clock()
    replay_destructions()
    destroyed, refused = [], []
    for object_id in _candidates():
        ruling = _destroy(object_id)
        if ruling is None:
            continue
        if ruling.allowed:
            destroyed.append(object_id)
        else:
            refused.append((object_id, ruling))
    return Purged(tuple(destroyed), tuple(refused))


def destroy_unneeded(item_id: UUID) -> bool:
    """Destroy an item's bytes at once if they were kept only for a scan; whether there were any to destroy.

    The next purge does the same. Raises as :func:`purge_once`.
    """
    require(_ACTOR, Permission.EVIDENCE_DESTROY)
    refuse_untrusted_clock()
    live = SealedObject.objects.filter(item=item_id, state=SealedObject.State.SEALED)
    rulings = [_destroy(object_id) for object_id in live.values_list("pk", flat=True)]
    return any(ruling is not None and ruling.allowed for ruling in rulings)


def refuse_untrusted_clock() -> None:
    """Raise :class:`ClockUntrusted` where this machine's clock is not fit to end anything by."""
    present = now()
    latest = _latest_event()
    if latest is not None and present < latest - CLOCKS_DIFFER:
        raise ClockUntrusted(
            f"This machine's clock says {present:%Y-%m-%d %H:%M} UTC, before the ledger's latest event at "
            f"{latest:%Y-%m-%d %H:%M}. Set the clock; nothing is destroyed until then."
        )
    # Both: a database on this machine shares its clock, and is wrong with it.
    for told, by in (
        (database_time(), "the database"),
        (machine_time(), "the time since this machine started"),
    ):
        if abs(told - present) > CLOCKS_DIFFER:
            raise ClockUntrusted(
                f"This machine's clock says {present:%Y-%m-%d %H:%M} UTC, and {by} {told:%Y-%m-%d %H:%M}. "
                "Keep both by NTP; if the clock was put right since the start, start the machine again. "
                "Nothing is destroyed until they agree."
            )


def _latest_event() -> datetime | None:
    """When the event happened that was written last: a clock that was ahead for a while does not count."""
    waiting = LedgerPending.objects.order_by("-id").values_list("row__at", flat=True).first()
    return waiting or LedgerLeaf.objects.order_by("-index").values_list("row__at", flat=True).first()


def _candidates() -> list[UUID]:
    """Everything that may have reached its time; each is looked at again under its lock."""
    present, durations = now(), terms()
    dismissed = Q(standing=SealedObject.Standing.DISMISSED, since__lte=present - durations.complaint_window)
    after_a_report = (SealedObject.Standing.REPORTED, SealedObject.Standing.CONTEXT)
    reported = Q(standing__in=after_a_report, since__lte=present - durations.preservation)
    asked = Q(early_destruction__isnull=False)
    never_scanned = Q(standing=SealedObject.Standing.UNDECIDED, item__unscanned_until__lte=present)
    live = SealedObject.objects.filter(state=SealedObject.State.SEALED)
    return list(
        live.filter(dismissed | reported | asked | never_scanned)
        .order_by("since")
        .values_list("pk", flat=True)
    )


def _destroy(object_id: UUID) -> Ruling | None:
    """Destroy it if its clocks allow; None if it is gone already."""
    with transaction.atomic(durable=True):
        # The item before its evidence, as arrivals lock them: none relies on bytes that go meanwhile.
        of_object = SealedObject.objects.filter(pk=object_id)
        item = Item.objects.select_for_update(no_key=True).filter(pk__in=of_object.values("item")).first()
        live = SealedObject.objects.select_for_update(of=("self",)).filter(
            pk=object_id, state=SealedObject.State.SEALED
        )
        row = live.first()
        if row is None:
            return None
        retention = retention_of(row)
        ruling = may_destroy(retention, terms(), now())
        if item is not None and _never_scanned(item, retention):
            ruling = Ruling(allowed=True, reasons=("It was kept only to be scanned.",))
        if not ruling.allowed:
            return ruling
        # Logged before the commit: a kill in between is completed by the next replay, never forgotten.
        place.destruction_log().append(object_id)
        erase(object_id)
        record(Event.EVIDENCE_DESTROYED, _ACTOR, subject=object_id, payload={"reasons": list(ruling.reasons)})
    forget_deleted_pages()
    place.store().delete(object_id)
    return ruling


def _never_scanned(item: Item, retention: Retention) -> bool:
    """Whether the bytes were kept only to scan them, and that is done or its time is over."""
    if (
        item.unscanned_until is None
        or now() < item.unscanned_until
        or Case.objects.filter(members__occurrence__item=item).exists()
    ):
        return False
    kept = retention.holds or retention.extensions or retention.disputed
    return retention.standing is Standing.UNDECIDED and not kept
