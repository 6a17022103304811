"""What follows when a hotline has finished a report: kept verbatim first, and only in production a report."""

from __future__ import annotations

from datetime import datetime

from safelight.hotlines.cybertipline.environments import Environment
from safelight.hotlines.cybertipline.steps import Done
from safelight.server.hotlines.events_sending import Event
from safelight.server.hotlines.finished import FINISHED
from safelight.server.hotlines.models import Attempt, Receipt, Report
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.server.telling import clear_alarm, emit
from safelight.server.vault.preserving import on_receipt


def keep_receipt(actor: Actor, report: Report, done: Done, attempt: Attempt, at: datetime) -> Receipt:
    """In the transaction that stores the answer: the report is finished, with what that means.

    In test and mock it means nothing: no clock starts, no platform is told, and no figure counts it.
    """
    receipt = Receipt.objects.create(
        report=report,
        number=done.report_id,
        at=at,
        receipted=done.receipted,
        body=b"" if attempt.body is None else bytes(attempt.body),
        attempt=attempt,
    )
    report.state, report.finished_at, report.number = Report.State.FINISHED, at, done.report_id
    report.save(update_fields=["state", "finished_at", "number"])
    record(
        Event.REPORT_FINISHED,
        actor,
        subject=report.pk,
        payload={
            "environment": report.environment,
            "number": done.report_id,
            "receipted": done.receipted,
            "opening": done.opening,
        },
    )
    for kind in ("report_stopped", "report_deadline"):
        clear_alarm(kind, subject=report.pk)
    if Environment(report.environment).counts:
        for case in report.told_cases.all():
            on_receipt(case, at, reference=done.report_id, actor=actor)
            emit("report.finished", {"report": str(report.pk), "case": str(case.pk), "at": at.isoformat()})
    for follow in FINISHED:
        follow(report)
    return receipt
