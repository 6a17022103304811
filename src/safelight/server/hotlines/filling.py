"""From a case to a draft: one report for one account and one duty, however many people ask at once."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.hotlines.jurisdictions import CYBERTIPLINE, Route, profile, routes
from safelight.server.cases.models import Case
from safelight.server.hotlines.composing import compose, compose_file
from safelight.server.hotlines.draft_errors import AlreadyReported, DraftError, NothingToReport
from safelight.server.hotlines.events import Event
from safelight.server.hotlines.matter import Matter, goes_by_default, matter_of, reported_accounts, without
from safelight.server.hotlines.models import Report, ReportCase, ReportFile
from safelight.server.hotlines.places import place
from safelight.server.hotlines.sealed import seal_content, seal_details
from safelight.server.ids import now
from safelight.server.intake.models import Account
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

UNFINISHED = (Report.State.DRAFT, Report.State.SENDING, Report.State.STOPPED)
_PRODUCTION = Report.Environment.PRODUCTION


def chosen_routes() -> tuple[Route, ...]:
    """Whom the operator's jurisdiction profile tells. Raises :class:`~safelight.errors.UsageError`."""
    return routes(profile(settings.CONFIG.reporting.profile))


def drafts_for(actor: Actor, case: Case) -> tuple[Report, ...]:
    """A report for each account that the case reports and each hotline of the profile.

    Raises :class:`NothingToReport`, and :class:`AlreadyReported` where all of it was reported before.
    """
    made: list[Report] = []
    refused: DraftError | None = None
    accounts: list[Account | None] = [*reported_accounts(case)]
    for account in accounts or [None]:
        for route in chosen_routes():
            try:
                made.append(draft_for(actor, case, account=account, route=route))
            except (AlreadyReported, NothingToReport) as error:
                refused = error
    if not made and refused is not None:
        raise refused
    return tuple(made)


def draft_for(
    actor: Actor, case: Case, *, account: Account | None = None, route: Route | None = None
) -> Report:
    """The unfinished report about an account of a case, made or extended by what is new; the same for all.

    Without ``account`` it is the case's first reported one; without ``route`` the profile's first. A report
    that was handed over already is returned as it is. Raises :class:`NothingToReport`,
    :class:`AlreadyReported`, and :class:`~.errors.NoHotline`.
    """
    require(actor, Permission.REPORT_FILE)
    told = chosen_routes()[0] if route is None else route
    if account is None:
        account = next(iter(reported_accounts(case)), None)
    environment = _environment(told.hotline)
    with transaction.atomic():
        if account is not None:
            account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        case = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        matter = _untold(case, account, told, environment)
        unfinished = reports_of(case, account, told, environment).filter(state__in=UNFINISHED).first()
        if unfinished is None:
            return _make(actor, case, matter, told, environment)
        if unfinished.state == Report.State.DRAFT:
            _extend(actor, unfinished, matter)
        return unfinished


def _environment(hotline: str) -> Report.Environment:
    """A person who copies into a form is asked which form; there is no test of it."""
    if hotline != CYBERTIPLINE:
        return _PRODUCTION
    return Report.Environment(place().environment.value)


def reports_of(case: Case, account: Account | None, route: Route, environment: str) -> QuerySet[Report]:
    """Every report for one duty about an account, or about a case that reports none."""
    ours = Report.objects.filter(duty=route.duties[0].name, environment=environment)
    return ours.filter(account=account) if account is not None else ours.filter(account=None, case=case)


def _untold(case: Case, account: Account | None, route: Route, environment: str) -> Matter:
    matter = matter_of(case, account)
    if not matter.occurrences:
        raise NothingToReport(_("Nothing in this case is confirmed. Decide first."))
    finished = reports_of(case, account, route, environment).filter(state=Report.State.FINISHED)
    left = without(matter, finished)
    if not left.occurrences:
        raise AlreadyReported(_("Everything that is confirmed here was reported. A report is made once."))
    rehearsal = environment != _PRODUCTION
    if not any(
        one.item is None or goes_by_default(one.item, rehearsal=rehearsal) for one in left.occurrences
    ):
        raise NothingToReport(_not_by_default(rehearsal))
    return left


def _not_by_default(rehearsal: bool) -> str:
    if rehearsal:
        return _("This is a rehearsal: only what lists of class test matched is sent to a test service.")
    return _("Nothing here is sent to a hotline by default: exploitative or intimate imagery, models, tests.")


def _make(actor: Actor, case: Case, matter: Matter, route: Route, environment: str) -> Report:
    earlier = reports_of(case, matter.account, route, environment).filter(state=Report.State.FINISHED)
    numbers = tuple(int(one.number) for one in earlier.order_by("finished_at") if one.number.isdigit())
    row = Report(
        case=case,
        account=matter.account,
        hotline=route.hotline,
        duty=route.duties[0].name,
        environment=environment,
        follows=earlier.order_by("-finished_at").first(),
        made_by=actor.person if isinstance(actor, PersonActor) else None,
        made_at=now(),
        changed_at=now(),
    )
    seal_content(row, compose(matter, numbers))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Without an account there is no row that two who draft at once would both lock first.
        return reports_of(case, matter.account, route, environment).get(state__in=UNFINISHED)
    _tell_cases(row, matter)
    added = _add_files(row, matter)
    record(
        Event.REPORT_DRAFTED,
        actor,
        subject=row.pk,
        payload={
            "hotline": row.hotline,
            "duties": [duty.name for duty in route.duties],
            "environment": row.environment,
            "cases": [str(one.pk) for one in matter.cases],
            "files": added,
            "follows": str(row.follows_id) if row.follows_id else None,
        },
    )
    return row


def _extend(actor: Actor, row: Report, matter: Matter) -> None:
    """Files and cases that have come since. What people wrote into the draft stays as they wrote it."""
    _tell_cases(row, matter)
    if added := _add_files(row, matter):
        row.revision, row.changed_at = row.revision + 1, now()
        row.save(update_fields=["revision", "changed_at"])
        record(Event.REPORT_EXTENDED, actor, subject=row.pk, payload={"files": added})


def _tell_cases(row: Report, matter: Matter) -> None:
    for case in matter.cases:
        ReportCase.objects.get_or_create(report=row, case=case)


def _add_files(row: Report, matter: Matter) -> int:
    there = set(row.files.values_list("item", flat=True)) | set(row.left_out.values_list("item", flat=True))
    last = row.files.order_by("-position").values_list("position", flat=True).first()
    position = -1 if last is None else last
    added = 0
    for item, occurrence in matter.items().items():
        if item.pk in there or not goes_by_default(item, rehearsal=row.environment != _PRODUCTION):
            continue
        position, added = position + 1, added + 1
        file = ReportFile(report=row, item=item, occurrence=occurrence, position=position)
        seal_details(file, compose_file(item, occurrence, matter))
        file.save(force_insert=True)
    return added
