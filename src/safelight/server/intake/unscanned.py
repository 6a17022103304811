"""The queue of what could not be scanned: why, since when, until when it is kept. It is never clear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from safelight.server.alarm import raise_alarm
from safelight.server.ids import now
from safelight.server.intake.causes import OF_THE_INSTALLATION
from safelight.server.intake.errors import NotWaiting
from safelight.server.intake.events import Event
from safelight.server.intake.models import Intake, Item, Unscanned
from safelight.server.intake.waiting import SCAN_JOB, UNSCANNED_FOR
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import record
from safelight.server.paging import Page, page_size, wrong_place
from safelight.server.people.actors import Actor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault.models import SealedObject
from safelight.types import MediaKind, Outcome, UnscannedReason

EXPIRED: Final = "unscanned_expired"
"""The kind of the alert where something was never scanned and its time is over."""
EXPIRED_RULE: Final = "not-scanned-in-time"
_BATCH: Final = 200
_HELD_BACK: Final = timedelta(minutes=30)
"""How long something is not tried again once a job was put there for it."""


@dataclass(frozen=True, slots=True)
class UnscannedSummary:
    """Something that waits to be scanned. ``until`` is None where a case keeps its bytes; ``size`` in bytes.

    ``next_try_at`` is None where only another version of Safelight, or a person, tries it again.
    """

    item: UUID
    reason: UnscannedReason
    since: datetime
    until: datetime | None
    attempts: int
    next_try_at: datetime | None
    kind: MediaKind
    size: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many wait for one reason, and since when the oldest of them does."""

    reason: UnscannedReason
    count: int


def unscanned(
    actor: Actor, *, reason: UnscannedReason | None = None, limit: int = 50, after: str | None = None
) -> Page[UnscannedSummary]:
    """What waits, whatever waited longest first. ``limit`` is 1 to 200.

    Raises :class:`~safelight.errors.UsageError` for a place that no page gave.
    """
    require(actor, Permission.INTAKE_READ)
    found = _waiting() if reason is None else _waiting().filter(reason=reason.value)
    if after is not None:
        since, item = _read_place(after)
        found = found.filter(since__gte=since).filter(Q(since__gt=since) | Q(item__gt=item))
    size = page_size(limit)
    rows = list(found.select_related("item").order_by("since", "item")[: size + 1])
    place = f"{rows[size - 1].since.isoformat()}.{rows[size - 1].pk.hex}" if len(rows) > size else None
    return Page(tuple(_summary(row) for row in rows[:size]), place)


def reasons(actor: Actor) -> tuple[ReasonCount, ...]:
    """How many wait for each reason, the most frequent first."""
    require(actor, Permission.INTAKE_READ)
    counted = _waiting().values_list("reason").annotate(many=Count("pk")).order_by("-many", "reason")
    return tuple(ReasonCount(UnscannedReason(reason), many) for reason, many in counted)


def rescan_now(actor: Actor, item: UUID) -> None:
    """Try one again at once. Raises :class:`~.errors.NotWaiting` for what does not wait."""
    require(actor, Permission.INTAKE_RESCAN)
    with transaction.atomic():
        if not _waiting().filter(item=item).update(next_try_at=now() + _HELD_BACK):
            raise NotWaiting("This does not wait to be scanned any more. Reload to see what became of it.")
        enqueue(SCAN_JOB, {"item": str(item)})
        record(Event.RESCAN_ASKED, actor, subject=item)


def enqueue_due() -> int:
    """Put jobs there for what is worth another try; how many.

    Of what lies in the installation one item is tried, and the others once that one could be scanned.
    """
    installation = [reason.value for reason in OF_THE_INSTALLATION]
    due = _waiting().filter(next_try_at__lte=now())
    unreadable_then = _waiting().filter(next_try_at=None).exclude(tried_with__in=["", version("safelight")])
    chosen = [
        *due.filter(reason__in=installation).order_by("since")[:1],
        *due.exclude(reason__in=installation).order_by("next_try_at")[:_BATCH],
        *unreadable_then.order_by("since")[:_BATCH],
    ]
    for row in chosen:
        with transaction.atomic():
            _waiting().filter(item=row.item_id).update(next_try_at=now() + _HELD_BACK)
            enqueue(SCAN_JOB, {"item": str(row.item_id)})
    return len(chosen)


def the_cause_is_gone(reason: UnscannedReason) -> int:
    """Have everything tried that waited for the installation to be mended; how many jobs were put there."""
    if reason not in OF_THE_INSTALLATION:
        return 0
    others = _waiting().filter(reason__in=[one.value for one in OF_THE_INSTALLATION])
    ids = list(others.order_by("since").values_list("item", flat=True)[:_BATCH])
    with transaction.atomic():
        others.filter(item__in=ids).update(next_try_at=now() + _HELD_BACK)
        for item in ids:
            enqueue(SCAN_JOB, {"item": str(item)})
    return len(ids)


def expire_waiting() -> int:
    """Note, count and tell what was not scanned in time; how many. Its bytes are the vault's to destroy."""
    over = Q(item__unscanned_until__lte=now()) | Q(
        item__unscanned_until=None, since__lte=now() - UNSCANNED_FOR
    )
    expired = 0
    for id_ in list(_waiting().filter(over).values_list("item", flat=True)):
        with transaction.atomic():
            item = Item.objects.select_for_update(no_key=True).get(pk=id_)
            if _kept_longer(item):
                continue
            ended = {"state": Unscanned.State.EXPIRED, "ended_at": now(), "next_try_at": None}
            if not _waiting().filter(over, item=item).update(**ended):
                continue
            unanswered = Intake.objects.filter(occurrences__item=item, outcome=Outcome.UNSCANNED.value)
            many = Intake.objects.filter(pk__in=list(unanswered.values_list("pk", flat=True))).update(
                rule=EXPIRED_RULE
            )
            record(Event.UNSCANNED_EXPIRED, SystemActor("jobs"), subject=id_, payload={"arrivals": many})
            raise_alarm(
                EXPIRED, subject=id_, detail="A file could not be scanned in time. It was never found clear."
            )
            expired += 1
    return expired


def _waiting() -> QuerySet[Unscanned]:
    return Unscanned.objects.filter(state=Unscanned.State.WAITING)


def _kept_longer(item: Item) -> bool:
    """Whether somebody, by name and with a reason, has its bytes kept longer."""
    live = SealedObject.objects.filter(item=item, state=SealedObject.State.SEALED)
    return live.filter(
        Q(extensions__until__gt=now()) | Q(holds__isnull=False, holds__released_at=None)
    ).exists()


def _summary(row: Unscanned) -> UnscannedSummary:
    return UnscannedSummary(
        row.item_id,
        UnscannedReason(row.reason),
        row.since,
        row.item.unscanned_until,
        row.attempts,
        row.next_try_at,
        MediaKind(row.item.kind),
        row.item.size,
    )


def _read_place(after: str) -> tuple[datetime, UUID]:
    since, _dot, item = after.rpartition(".")
    try:
        return datetime.fromisoformat(since), UUID(hex=item)
    except ValueError:
        raise wrong_place() from None
