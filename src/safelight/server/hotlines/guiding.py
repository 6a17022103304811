"""A report that a person files at a form: its reference and time are what the hotline's receipt would be."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.hotlines.jurisdictions import CYBERTIPLINE
from safelight.server.hotlines.checking import guided_hotline, require_ready
from safelight.server.hotlines.draft_errors import NotADraft
from safelight.server.hotlines.events import Event
from safelight.server.hotlines.finished import FINISHED
from safelight.server.hotlines.models import Report
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.telling import emit
from safelight.server.vault.preserving import on_receipt

LONGEST_REFERENCE: Final = 100


def filed(actor: PersonActor, row: Report, *, reference: str, at: datetime, tier: str = "") -> Report:
    """Say that the form was sent: under which reference, when, and with which priority. The clocks start.

    Raises :class:`NotADraft`, :class:`~.draft_errors.NotReady`, and
    :class:`~safelight.errors.UsageError` for a reference or a time that cannot be.
    """
    require(actor, Permission.REPORT_FILE)
    if row.hotline == CYBERTIPLINE:
        raise NotADraft(_("The CyberTipline is told by its own service, not by a form."))
    hotline, said = guided_hotline(row.hotline), reference.strip()
    if not said or len(said) > LONGEST_REFERENCE:
        raise UsageError(_("Give the reference that the hotline issued, up to 100 characters."))
    if at.utcoffset() is None or at > now() or at < row.made_at:
        raise UsageError(_("The time must lie between the making of this draft and now."))
    if tier not in {one.name for one in hotline.tiers} | ({""} if not hotline.tiers else set()):
        raise UsageError(_("Say which priority you chose."))
    with transaction.atomic():
        locked = Report.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.state != Report.State.DRAFT:
            raise NotADraft(_("This report was filed or discarded already."))
        require_ready(locked)
        locked.state, locked.number, locked.tier = Report.State.FINISHED, said, tier
        locked.finished_at = locked.changed_at = at
        locked.handed_over_by, locked.handed_over_at = actor.person, now()
        locked.save()
        record(
            Event.REPORT_FILED_BY_HAND,
            actor,
            subject=locked.pk,
            payload={
                "hotline": locked.hotline,
                "reference": said,
                "at": at.isoformat(),
                "tier": tier,
                "description_as_of": hotline.as_of,
            },
        )
        for case in locked.told_cases.all():
            on_receipt(case, at, reference=said, actor=actor)
            emit(
                "report.finished",
                {"report": str(locked.pk), "case": str(case.pk), "at": at.isoformat()},
            )
        for follow in FINISHED:
            follow(locked)
    return locked
