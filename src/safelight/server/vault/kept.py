"""How the evidence of one case is kept: its clocks, holds and wishes, for who answers for it. No content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault.models import Extension, LegalHold, Preserved, SealedObject
from safelight.server.vault.retention import retentions_of, terms
from safelight.vault.clocks import Ruling, alarms, may_destroy
from safelight.vault.retention import DestroyRequest, Retention, Standing


@dataclass(frozen=True, slots=True)
class KeptObject:
    """One sealed object. ``item`` is None for a case's context; ``standing`` is what counts now."""

    id: UUID
    item: UUID | None
    sealed_at: datetime
    destroyed_at: datetime | None
    standing: Standing
    ruling: Ruling | None
    alarms: tuple[str, ...]
    holds: tuple[LegalHold, ...]
    extensions: tuple[Extension, ...]
    wish: DestroyRequest | None


@dataclass(frozen=True, slots=True)
class Kept:
    """All of a case. ``receipts`` are those that preservation runs from."""

    objects: tuple[KeptObject, ...]
    receipts: tuple[Preserved, ...]


def kept_of(actor: Actor, case: Case) -> Kept:
    """How the evidence of a case stands, for who may read the case. Raises ``PermissionDenied``."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    of_items = SealedObject.objects.filter(item__occurrences__membership__case=case)
    of_context = SealedObject.objects.filter(context_of__case=case)
    rows = SealedObject.objects.filter(pk__in=of_items.values("pk")) | SealedObject.objects.filter(
        pk__in=of_context.values("pk")
    )
    holds = LegalHold.objects.filter(released_at=None).select_related("person").order_by("since")
    extensions = Extension.objects.select_related("person").order_by("at")
    known = rows.exclude(state=SealedObject.State.ABANDONED).prefetch_related(
        Prefetch("holds", holds), Prefetch("extensions", extensions)
    )
    shown = list(known.order_by("sealed_at", "pk"))
    receipts = Preserved.objects.filter(case=case).select_related("context").order_by("at")
    return Kept(tuple(map(_object, shown, retentions_of(shown))), tuple(receipts))


def _object(row: SealedObject, retention: Retention) -> KeptObject:
    live = row.state == SealedObject.State.SEALED
    durations, present = terms(), now()
    return KeptObject(
        id=row.pk,
        item=row.item_id,
        sealed_at=row.sealed_at,
        destroyed_at=row.destroyed_at,
        standing=retention.standing,
        ruling=may_destroy(retention, durations, present) if live else None,
        alarms=alarms(retention, durations, present) if live else (),
        holds=tuple(row.holds.all()),
        extensions=tuple(row.extensions.all()),
        wish=retention.destroy_request if live else None,
    )
