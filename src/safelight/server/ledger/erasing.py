"""The one way in which details of a ledger row go away, while the row stays proven."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from safelight.errors import LedgerError
from safelight.ledger.entry import LedgerEvent
from safelight.server.ledger.models import LedgerPayload
from safelight.server.ledger.services import write
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def erase_payload(actor: Actor, row_id: UUID, reason: str) -> None:
    """Erase a row's details for good. The erasure is a row of its own, which the database asks for.

    Raises :class:`~safelight.errors.LedgerError` when there is nothing to erase.
    """
    require(actor, Permission.LEDGER_ERASE)
    with transaction.atomic():
        kept = LedgerPayload.objects.filter(row_id=row_id, body__isnull=False)
        if not kept.exists():
            raise LedgerError("This ledger row has no details, or they were erased before.")
        record = write(LedgerEvent.PAYLOAD_ERASED, actor, row_id.hex, {"reason": reason})
        kept.update(body=None, salt=None, erased_by=record)
