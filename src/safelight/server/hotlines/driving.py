"""Driving a report through its steps, as far as they go now: what a worker's job does.

The worker may be killed between any two instructions. Whoever comes next takes the report over, finds every
request that was begun and every answer that was stored, and goes on from the last acknowledged step.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from safelight.errors import SafelightError
from safelight.hotlines.cybertipline.client import Client
from safelight.hotlines.cybertipline.environments import Place
from safelight.hotlines.cybertipline.steps import Ask
from safelight.server.hotlines import places, recording
from safelight.server.hotlines.asking import prepare, send
from safelight.server.hotlines.history import course_of
from safelight.server.hotlines.models import Attempt, Report
from safelight.server.hotlines.queueing import enqueue_sending
from safelight.server.hotlines.rehearsal import refuse_real_evidence
from safelight.server.hotlines.standstill import stands_still
from safelight.server.ids import now
from safelight.server.jobs.clock import database_time
from safelight.server.jobs.leases import Lease

FIRST_PAUSE: Final = 5.0
"""Seconds after the first setback; each further one doubles it, up to :data:`LONGEST_PAUSE`."""
LONGEST_PAUSE: Final = 1_800.0
"""Half an hour: within the hour that the hotline keeps an unfinished report after its last change."""


def drive(report_id: UUID, lease: Lease, *, connect: Callable[[Place], Client] = Client) -> None:
    """Go on with a report until it is finished, has to pause, or waits for a person."""
    holder = secrets.token_hex(16)
    report = recording.take(report_id, holder)
    if report is None or stands_still(report.environment) is not None:
        return
    place = _place_of(report)
    if place is None:
        return
    course = course_of(report)
    with connect(place) as client:
        while isinstance(ask := course.next_move(), Ask):
            lease.check()
            if (due := _not_before(report, ask)) is not None:
                _pause(report, lease, due)
                return
            try:
                prepared = prepare(recording.SENDER, report, ask)
            except SafelightError as error:
                recording.stop(report, "unprepared", str(error))
                return
            attempt = recording.begin(report, holder, prepared)
            course = recording.end(report, holder, attempt, send(client, prepared))
            if stands_still(report.environment) is not None:
                return


def _place_of(report: Report) -> Place | None:
    """Where this report goes; None, and it waits for a person, if that is not where the settings point."""
    try:
        place = places.place()
        if place.environment.value != report.environment:
            recording.stop(
                report,
                "environment",
                f"It was handed over for {report.environment}, and the settings name {place.environment}.",
            )
            return None
        refuse_real_evidence(report)
    except SafelightError as error:
        recording.stop(report, "environment", str(error))
        return None
    return place


def _not_before(report: Report, ask: Ask) -> datetime | None:
    """When this may be asked, if that is not yet."""
    if ask.setbacks == 0:
        return None
    pause = timedelta(seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(ask.setbacks - 1, 20)))
    last = Attempt.objects.filter(step__report=report).order_by("-pk").first()
    due = now() if last is None else (last.answered_at or last.at) + pause
    return due if now() < due <= now() + pause else None


def _pause(report: Report, lease: Lease, due: datetime) -> None:
    with lease.finishing():
        enqueue_sending(report, database_time() + max(due - now(), timedelta()))
