"""What people do to a draft: fill it in, leave a file out or put one in, discard it. All of it on record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.hotlines import model
from safelight.hotlines.files import FileDetails
from safelight.server.cases.errors import ReasonNeeded
from safelight.server.hotlines.composing import compose_file
from safelight.server.hotlines.draft_errors import ChangedMeanwhile, DraftError, NotADraft
from safelight.server.hotlines.events import Event
from safelight.server.hotlines.matter import matter_of
from safelight.server.hotlines.models import LeftOut, Report, ReportFile
from safelight.server.hotlines.observed import with_what_was_observed
from safelight.server.hotlines.sealed import details, seal_content, seal_details
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

CHANGEABLE: Final = (Report.State.DRAFT, Report.State.STOPPED)
"""A stopped one may need mending: what was sent of it is retracted before it is sent anew."""


def edit(actor: PersonActor, row: Report, said: model.Report, *, revision: int, section: str) -> Report:
    """Put other words into a draft. ``revision`` is the one that the person was shown.

    Raises :class:`NotADraft` and :class:`ChangedMeanwhile`.
    """
    with _changing(actor, row, Event.REPORT_EDITED, {"section": section}, revision) as locked:
        seal_content(locked, said)
    return locked


def edit_file(
    actor: PersonActor, row: Report, file: ReportFile, said: FileDetails, *, revision: int
) -> Report:
    """Put other words about a file. What was observed of it, and its hashes, are not a person's to change."""
    with _changing(actor, row, Event.REPORT_EDITED, {"file": str(file.pk)}, revision) as locked:
        current = locked.files.select_related("item").get(pk=file.pk)
        said = replace(said, hashes=details(current).hashes)
        seal_details(current, with_what_was_observed(said, current.item, list(locked.told_cases.all())))
        current.save(update_fields=["details"])
    return locked


def leave_out(actor: PersonActor, row: Report, file: ReportFile, reason: str) -> Report:
    """Take a file out of a draft; the positions of those after it move up."""
    said = _stated(reason)
    with _changing(actor, row, Event.REPORT_FILE_LEFT_OUT, {"reason": said}) as locked:
        gone = locked.files.get(pk=file.pk)
        LeftOut.objects.update_or_create(
            report=locked, item=gone.item, defaults={"person": actor.person, "reason": said, "at": now()}
        )
        gone.delete()
        for position, one in enumerate(locked.files.order_by("position")):
            if one.position != position:
                one.position = position
                one.save(update_fields=["position"])
    return locked


def put_in(actor: PersonActor, row: Report, item: Item, reason: str) -> Report:
    """Have a confirmed file of the matter go with the report, also one that does not by default.

    Raises :class:`DraftError` for a file that is not confirmed in a case of the report.
    """
    said = _stated(reason)
    with _changing(actor, row, Event.REPORT_FILE_PUT_IN, {"reason": said}) as locked:
        matter = matter_of(locked.case, locked.account)
        occurrence = matter.items().get(item)
        if occurrence is None:
            raise DraftError(_("This file is not confirmed in a case of this report."))
        locked.left_out.filter(item=item).delete()
        if not locked.files.filter(item=item).exists():
            last = locked.files.order_by("-position").values_list("position", flat=True).first()
            file = ReportFile(
                report=locked, item=item, occurrence=occurrence, position=-1 if last is None else last
            )
            file.position += 1
            seal_details(file, compose_file(item, occurrence, matter))
            file.save(force_insert=True)
    return locked


def discard(actor: PersonActor, row: Report, reason: str) -> Report:
    """Give up a draft of which nothing was sent. Another can be made."""
    said = _stated(reason)
    with _changing(actor, row, Event.REPORT_DISCARDED, {"reason": said}) as locked:
        if locked.state != Report.State.DRAFT:
            raise NotADraft(_("Something of this report was sent. Mend it, and go on with it."))
        locked.state, locked.discarded_at, locked.reason = Report.State.DISCARDED, now(), said
    return locked


def observe_anew(row: Report) -> None:
    """Bring what is stated of viewing and origin up to what was observed by now; before it is handed over."""
    cases = list(row.told_cases.all())
    for file in row.files.select_related("item"):
        before = details(file)
        after = with_what_was_observed(before, file.item, cases)
        if after != before:
            seal_details(file, after)
            file.save(update_fields=["details"])


def _stated(reason: str) -> str:
    if not reason.strip():
        raise ReasonNeeded(_("Say why: who looks at this later needs a reason."))
    return reason.strip()


@contextmanager
def _changing(
    actor: PersonActor, row: Report, event: Event, payload: dict[str, JSON], revision: int | None = None
) -> Iterator[Report]:
    """The draft, locked; saved with the next revision, and the change on record."""
    require(actor, Permission.REPORT_FILE)
    with transaction.atomic():
        locked = Report.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.state not in CHANGEABLE:
            raise NotADraft(_("This report was handed over, finished or discarded. It does not change."))
        if revision is not None and locked.revision != revision:
            raise ChangedMeanwhile(_("Somebody changed this draft after it was shown to you. Look again."))
        yield locked
        locked.revision, locked.changed_at = locked.revision + 1, now()
        locked.save()
        record(event, actor, subject=locked.pk, payload={"revision": locked.revision, **payload})
