"""Writing down what is asked before it is asked, and what came back: each in a transaction of its own.

Whoever drives a report holds it by a token in its row. A worker that was thought lost and comes back finds
another's token there and writes nothing but the answer that it got, which is kept as late.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from safelight.hotlines.cybertipline.deadline import deleted_at
from safelight.hotlines.cybertipline.outcomes import Outcome
from safelight.hotlines.cybertipline.steps import Course, Done, Stopped, Why
from safelight.server.hotlines.asking import Ended, Prepared
from safelight.server.hotlines.events_sending import Event
from safelight.server.hotlines.history import course_of, step_of
from safelight.server.hotlines.models import Attempt, Orphan, Report, Sending, Step
from safelight.server.hotlines.receipts import keep_receipt
from safelight.server.hotlines.standstill import stand_still
from safelight.server.ids import now
from safelight.server.jobs.errors import LeaseLost
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.server.telling import raise_alarm

SENDER: Final = SystemActor("hotlines")
STOPPED: Final = "report_stopped"
"""The kind of the alert."""
_LONGEST_TOLD: Final = 500
_log = structlog.get_logger("safelight.hotlines")


def take(report_id: UUID, holder: str) -> Report | None:
    """Take a report over, whoever had it: what is still pending is lost. None if it is not to be sent."""
    with transaction.atomic(durable=True):
        report = Report.objects.select_for_update().get(pk=report_id)
        if report.state != Report.State.SENDING:
            return None
        Sending.objects.filter(pk=report.pk).update(holder=holder)
        lost = _("The worker that sent this was lost before it stored an answer.")
        pending = Attempt.objects.filter(step__report=report, outcome=Attempt.PENDING)
        pending.update(outcome=Outcome.LOST.value, told=lost)
        _keep_orphans(report, course_of(report))
    return report


def begin(report: Report, holder: str, prepared: Prepared) -> Attempt:
    """Write down that this is sent now. Raises :class:`LeaseLost` if the report is another worker's."""
    ask = prepared.ask
    with transaction.atomic(durable=True):
        _refuse_if_taken(report, holder)
        step = step_of(report, ask.opening, Step.Call(ask.call.value), ask.file)
        return Attempt.objects.create(step=step, at=now(), sent_digest=prepared.digest)


def end(report: Report, holder: str, attempt: Attempt, ended: Ended) -> Course:
    """Write down what came back, verbatim, with what follows from it.

    Raises :class:`LeaseLost` if the report is another worker's by now; the answer is kept all the same.
    """
    answer = ended.answer
    kept: dict[str, object] = {"told": ended.told[:_LONGEST_TOLD], "answered_at": now()}
    if answer is not None:
        kept |= {
            "status": answer.status,
            "code": answer.code,
            "request_id": answer.request_id[:200],
            "body": answer.body,
            "number": answer.report_id[:100],
            "file_id": answer.file_id[:200],
        }
    with transaction.atomic(durable=True):
        locked = Report.objects.select_for_update().get(pk=report.pk)
        ours = Sending.objects.filter(pk=report.pk, holder=holder).exists()
        this = Attempt.objects.filter(pk=attempt.pk)
        if not ours or not this.filter(outcome=Attempt.PENDING).update(outcome=ended.outcome.value, **kept):
            this.update(late=True, **kept)
            late = True
        else:
            late = False
            attempt.refresh_from_db()
            course = course_of(locked)
            _follow(locked, course, attempt, ended)
    _log.info(
        "hotline answered" if answer is not None else "hotline did not answer",
        report=str(report.pk),
        call=attempt.step.call,
        outcome=ended.outcome.value,
        code=None if answer is None else answer.code,
        request_id="" if answer is None else answer.request_id,
    )
    if late:
        raise LeaseLost("Another worker has this report by now.")
    return course


def stop(report: Report, why: str, told: str) -> None:
    """It waits for a person, in a transaction of the caller's or its own."""
    with transaction.atomic():
        locked = Report.objects.select_for_update().get(pk=report.pk)
        if locked.state != Report.State.SENDING:
            return
        locked.state = Report.State.STOPPED
        locked.save(update_fields=["state"])
        Sending.objects.filter(pk=report.pk).update(why=why)
        record(Event.REPORT_STOPPED, SENDER, subject=report.pk, payload={"why": why})
        raise_alarm(STOPPED, subject=report.pk, detail=told)


def _follow(report: Report, course: Course, attempt: Attempt, ended: Ended) -> None:
    at = attempt.answered_at
    assert at is not None
    _keep_orphans(report, course)
    if attempt.step.call == Step.Call.SUBMIT and ended.outcome is Outcome.ACKNOWLEDGED:
        record(
            Event.REPORT_OPENED,
            SENDER,
            subject=report.pk,
            payload={"number": attempt.number, "environment": report.environment},
        )
    match course.end:
        case Done() as done:
            keep_receipt(SENDER, report, done, attempt, at)
        case Stopped(Why.CREDENTIALS):
            stand_still(report.environment, ended.told)
        case Stopped(why):
            stop(report, why.value, ended.told)
        case None:
            pass


def _keep_orphans(report: Report, course: Course) -> None:
    known = set(report.orphans.values_list("opening", flat=True))
    for orphan in course.orphans:
        if orphan.opening in known:
            continue
        present = now()
        Orphan.objects.create(
            report=report,
            opening=orphan.opening,
            number=orphan.report_id,
            since=present,
            gone_by=_gone_by(report, orphan.opening, present),
        )
        record(
            Event.REPORT_ORPHANED,
            SENDER,
            subject=report.pk,
            payload={"opening": orphan.opening, "number": orphan.report_id},
        )


def _gone_by(report: Report, opening: int, present: datetime) -> datetime:
    """A day after it was opened, or an hour after the last thing that may have changed it."""
    asked = Attempt.objects.filter(step__report=report, step__opening=opening).order_by("pk")
    first = asked.first()
    return deleted_at(first.at if first else present, present)


def _refuse_if_taken(report: Report, holder: str) -> None:
    locked = Report.objects.select_for_update().get(pk=report.pk)
    ours = Sending.objects.filter(pk=report.pk, holder=holder).exists()
    if not ours or locked.state != Report.State.SENDING:
        raise LeaseLost("Another worker has this report by now.")
