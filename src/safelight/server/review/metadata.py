"""Showing what a file's embedded fields say: an event of its own, and no view of the file."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.errors import NotShown
from safelight.server.review.events import Event
from safelight.server.review.models import MetadataShown


def show_metadata(actor: PersonActor, case: Case, item: Item) -> None:
    """Note that somebody is shown it now. Raises ``PermissionDenied`` and :class:`NotShown`."""
    require(actor, Permission.EVIDENCE_VIEW, case=case)
    if not case.members.filter(occurrence__item=item).exists():
        raise NotShown(_("This file is not part of the case."))
    with transaction.atomic():
        MetadataShown.objects.create(person=actor.person, case=case, item=item, at=now())
        record(Event.METADATA_SHOWN, actor, subject=item.pk, payload={"case": str(case.pk)})
