"""What people and decisions do to the clocks of evidence; each change has a reason and a ledger row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from safelight.errors import KeyRecordMissing, UsageError
from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission
from safelight.server.vault.events import Event
from safelight.server.vault.models import Extension, LegalHold, SealedObject
from safelight.server.vault.retention import retention_of, retentions_of, terms
from safelight.vault import clocks
from safelight.vault.clocks import Ruling
from safelight.vault.retention import Basis, Standing

_LONGEST_REASON: Final = 300
_AT_ONCE: Final = 200
"""Objects whose clocks are asked for together."""
_OUTWEIGHS: Final = {
    Standing.UNDECIDED: frozenset({Standing.CONTEXT, Standing.REPORTED}),
    Standing.DISMISSED: frozenset({Standing.REPORTED}),
    Standing.UNFINISHED: frozenset({Standing.REPORTED}),
    Standing.CONTEXT: frozenset({Standing.UNFINISHED, Standing.REPORTED}),
    Standing.REPORTED: frozenset[Standing](),
}
"""What a standing does not take the place of."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What somebody must be told about a piece of evidence, in plain words."""

    object_id: UUID
    text: str


def hold(actor: PersonActor, object_id: UUID, reason: str) -> LegalHold:
    """Refuse destruction to everyone until the hold is released. Several may stand at once."""
    require(actor, Permission.EVIDENCE_HOLD)
    with _live(object_id) as row:
        placed = LegalHold.objects.create(
            object=row, reason=_stated(reason), person=actor.person, since=now()
        )
        record(Event.EVIDENCE_HELD, actor, subject=object_id, payload=_naming(placed, reason))
    return placed


def release(actor: PersonActor, hold_id: UUID, reason: str) -> None:
    """End one hold. Raises :class:`~safelight.errors.UsageError` for one that does not stand."""
    require(actor, Permission.EVIDENCE_HOLD)
    with transaction.atomic():
        standing = LegalHold.objects.filter(pk=hold_id, released_at=None)
        released = standing.update(
            released_at=now(), released_by=actor.person, release_reason=_stated(reason)
        )
        if not released:
            raise UsageError("This legal hold does not stand any more.")
        placed = LegalHold.objects.get(pk=hold_id)
        record(Event.EVIDENCE_RELEASED, actor, subject=placed.object_id, payload=_naming(placed, reason))


def extend(actor: PersonActor, object_id: UUID, until: datetime, reason: str) -> Extension:
    """Keep evidence longer than the law asks. An extension never shortens, and is never taken back."""
    require(actor, Permission.EVIDENCE_HOLD)
    if until.tzinfo is None or until <= now():
        raise UsageError("Extend to a time in the future, with its time zone.")
    with _live(object_id) as row:
        extension = Extension.objects.create(
            object=row, until=until, reason=_stated(reason), person=actor.person, at=now()
        )
        payload: dict[str, JSON] = {"until": until.isoformat(), "reason": extension.reason}
        record(Event.EVIDENCE_EXTENDED, actor, subject=object_id, payload=payload)
    return extension


def dispute(actor: Actor, object_id: UUID, *, is_open: bool) -> None:
    """A complaint about the decision was opened or answered. For the service that keeps complaints."""
    with _live(object_id) as row:
        row.disputed = is_open
        row.save(update_fields=["disputed"])
        record(Event.EVIDENCE_DISPUTED, actor, subject=object_id, payload={"open": is_open})


def stands(actor: Actor, object_id: UUID, standing: Standing, at: datetime) -> None:
    """A decision was made or a report receipted at a time. For the services that do so.

    What was reported stays so, from its latest receipt on, whatever another case decides about the same item.
    What was context of a report is kept as such at least, whatever it stands as later (``retention.py``).
    """
    with _live(object_id) as row:
        before, reported = Standing(row.standing), {Standing.CONTEXT, Standing.REPORTED}
        if before is standing and standing in reported:
            row.since = max(row.since, at)
        elif before not in _OUTWEIGHS[standing]:
            row.standing, row.since = SealedObject.Standing(standing.value), at
        else:
            return
        row.save(update_fields=["standing", "since"])
        payload: dict[str, JSON] = {"standing": standing.value, "since": at.isoformat()}
        record(Event.EVIDENCE_STANDS, actor, subject=object_id, payload=payload)


def request_destruction(actor: PersonActor, object_id: UUID, basis: Basis, reason: str) -> Proposal:
    """Ask for destruction before its time; it waits for a second person, then for the next purge."""
    with _live(object_id):
        return propose(
            actor, Proposal.Kind.EARLY_DESTRUCTION, object_id, reason, detail={"basis": basis.value}
        )


@carried_out_by(Proposal.Kind.EARLY_DESTRUCTION)
def _note_approval(proposal: Proposal, _actor: PersonActor) -> None:
    """The purge looks at approved wishes; holds, complaints and the preservation year still refuse."""
    with _live(proposal.subject) as row:
        row.early_destruction = proposal
        row.save(update_fields=["early_destruction"])


def ruling(object_id: UUID) -> Ruling:
    """Whether it may be destroyed now, why, and when its time comes."""
    with _live(object_id) as row:
        return clocks.may_destroy(retention_of(row), terms(), now())


def alarms(most: int | None = None) -> list[Alarm]:
    """What must not be forgotten: undecided and unfinished evidence, and wishes that wait; the oldest first.

    ``most`` of them; None for all.
    """
    rows = _alarming().order_by("since").iterator(chunk_size=_AT_ONCE)
    found = (
        Alarm(row.pk, text)
        for some in iter(lambda: list(islice(rows, _AT_ONCE)), [])
        for row, retention in zip(some, retentions_of(some), strict=True)
        for text in clocks.alarms(retention, terms(), now())
    )
    return list(islice(found, most))


def _alarming() -> QuerySet[SealedObject]:
    """What may have to be told about; most evidence waits for its time in silence."""
    present, durations = now(), terms()
    latest = present - min(durations.undecided_alarm, durations.unfinished_alarm)
    open_standings = (SealedObject.Standing.UNDECIDED, SealedObject.Standing.UNFINISHED)
    wishes = Proposal.objects.filter(kind=Proposal.Kind.EARLY_DESTRUCTION, state=Proposal.State.OPEN)
    # A younger case puts the alarm off; one that is not opened yet tells of a clock that was set back.
    unfinished = Case.objects.exclude(state=Case.State.FINISHED).filter(
        Q(opened_at__lte=latest) | Q(opened_at__gt=present)
    )
    return SealedObject.objects.filter(
        Q(standing__in=open_standings, since__lte=latest)
        | Q(early_destruction__isnull=False)
        | Q(pk__in=wishes.values("subject"))
        | Q(since__gt=present)
        | Q(item__in=unfinished.values("members__occurrence__item")),
        state=SealedObject.State.SEALED,
    )


@contextmanager
def _live(object_id: UUID) -> Iterator[SealedObject]:
    """The row, locked in a transaction. Raises :class:`~safelight.errors.KeyRecordMissing` if destroyed."""
    with transaction.atomic():
        live = SealedObject.objects.select_for_update(of=("self",)).filter(
            pk=object_id, state=SealedObject.State.SEALED
        )
        row = live.first()
        if row is None:
            raise KeyRecordMissing(f"Object {object_id} was destroyed, or never recorded.")
        yield row


def _stated(reason: str) -> str:
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise UsageError(f"Say why, in at most {_LONGEST_REASON} characters; it is written to the ledger.")
    return reason.strip()


def _naming(placed: LegalHold, reason: str) -> dict[str, JSON]:
    return {"hold": str(placed.pk), "reason": reason.strip()}
