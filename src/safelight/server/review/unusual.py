"""Looking that is unlike work: very many views, cases looked into and passed on, at hours when nobody works.

Lead and auditor are told who and which of the three. What they looked at takes a second person's release.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from safelight.media.rendering import Level
from safelight.server.alerts.kinds import Kind
from safelight.server.alerts.models import Alert
from safelight.server.alerts.services import clear_alert, raise_alert
from safelight.server.cases.models import PassedOn
from safelight.server.ids import now
from safelight.server.people.models import Person
from safelight.server.review.models import Viewing

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def notice_views(person: Person) -> None:
    """Look at what somebody just opened beside the rest of their hour; in the current transaction."""
    config, present = settings.CONFIG.review, now()
    many = Viewing.objects.filter(person=person, opened_at__gt=present - _HOUR, level__gte=Level.GREY)
    hour = present.astimezone(ZoneInfo(config.time_zone)).hour
    said = []
    if (number := many.count()) >= config.unusual_views:
        said.append(_("{number} views from level 3 on within an hour").format(number=number))
    if not config.hours_from <= hour < config.hours_to:
        said.append(_("looking outside working hours"))
    _tell(person, said)


def notice_passes() -> None:
    """Raise where somebody looked into many cases and passed them on, and clear what is a day old. A job's.

    Passing on alone is never counted: only cases whose files the person had been shown.
    """
    since = now() - _DAY
    for person in Person.objects.filter(pk__in=PassedOn.objects.filter(at__gt=since).values("person")):
        passed = PassedOn.objects.filter(person=person, at__gt=since).values("case")
        looked_into = Viewing.objects.filter(person=person, case__in=passed, level__gte=Level.GREY)
        number = looked_into.values("case").distinct().count()
        if number >= settings.CONFIG.review.unusual_passes:
            _tell(person, [_("{number} cases looked into and passed on").format(number=number)])
    old = Alert.objects.filter(kind=Kind.UNUSUAL_VIEWING.value, cleared_at=None, seen_at__lte=since)
    for alert in old.exclude(acknowledged_at=None):
        clear_alert(Kind.UNUSUAL_VIEWING, subject=alert.subject)


def _tell(person: Person, said: list[str]) -> None:
    if said:
        raise_alert(Kind.UNUSUAL_VIEWING, subject=person.pk, detail=f"{person}: {'; '.join(said)}.")
