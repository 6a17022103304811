"""A draft becomes a request only when pre-flight lets it, and states of files what was observed by then."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.hotlines import places, sending
from safelight.server.hotlines.checking import require_ready
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
        locked = _locked(row)
        if locked.state != Report.State.DRAFT:
            raise NotADraft(_("This report was handed over or discarded already."))
        if locked.revision != revision:
            raise ChangedMeanwhile(_("Somebody changed this draft after it was shown to you. Look again."))
        if places.place().environment.value != locked.environment:
            raise NotADraft(
                _("This draft was made for another environment than the settings name now. Discard it.")
            )
        require_ready(locked)
        return sending.send(actor, locked)


def go_on(actor: PersonActor, row: Report, reason: str) -> Report:
    """Have a stopped report go on after it was mended. Raises as :func:`hand_over`."""
    require(actor, Permission.REPORT_FILE)
    with transaction.atomic():
        locked = _locked(row)
        require_ready(locked)
        return sending.restart(actor, locked, reason)


def _locked(row: Report) -> Report:
    return Report.objects.select_for_update(no_key=True).get(pk=row.pk)
