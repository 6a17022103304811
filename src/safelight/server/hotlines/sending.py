"""Handing a report over to be sent, and what people do when it stands still."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.hotlines.cybertipline.outcomes import Outcome
from safelight.hotlines.cybertipline.steps import Done, Stopped, Why
from safelight.server.hotlines import places
from safelight.server.hotlines.checking import require_ready
from safelight.server.hotlines.errors import NotToBeSent
from safelight.server.hotlines.events_sending import Event
from safelight.server.hotlines.history import course_of, step_of
from safelight.server.hotlines.models import Attempt, Report, Sending, Step
from safelight.server.hotlines.queueing import enqueue_sending
from safelight.server.hotlines.receipts import keep_receipt
from safelight.server.hotlines.rehearsal import refuse_real_evidence
from safelight.server.hotlines.restored import RESTORED
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.telling import clear_alarm


def send(actor: PersonActor, report: Report) -> Report:
    """Have a draft sent to the hotline that the settings name; a worker does it. Its content stays as it is.

    Raises :class:`NotToBeSent` for what is no draft, :class:`~.errors.NoHotline`,
    :class:`~.draft_errors.NotReady` with what pre-flight found, and :class:`~.errors.NotForRehearsal` for
    real evidence where only class ``test`` may go.
    """
    require(actor, Permission.REPORT_FILE, case=report.case)
    place = places.place()
    with transaction.atomic():
        locked = Report.objects.select_for_update().get(pk=report.pk)
        if locked.state != Report.State.DRAFT or locked.hotline != places.CYBERTIPLINE:
            raise NotToBeSent(_("Only a draft for the CyberTipline is sent. Reload to see where it stands."))
        if locked.environment != place.environment.value:
            told = _("This draft is for {draft}; reports go to {place} now. Draft it anew.")
            raise NotToBeSent(told.format(draft=locked.environment, place=place.environment.value))
        refuse_real_evidence(locked)
        require_ready(locked)
        locked.state = Report.State.SENDING
        locked.handed_over_by, locked.handed_over_at = actor.person, now()
        locked.save(update_fields=["state", "handed_over_by", "handed_over_at"])
        Sending.objects.create(report=locked)
        record(
            Event.REPORT_SENDING,
            actor,
            subject=report.pk,
            payload={"environment": locked.environment, "files": locked.files.count()},
        )
        enqueue_sending(locked)
    return locked


def restart(actor: PersonActor, report: Report, reason: str) -> Report:
    """What stopped the report was mended: go on, from a new opening where the hotline had refused it.

    Where nobody could know whether it was finished, this says that the hotline was asked and it was not.
    Raises :class:`NotToBeSent`.
    """
    require(actor, Permission.REPORT_FILE, case=report.case)
    with transaction.atomic():
        locked = _stopped(report, reason)
        refuse_real_evidence(locked)
        require_ready(locked)
        course = course_of(locked)
        if isinstance(course.end, Stopped):
            _note(actor, step_of(locked, course.opening, Step.Call.RESTART), Outcome.ACKNOWLEDGED, reason)
        locked.state = Report.State.SENDING
        locked.save(update_fields=["state"])
        Sending.objects.filter(pk=locked.pk).update(why="")
        record(Event.REPORT_RESTARTED, actor, subject=locked.pk, payload={"reason": reason.strip()})
        clear_alarm("report_stopped", subject=locked.pk)
        enqueue_sending(locked)
    return locked


def told_finished(actor: PersonActor, report: Report, reason: str) -> Report:
    """The hotline was asked and says that the report was finished. ``reason`` tells who said so, and when.

    Raises :class:`NotToBeSent` unless that is what nobody could know.
    """
    require(actor, Permission.REPORT_FILE, case=report.case)
    with transaction.atomic():
        locked = _stopped(report, reason)
        course = course_of(locked)
        why = Sending.objects.values_list("why", flat=True).get(pk=locked.pk)
        if why not in {Why.FINISH_UNKNOWN.value, RESTORED}:
            raise NotToBeSent(_("It is known that this report was not finished."))
        step = step_of(locked, course.opening, Step.Call.TOLD_FINISHED)
        attempt = _note(actor, step, Outcome.FINISHED, reason)
        done = Done(course.opening, course.report_id, receipted=False)
        keep_receipt(actor, locked, done, attempt, now())
    return locked


def finished_at(report: Report) -> datetime | None:
    """When the receipt of a production hotline came; None for all else, a rehearsal among it."""
    if report.environment != Report.Environment.PRODUCTION:
        return None
    return report.finished_at


def _stopped(report: Report, reason: str) -> Report:
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.state != Report.State.STOPPED:
        raise NotToBeSent(_("This report does not wait for anybody. Reload to see where it stands."))
    if not reason.strip():
        raise NotToBeSent(_("Say what was mended, or who said what."))
    return locked


def _note(actor: PersonActor, step: Step, outcome: Outcome, reason: str) -> Attempt:
    return Attempt.objects.create(
        step=step,
        at=now(),
        outcome=outcome.value,
        answered_at=now(),
        told=reason.strip()[:500],
        person=actor.person,
    )
