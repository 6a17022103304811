"""The watchdog: no report is forgotten, and somebody knows before the hotline deletes an unfinished one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.hotlines.cybertipline.deadline import alarm_at
from safelight.server.cases.models import Decision
from safelight.server.hotlines import places
from safelight.server.hotlines.filling import chosen_routes
from safelight.server.hotlines.history import course_of
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.queueing import enqueue_sending, is_driven
from safelight.server.hotlines.standstill import resume_with_other_credentials, stands_still
from safelight.server.ids import now
from safelight.server.people.standing import is_demo
from safelight.server.telling import clear_alarm, raise_alarm

DEADLINE: Final = "report_deadline"
NO_HOTLINE: Final = "hotline_missing"
LATE: Final = timedelta(hours=16)
"""A report that was handed over so long ago and is not finished alarms, even if it was never opened."""


def watch() -> None:
    """Look at everything that is on its way."""
    resume_with_other_credentials()
    for report in _on_their_way():
        _keep_driven(report)
        _tell_deadline(report)
    _tell_missing_hotline()


def _on_their_way() -> QuerySet[Report]:
    return Report.objects.filter(
        state__in=[Report.State.SENDING, Report.State.STOPPED], hotline=places.CYBERTIPLINE
    )


def _keep_driven(report: Report) -> None:
    """A job that was given up, or was deleted, does not end its report."""
    with transaction.atomic():
        locked = Report.objects.select_for_update().get(pk=report.pk)
        waits = locked.state != Report.State.SENDING or stands_still(locked.environment) is not None
        if not waits and not is_driven(locked):
            enqueue_sending(locked)


def _tell_deadline(report: Report) -> None:
    from_then_on = _alarm_at(report)
    if from_then_on is None or now() < from_then_on:
        clear_alarm(DEADLINE, subject=report.pk)
        return
    raise_alarm(
        DEADLINE,
        subject=report.pk,
        detail=_("A report ({environment}) was handed over on {at:%Y-%m-%d %H:%M} UTC.").format(
            environment=report.environment, at=report.handed_over_at or report.made_at
        ),
    )


def _alarm_at(report: Report) -> datetime | None:
    course = course_of(report)
    told = [] if course.opened_at is None else [alarm_at(course.opened_at, course.changed_at)]
    if report.handed_over_at is not None:
        told.append(report.handed_over_at + LATE)
    return min(told, default=None)


def _tell_missing_hotline() -> None:
    """Confirmed, and nowhere to report it: in a demo that is as it should be."""
    confirmed = Decision.objects.filter(outcome=Decision.Outcome.CONFIRMED, superseded_by=None)
    if is_demo() or _real_reports_are_taken() or not confirmed.exists():
        clear_alarm(NO_HOTLINE)
        return
    raise_alarm(NO_HOTLINE, detail=_("Cases are confirmed, and no production hotline is set up."))


def _real_reports_are_taken() -> bool:
    """Whether each hotline that the profile names takes them; one with a form always does."""
    try:
        return all(route.hotline != places.CYBERTIPLINE or places.counts() for route in chosen_routes())
    except UsageError:
        return False
