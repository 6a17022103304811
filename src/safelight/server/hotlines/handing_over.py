"""What is handed over is what the person read, and goes where they were told that it goes."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.hotlines import places, sending
from safelight.server.hotlines.draft_errors import ChangedMeanwhile, NotADraft
from safelight.server.hotlines.models import Report
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def hand_over(actor: PersonActor, row: Report, *, revision: int) -> Report:
    """Have a draft sent, as the person read it.

    Raises :class:`NotADraft`, :class:`ChangedMeanwhile`, :class:`~.draft_errors.NotReady`, and what
    :func:`~.sending.send` raises.
    """
    require(actor, Permission.REPORT_FILE)
    with transaction.atomic():
        locked = Report.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.state != Report.State.DRAFT:
            raise NotADraft(_("This report was handed over or discarded already."))
        if locked.revision != revision:
            raise ChangedMeanwhile(_("Somebody changed this draft after it was shown to you. Look again."))
        if places.place().environment.value != locked.environment:
            raise NotADraft(
                _("This draft was made for another environment than the settings name now. Discard it.")
            )
        return sending.send(actor, locked)
