"""Hashes of past files, kept a while so that a new list entry can be compared with them; then forgotten.

In this order: the kept hashes, so that the index of the past hears of their end; the occurrences; the items,
which the database keeps while a hash is kept of them. Private communications that did not match are never
among them. What is in a case is not forgotten here: its records have clocks of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.deletion import ProtectedError

from safelight.server.cases.models import Case, CaseAccount, Complaint
from safelight.server.ids import now
from safelight.server.intake.models import Account, Intake, Item, Occurrence, Unscanned
from safelight.server.lists.seen import expire_seen
from safelight.server.vault.models import SealedObject

_BATCH: Final = 500


def forget_old() -> int:
    """Delete what is older than ``retention.seen_days`` and belongs to no case; how many items went.

    Hashes go whether there is a case or not. Can be killed and repeated at any time. An item that came again
    since is kept, its old occurrences not.
    """
    expire_seen(settings.CONFIG.retention.seen_days)
    old = _unneeded(Occurrence.objects.filter(recorded_at__lt=_oldest()))
    while ids := list(old.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            gone = Occurrence.objects.filter(pk__in=ids)
            Intake.objects.filter(occurrences__in=ids).update(told=None)
            gone.delete()
    items = Item.objects.filter(_nowhere_seen(), first_seen_at__lt=_oldest())
    forgotten = sum(forget(id_) for id_ in list(items.values_list("pk", flat=True)))
    _forget_accounts()
    return forgotten


def forget(item_id: UUID) -> bool:
    """Delete an item that was seen nowhere any more, whose bytes and kept hashes are gone; whether it was."""
    try:
        with transaction.atomic():
            item = Item.objects.select_for_update().filter(_nowhere_seen(), pk=item_id).first()
            if item is None:
                return False
            SealedObject.objects.filter(item=item).update(item=None)
            item.delete()
    except (ProtectedError, IntegrityError):
        return False  # it came again, or something else keeps it
    return True


def _oldest() -> datetime:
    moment: datetime = now() - timedelta(days=settings.CONFIG.retention.seen_days)
    return moment


def _unneeded(occurrences: QuerySet[Occurrence]) -> QuerySet[Occurrence]:
    """Those that no case, dismissal or complaint rests on, and that wait for nothing."""
    complaints = Complaint.objects.filter(occurrence=OuterRef("pk"))
    waits = Unscanned.objects.filter(item=OuterRef("item"), state=Unscanned.State.WAITING)
    return occurrences.filter(
        ~Exists(complaints), ~Exists(waits), membership=None, settled=None, item__isnull=False
    )


def _nowhere_seen() -> Q:
    return ~Q(Exists(Occurrence.objects.filter(item=OuterRef("pk")))) & ~Q(
        Exists(SealedObject.objects.filter(item=OuterRef("pk"), state=SealedObject.State.SEALED))
    )


def _forget_accounts() -> None:
    """Accounts of which nothing is left."""
    seen = Occurrence.objects.filter(account=OuterRef("pk"))
    concerned = CaseAccount.objects.filter(account=OuterRef("pk"))
    cases = Case.objects.filter(account=OuterRef("pk"))
    idle = Account.objects.filter(
        ~Exists(seen), ~Exists(concerned), ~Exists(cases), first_seen_at__lt=_oldest()
    )
    for id_ in list(idle.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                idle.filter(pk=id_).delete()
        except (ProtectedError, IntegrityError):
            continue  # it is seen again just now
