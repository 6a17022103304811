"""A made bundle is fetched by who may export, each time on record, and removed when its days are over."""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.server.bundle import shelf
from safelight.server.bundle.events import Event
from safelight.server.bundle.models import Export
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def fetch(actor: PersonActor, bundle_id: UUID) -> BinaryIO:
    """The sealed file, open for reading. Raises :class:`~safelight.errors.UsageError` if it is not there."""
    require(actor, Permission.EVIDENCE_EXPORT)
    made = Export.objects.filter(pk=bundle_id, state=Export.State.MADE).first()
    try:
        file = None if made is None else shelf.place_of(bundle_id).open("rb")
    except FileNotFoundError:
        file = None
    if made is None or file is None:
        raise UsageError(_("This bundle is not here, or not any more. Ask for a new one."))
    with transaction.atomic():
        record(
            Event.BUNDLE_DOWNLOADED,
            actor,
            subject=made.case_id,
            payload={"bundle": str(bundle_id), "sha256": made.sha256},
        )
    return file


def remove_old() -> int:
    """Remove the files of bundles whose days are over; how many. The job worker runs this."""
    over = now() - timedelta(days=settings.CONFIG.retention.bundle_days)
    removed = 0
    for export in Export.objects.filter(state=Export.State.MADE, made_at__lte=over):
        shelf.remove(export.pk)
        with transaction.atomic():
            still = Export.objects.filter(pk=export.pk, state=Export.State.MADE)
            if still.update(state=Export.State.REMOVED, removed_at=now()):
                record(
                    Event.BUNDLE_REMOVED,
                    SystemActor("jobs"),
                    subject=export.case_id,
                    payload={"bundle": str(export.pk)},
                )
                removed += 1
    return removed
