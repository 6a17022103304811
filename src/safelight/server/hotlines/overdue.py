"""What was confirmed and is not on its way to whom it must be told: nobody may forget to report.

A form's own hours count from the confirmation, because a duty to report begins with knowledge and not with a
draft. What no report would take by default (exploitative or intimate imagery, models, tests) alarms nobody,
and neither does a file that a person left out of a report and said why.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.hotlines.jurisdictions import CYBERTIPLINE, Route
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.hotlines import places
from safelight.server.hotlines.checking import guided_hotline
from safelight.server.hotlines.filling import chosen_routes, reports_of
from safelight.server.hotlines.matter import goes_by_default, matter_of, reported_accounts, without
from safelight.server.hotlines.models import LeftOut, Report, ReportFile
from safelight.server.ids import now
from safelight.server.intake.models import Account
from safelight.server.people.standing import is_demo
from safelight.server.telling import clear_alarm, open_alarms, raise_alarm

NOT_REPORTED: Final = "not_reported"
FORM_DUE: Final = "form_due"
_HANDED_OVER: Final = (Report.State.SENDING, Report.State.STOPPED, Report.State.FINISHED)
_PRODUCTION: Final = Report.Environment.PRODUCTION


def tell_what_is_not_reported() -> None:
    """Raise an alarm a case that is overdue, and clear those of cases that are not any more."""
    overdue: dict[str, dict[UUID, datetime]] = {NOT_REPORTED: {}, FORM_DUE: {}}
    for route in _routes():
        limits = _limits(route)
        for case, since in _untold(route, min(limits.values())):
            for kind, limit in limits.items():
                if since + limit <= now():
                    overdue[kind][case] = min(since, overdue[kind].get(case, since))
    for kind, cases in overdue.items():
        for case, since in cases.items():
            told = _("Case {case}: confirmed on {since:%Y-%m-%d %H:%M} UTC.")
            raise_alarm(kind, subject=case, detail=told.format(case=case, since=since))
        for subject in open_alarms(kind) - cases.keys():
            clear_alarm(kind, subject=subject)


def _routes() -> Iterator[Route]:
    """Whom reports go to now. That there is nobody has an alarm of its own."""
    if is_demo():
        return
    try:
        chosen = chosen_routes()
    except UsageError:
        return
    yield from (route for route in chosen if route.hotline != CYBERTIPLINE or places.counts())


def _limits(route: Route) -> dict[str, timedelta]:
    """How long after the confirmation each alarm comes."""
    limits = {NOT_REPORTED: timedelta(hours=settings.CONFIG.alerts.unreported_hours)}
    if route.hotline != CYBERTIPLINE and (hours := _hours_of_form(route.hotline)) is not None:
        limits[FORM_DUE] = timedelta(hours=hours)
    return limits


def _hours_of_form(hotline: str) -> int | None:
    """The fewest hours that a priority of the form has: which one it is, nobody says before it is filed."""
    try:
        tiers = guided_hotline(hotline).tiers
    except UsageError:
        return None
    return min((tier.within_hours for tier in tiers if tier.within_hours is not None), default=None)


def _untold(route: Route, wait: timedelta) -> Iterator[tuple[UUID, datetime]]:
    """The cases with something confirmed so long ago that this hotline was not told, and since when."""
    handed_over = Report.objects.filter(
        duty=route.duties[0].name, environment=_PRODUCTION, state__in=_HANDED_OVER
    )
    case = OuterRef("occurrence__membership__case")
    went = ReportFile.objects.filter(
        report__in=handed_over, report__told_cases=case, item=OuterRef("occurrence__item")
    )
    waiting = (
        _confirmed()
        .filter(decided_at__lte=now() - wait, occurrence__membership__isnull=False)
        .exclude(Exists(went))
        .exclude(Q(occurrence__item=None) & Exists(handed_over.filter(told_cases=case)))
    )
    for found in Case.objects.filter(pk__in=waiting.values("occurrence__membership__case")).iterator():
        if (since := _since(found, route)) is not None:
            yield found.pk, since


def _since(case: Case, route: Route) -> datetime | None:
    """When the first of what a draft for this case would tell, and no report has told, was confirmed."""
    untold: list[UUID] = []
    accounts: list[Account | None] = [*reported_accounts(case)]
    for account in accounts or [None]:
        reports = reports_of(case, account, route, _PRODUCTION).filter(state__in=_HANDED_OVER)
        left_out = set(LeftOut.objects.filter(report__in=reports).values_list("item", flat=True))
        for one in without(matter_of(case, account), reports).occurrences:
            here = one.membership.case_id == case.pk and one.item_id not in left_out
            if here and (one.item is None or goes_by_default(one.item, rehearsal=False)):
                untold.append(one.pk)
    first = _confirmed().filter(occurrence__in=untold).order_by("decided_at")
    return first.values_list("decided_at", flat=True).first()


def _confirmed() -> QuerySet[Decision]:
    return standing_decisions().filter(outcome=Decision.Outcome.CONFIRMED)
