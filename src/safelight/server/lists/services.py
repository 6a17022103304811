"""Lists for people, keys and processes: seen, made, changed, added to, withdrawn from.

Whatever takes two people is returned as a proposal and done when another person approves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.lists.store import DEFAULT_DISTANCE, DEFAULT_PERCENT, HashListInfo
from safelight.server.ids import now
from safelight.server.ledger.services import JSON, record
from safelight.server.lists.alarms import Alarm, clear_alarm
from safelight.server.lists.errors import NotWaiting
from safelight.server.lists.events import Event
from safelight.server.lists.models import HashList, WaitingBatch
from safelight.server.lists.opaque_keys import keys_meant
from safelight.server.lists.previews import recheck_preview, search_recent, waiting_preview
from safelight.server.lists.process_store import list_store
from safelight.server.lists.recheck import discard_recheck, recheck_start
from safelight.server.lists.rules import (
    HELD_FOR_REVIEW,
    added_by_hand,
    check_categories,
    check_class,
    check_reason,
    check_review,
)
from safelight.server.lists.showing import summary_of, waiting_views
from safelight.server.lists.store import list_row
from safelight.server.lists.summaries import ListSummary, WaitingView
from safelight.server.lists.taking_in import Taken, stage, take_in
from safelight.server.lists.two_people import (
    clear_when_none_waits,
    propose_admission,
    propose_batch,
    waiting_batch,
)
from safelight.server.lists.waiting import discard
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.types import ListClass, ListEntry

__all__ = [
    "add_entries",
    "admit_list",
    "all_lists",
    "change_list",
    "discard_batch",
    "discard_recheck",
    "make_list",
    "one_list",
    "propose_batch",
    "recheck_preview",
    "recheck_start",
    "remove_list",
    "restore_entry",
    "restore_list",
    "review_list",
    "search_recent",
    "synced",
    "waiting_batches",
    "waiting_preview",
    "withdraw_entries",
]


def all_lists(actor: Actor) -> tuple[ListSummary, ...]:
    """Every list, by name."""
    require(actor, Permission.LIST_READ)
    return tuple(summary_of(row) for row in HashList.objects.order_by("name"))


def one_list(actor: Actor, name: str) -> ListSummary:
    """One list. Raises :class:`~safelight.errors.NoSuchList`."""
    require(actor, Permission.LIST_READ)
    return summary_of(list_row(name))


def make_list(
    actor: Actor,
    name: str,
    list_class: ListClass,
    *,
    distance: int = DEFAULT_DISTANCE,
    query_percent: int = DEFAULT_PERCENT,
    listed_percent: int = DEFAULT_PERCENT,
    shadow: bool = False,
    own: bool = False,
    source: str = "",
    sharing_terms: str = "",
    categories: Mapping[str, str] | None = None,
    expected_hours: int = 0,
) -> ListSummary:
    """Make an empty list. ``own`` marks one that this operator's people fill, two for each addition.

    Raises :class:`~safelight.errors.ListExists`, :class:`~.errors.ClassNotAllowed` and
    :class:`~safelight.errors.UsageError`.
    """
    require(actor, Permission.LIST_CHANGE)
    check_class(list_class)
    mapped = check_categories(categories or {})
    with transaction.atomic():
        list_store().create(
            HashListInfo(
                name,
                list_class,
                distance,
                shadow,
                source=source,
                query_percent=query_percent,
                listed_percent=listed_percent,
            )
        )
        with list_store().changing(name) as row:
            row.own, row.sharing_terms, row.categories = own, sharing_terms, mapped
            row.expected_hours = expected_hours
        record(
            Event.LIST_MADE,
            actor,
            subject=row.uid,
            payload={"name": name, "class": list_class.value, "own": own, "distance": distance},
        )
    return summary_of(list_row(name))


def change_list(
    actor: Actor,
    name: str,
    *,
    reason: str,
    distance: int | None = None,
    shadow: bool | None = None,
    enabled: bool | None = None,
    query_percent: int | None = None,
    listed_percent: int | None = None,
    sharing_terms: str | None = None,
    categories: Mapping[str, str] | None = None,
    expected_hours: int | None = None,
    most_hits_percent: float | None = None,
    most_dismissed_percent: float | None = None,
) -> ListSummary:
    """Change a list's settings; the next search uses them. Raises as :func:`make_list` does."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    told: dict[str, JSON] = {
        field: value
        for field, value in {
            "distance": distance,
            "shadow": shadow,
            "enabled": enabled,
            "query_percent": query_percent,
            "listed_percent": listed_percent,
            "sharing_terms": sharing_terms,
            "expected_hours": expected_hours,
            "most_hits_percent": most_hits_percent,
            "most_dismissed_percent": most_dismissed_percent,
        }.items()
        if value is not None
    }
    if categories is not None:
        told["categories"] = {**check_categories(categories)}
    with transaction.atomic():
        with list_store().changing(name) as row:
            for field, value in told.items():
                setattr(row, field, value)
        record(Event.LIST_CHANGED, actor, subject=row.uid, payload={"name": name, "reason": why, **told})
    return summary_of(list_row(name))


def add_entries(
    actor: Actor,
    name: str,
    entries: Iterable[ListEntry],
    *,
    reason: str = "",
    review_at: datetime | None = None,
) -> Proposal | Taken:
    """Add entries to a list, or propose to.

    A process brings in what a source lists. What a person adds, and whatever goes into an own or known-good
    list, waits for two people: a person gets the proposal, a process the batch that people then propose
    (:func:`propose_batch`). Degenerate hashes are set apart either way. Raises
    :class:`~safelight.errors.NoSuchList`, :class:`~.errors.ReasonNeeded` and
    :class:`~safelight.errors.UsageError`.
    """
    require(actor, Permission.LIST_CHANGE)
    row = list_row(name)
    if not added_by_hand(row, actor):
        return take_in(actor, row, entries)
    if not isinstance(actor, PersonActor):
        return stage(actor, row, entries, _new_batch(row, reason, review_at))
    why, review = check_reason(reason), check_review(review_at)
    with transaction.atomic():
        taken = stage(actor, row, entries, _new_batch(row, why, review))
        if not taken.waiting or taken.batch is None:
            if taken.batch is not None:
                discard(taken.batch)
            return taken
        return propose_batch(actor, taken.batch.pk, why, review)


def _new_batch(row: HashList, reason: str, review_at: datetime | None) -> WaitingBatch:
    return WaitingBatch.objects.create(
        list=row, kind=WaitingBatch.Kind.PROPOSED, reason=reason, review_at=review_at, made_at=now()
    )


def withdraw_entries(actor: Actor, name: str, keys: Iterable[str], *, reason: str) -> int:
    """Withdraw entries by the source's keys; how many rows went. No search finds them from then on."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    with transaction.atomic():
        gone = list_store().withdraw(name, keys_meant(keys))
        if gone:
            record(
                Event.ENTRIES_WITHDRAWN,
                actor,
                subject=list_row(name).uid,
                payload={"entries": gone, "reason": why},
            )
    return gone


def remove_list(actor: Actor, name: str, *, reason: str) -> int:
    """Withdraw every entry of a list and forget it; how many entries went."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    uid = list_row(name).uid
    gone = list_store().remove(name)
    with transaction.atomic():
        record(Event.LIST_REMOVED, actor, subject=uid, payload={"name": name, "entries": gone, "reason": why})
    return gone


def admit_list(actor: PersonActor, name: str, *, reason: str, review_at: datetime | None) -> Proposal:
    """Propose to search a known-good or own list that was brought in from the command line's lists."""
    return propose_admission(actor, list_row(name), reason, review_at)


def waiting_batches(actor: Actor, name: str | None = None) -> tuple[WaitingView, ...]:
    """What waits for people: proposed entries, and quarantined ones with the reasons; oldest first."""
    require(actor, Permission.LIST_READ)
    return waiting_views(name)


def discard_batch(actor: Actor, batch_id: UUID, *, reason: str) -> int:
    """Delete what waits in a batch; nothing of it is listed. Raises :class:`~.errors.NotWaiting`."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    with transaction.atomic():
        batch = waiting_batch(batch_id)
        gone = discard(batch)
        clear_when_none_waits(batch.list)
        record(
            Event.ENTRIES_DISCARDED,
            actor,
            subject=batch.list.uid,
            payload={"batch": str(batch.pk), "entries": gone, "reason": why},
        )
    return gone


def restore_list(actor: Actor, name: str, *, reason: str) -> ListSummary:
    """Let a list that fell to hold act again; it is judged on what comes from now on."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    with transaction.atomic():
        with list_store().changing(name) as row:
            if not row.held_reason:
                raise NotWaiting(_("This list has not fallen to hold."))
            row.held_reason, row.held_at, row.judged_from = "", None, now()
        clear_alarm(Alarm.LIST_HELD, row)
        record(Event.LIST_RESTORED, actor, subject=row.uid, payload={"name": name, "reason": why})
    return summary_of(list_row(name))


def restore_entry(actor: Actor, name: str, key: str, *, reason: str) -> int:
    """Let an entry whose hits are held act again; how many rows it has."""
    require(actor, Permission.LIST_CHANGE)
    why = check_reason(reason)
    with transaction.atomic():
        rows = list_store().hold_entry(name, key, "")
        if not list_row(name).entries.exclude(held_reason="").exists():
            clear_alarm(Alarm.LIST_ENTRY_HELD, list_row(name))
        record(Event.LIST_RESTORED, actor, subject=list_row(name).uid, payload={"entry": key, "reason": why})
    return rows


def review_list(actor: Actor, name: str, *, reason: str, review_at: datetime | None) -> ListSummary:
    """Say that a list's admitted entries were reviewed, and when next; a hold for want of it ends."""
    require(actor, Permission.LIST_CHANGE)
    why, review = check_reason(reason), check_review(review_at)
    with transaction.atomic():
        with list_store().changing(name) as row:
            due = row.batches.filter(state=WaitingBatch.State.ADMITTED, review_at__isnull=False)
            due.update(review_at=review, reviewed_at=now())
            if row.held_reason == HELD_FOR_REVIEW:
                row.held_reason, row.held_at = "", None
                clear_alarm(Alarm.LIST_HELD, row)
        clear_alarm(Alarm.LIST_REVIEW_DUE, row)
        record(Event.LIST_REVIEWED, actor, subject=row.uid, payload={"name": name, "reason": why})
    return summary_of(list_row(name))


def synced(actor: Actor, name: str) -> None:
    """Note that a list was brought in from its source just now, changed or not."""
    require(actor, Permission.LIST_CHANGE)
    with list_store().changing(name) as row:
        row.synced_at = now()
