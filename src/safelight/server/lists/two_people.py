"""What two people decide about lists, and what an approval carries out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import record
from safelight.server.lists.errors import NotWaiting
from safelight.server.lists.events import Event
from safelight.server.lists.models import HashList, WaitingBatch
from safelight.server.lists.process_store import list_store
from safelight.server.lists.rules import check_reason, check_review
from safelight.server.lists.waiting import AT_ONCE, admit_some
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission

ADMIT_JOB = "lists.admit"


def propose_batch(actor: PersonActor, batch_id: UUID, reason: str, review_at: datetime | None) -> Proposal:
    """Propose to list what waits in a batch, quarantined entries too. Raises :class:`NotWaiting`."""
    require(actor, Permission.LIST_CHANGE)
    why, review = check_reason(reason), check_review(review_at)
    with transaction.atomic():
        batch = waiting_batch(batch_id)
        batch.reason, batch.review_at = why, review
        batch.save(update_fields=["reason", "review_at"])
        return propose(
            actor,
            Proposal.Kind.LIST_ENTRIES,
            batch.pk,
            why,
            detail={
                "list": batch.list.name,
                "entries": batch.entries.count(),
                "kind": batch.kind,
                "review_at": review.isoformat(),
            },
        )


def propose_admission(actor: PersonActor, row: HashList, reason: str, review_at: datetime | None) -> Proposal:
    """Propose to search a list that came from the command line's lists and takes two people."""
    require(actor, Permission.LIST_CHANGE)
    why, review = check_reason(reason), check_review(review_at)
    if row.admitted:
        raise NotWaiting(_("This list was admitted already."))
    detail = {"list": row.name, "review_at": review.isoformat()}
    return propose(actor, Proposal.Kind.LIST_ADMISSION, row.uid, why, detail=detail)


@carried_out_by(Proposal.Kind.LIST_ENTRIES)
def _admit(proposal: Proposal, actor: PersonActor) -> None:
    batch = waiting_batch(proposal.subject)
    count = batch.entries.count()
    batch.state, batch.settled_at = WaitingBatch.State.ADMITTED, now()
    batch.save(update_fields=["state", "settled_at"])
    if count <= AT_ONCE:
        admit_some(batch)
    else:
        enqueue(ADMIT_JOB, {"batch": str(batch.pk)}, key=f"{ADMIT_JOB}:{batch.pk}")
    record(
        Event.ENTRIES_ADMITTED,
        actor,
        subject=batch.list.uid,
        payload={"batch": str(batch.pk), "entries": count, "reason": proposal.reason},
    )


@carried_out_by(Proposal.Kind.LIST_ADMISSION)
def _admit_list(proposal: Proposal, actor: PersonActor) -> None:
    row = HashList.objects.get(uid=proposal.subject)
    review = check_review(datetime.fromisoformat(str(proposal.detail["review_at"])))
    with list_store().changing(row.name) as changing:
        changing.admitted = True
    # A batch without entries: it carries the reason and the review date of all that the list held.
    batch = WaitingBatch.objects.create(
        list=row,
        kind=WaitingBatch.Kind.PROPOSED,
        state=WaitingBatch.State.ADMITTED,
        reason=proposal.reason,
        review_at=review,
        settled_at=now(),
    )
    record(
        Event.ENTRIES_ADMITTED,
        actor,
        subject=row.uid,
        payload={"batch": str(batch.pk), "entries": row.entries.count(), "reason": proposal.reason},
    )


def waiting_batch(batch_id: UUID) -> WaitingBatch:
    """A batch that still waits, locked until the transaction ends. Raises :class:`NotWaiting`."""
    waiting = WaitingBatch.objects.filter(pk=batch_id, state=WaitingBatch.State.WAITING)
    batch = waiting.select_for_update(of=("self",)).select_related("list").first()
    if batch is None:
        raise NotWaiting(_("This does not wait any more. Reload to see where it stands."))
    return batch
