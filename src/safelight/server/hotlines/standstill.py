"""When a hotline refuses our name and password: one clear message, and no request until somebody mends it."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.errors import SafelightError
from safelight.hotlines.cybertipline.environments import Environment
from safelight.hotlines.cybertipline.steps import Stopped
from safelight.server.hotlines import places
from safelight.server.hotlines.events_sending import Event
from safelight.server.hotlines.history import course_of, step_of
from safelight.server.hotlines.models import Attempt, Report, Standstill, Step
from safelight.server.hotlines.queueing import enqueue_sending
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.telling import clear_alarm, raise_alarm

REFUSED: Final = "hotline_credentials"
"""The kind of the alert."""


def stands_still(environment: str) -> Standstill | None:
    """Why nothing is sent there now; None if it is."""
    return Standstill.objects.filter(environment=environment, ended_at=None).first()


def stand_still(environment: str, told: str) -> None:
    """Send nothing there any more. The second time changes nothing."""
    try:
        given = places.place()
        tag = places.credentials_tags(given)[0] if given.environment.value == environment else b""
    except SafelightError:
        tag = b""
    try:
        with transaction.atomic():
            Standstill.objects.create(environment=environment, credentials=tag, told=told, since=now())
    except IntegrityError:
        return
    record(Event.HOTLINE_REFUSED_US, SystemActor("hotlines"), payload={"environment": environment})
    raise_alarm(REFUSED, detail=_("The CyberTipline ({environment}) answered: {told}").format(
        environment=environment, told=told))  # fmt: skip


def resume(actor: Actor, environment: Environment) -> int:
    """Go on sending there; how many reports go on. For who has mended the credentials."""
    require(actor, Permission.JOBS_RETRY)
    with transaction.atomic():
        ended = Standstill.objects.filter(environment=environment.value, ended_at=None)
        if not ended.update(ended_at=now()):
            return 0
        record(Event.HOTLINE_RESUMED, actor, payload={"environment": environment.value})
        clear_alarm(REFUSED)
        waiting = Report.objects.select_for_update().filter(
            environment=environment.value, state=Report.State.SENDING, hotline=places.CYBERTIPLINE
        )
        count = 0
        for report in waiting:
            course = course_of(report)
            if isinstance(course.end, Stopped):
                step = step_of(report, course.opening, Step.Call.RESTART)
                person = actor.person if isinstance(actor, PersonActor) else None
                Attempt.objects.create(step=step, at=now(), outcome="acknowledged", person=person)
            enqueue_sending(report)
            count += 1
    return count


def resume_with_other_credentials() -> None:
    """With another name or password than the one refused, it is tried again by itself."""
    try:
        given = places.place()
    except SafelightError:
        return
    standing = stands_still(given.environment.value)
    if standing is not None and bytes(standing.credentials) not in places.credentials_tags(given):
        resume(SystemActor("hotlines"), given.environment)
