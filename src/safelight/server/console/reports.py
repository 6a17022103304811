"""One report: a draft with what is wrong and what is missing, its fields, and how far it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError, UsageError
from safelight.hotlines import forms, model
from safelight.hotlines.files import FileDetails
from safelight.hotlines.findings import in_words
from safelight.server.cases.models import Case
from safelight.server.console.access import act, done, page
from safelight.server.hotlines import drafts, sending
from safelight.server.hotlines.checking import checked, due_by_tier
from safelight.server.hotlines.draft_errors import DraftError
from safelight.server.hotlines.events import Event
from safelight.server.hotlines.filling import drafts_for
from safelight.server.hotlines.guiding import filed
from safelight.server.hotlines.handing_over import hand_over
from safelight.server.hotlines.models import Attempt, Receipt, Report, ReportFile, Sending
from safelight.server.hotlines.sealed import content, details
from safelight.server.intake.models import Item
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission

SECTIONS: Final = {
    "summary": gettext_lazy("What happened"),
    "internet_details": gettext_lazy("Where"),
    "reported": gettext_lazy("Reported account"),
    "recipients": gettext_lazy("Intended recipients"),
    "victims": gettext_lazy("Victims"),
    "law_enforcement": gettext_lazy("Law enforcement"),
    "reporter": gettext_lazy("Who reports"),
    "additional_info": gettext_lazy("Anything else"),
    "batched": gettext_lazy("Batched report"),
}
"""The parts of a report that have a form of their own, in the order in which they are shown."""
NOT_BY_HAND: Final = frozenset({"viewed_by_esp", "exif_viewed_by_esp", "hashes", "file_name"})
"""What is observed or computed is stated by the viewing log and the scan alone."""
_SHOWN: Final = 100


@act(Permission.REPORT_FILE)
def draft(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """A draft for each account and hotline, made or opened."""
    case = get_object_or_404(Case, pk=case_id)
    try:
        made = drafts_for(actor, case)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_case", case.pk)
    if len(made) > 1:
        messages.info(request, _("There is more than one: each reported account and each duty has its own."))
        return redirect("console_reports")
    return redirect("console_report", made[0].pk)


@page(Permission.CASE_READ_ALL)
def report(request: HttpRequest, actor: PersonActor, report_id: UUID) -> HttpResponse:
    """One report: where it stands, what is wrong, what is missing, and the form's checklist."""
    row = get_object_or_404(Report.objects.select_related("case", "follows"), pk=report_id)
    try:
        result = checked(row)
    except UsageError as unreadable:  # the description of its hotline is gone, or cannot be read any more
        messages.error(request, str(unreadable))
        return redirect("console_reports")
    mine = Permission.REPORT_FILE in permissions_of(actor.person)
    context = {
        "report": row,
        "checked": result,
        "files": [(file, _changeable(row)) for file, _details in result.told.files],
        "findings": [(one, in_words(one.field), _section_of(row, one.field)) for one in result.findings],
        "gaps": [(gap, _section_of(row, gap.field)) for gap in result.completeness.gaps],
        "sections": SECTIONS.items(),
        "may_file": mine,
        "may_edit": mine and _changeable(row),
        "cases": row.told_cases.order_by("pk"),
        "rehearsal": row.environment != Report.Environment.PRODUCTION,
        "guided": result.hotline is not None,
        "tiers": due_by_tier(row),
        **_course(row),
        "left_out": row.left_out.select_related("item").order_by("pk"),
    }
    return render(request, "console/report.html", context)


@page(Permission.REPORT_FILE, methods=("GET", "HEAD", "POST"))
def edit(request: HttpRequest, actor: PersonActor, report_id: UUID, section: str) -> HttpResponse:
    """One part of a report, field by field. That its words were shown stands in the ledger."""
    row = get_object_or_404(Report, pk=report_id)
    if section not in SECTIONS:
        raise Http404
    said = content(row)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        read = forms.read_field(model.Report, section, _posted(request.POST))
        if read.wrong:
            wrong = dict(read.wrong)
        else:
            changed = _replaced(said, section, read.part)
            saved = _saved(
                request,
                lambda: drafts.edit(actor, row, changed, revision=_revision(request), section=section),
            )
            if saved and not _goes_on(request):
                return redirect("console_report", row.pk)
            if saved:
                return redirect("console_report_edit", row.pk, section)
    elif section == "internet_details":
        with transaction.atomic():
            record(Event.REPORT_WORDS_SHOWN, actor, subject=row.pk, payload={"section": section})
    entries = forms.entries_of_field(said, section)
    return _form(request, row, entries, str(SECTIONS[section]), wrong)


@page(Permission.REPORT_FILE, methods=("GET", "HEAD", "POST"))
def edit_file(request: HttpRequest, actor: PersonActor, report_id: UUID, file_id: UUID) -> HttpResponse:
    """What is told of one file; what was observed of it is not among the fields."""
    row = get_object_or_404(Report, pk=report_id)
    file = get_object_or_404(ReportFile, pk=file_id, report=row)
    said = details(file)
    wrong: dict[str, str] = {}
    if request.method == "POST":
        keep = {name: getattr(said, name) for name in NOT_BY_HAND}
        read = forms.read_part(FileDetails, _posted(request.POST), keep=keep)
        if read.wrong:
            wrong = dict(read.wrong)
        elif _saved(
            request,
            lambda: drafts.edit_file(actor, row, file, read.part, revision=_revision(request)),
        ):
            if _goes_on(request):
                return redirect("console_report_file", row.pk, file.pk)
            return redirect("console_report", row.pk)
    title = _("File {number}").format(number=file.position + 1)
    return _form(request, row, forms.entries_of(said, hidden=NOT_BY_HAND), title, wrong)


@act(Permission.REPORT_FILE)
def do(request: HttpRequest, actor: PersonActor, report_id: UUID) -> HttpResponse:
    """One act about a report; the service decides whether it can be."""
    row = get_object_or_404(Report, pk=report_id)
    wanted = _ACTS.get(request.POST.get("act", ""))
    if wanted is None:
        return HttpResponseBadRequest()
    does, said = wanted
    done(request, lambda: does(actor, row, request.POST), str(said))
    return redirect("console_report", row.pk)


def _course(row: Report) -> dict[str, object]:
    """What was asked of the hotline and what it answered, the latest first."""
    attempts = Attempt.objects.filter(step__report=row).select_related("step", "person").order_by("-pk")
    receipt = Receipt.objects.filter(report=row).first()
    return {
        "attempts": attempts[:_SHOWN],
        "sending": Sending.objects.filter(report=row).first(),
        "orphans": row.orphans.order_by("-since"),
        "receipt": receipt,
        # Written by the hotline, and holds nothing of what was reported.
        "receipt_text": bytes(receipt.body).decode("utf-8", "replace") if receipt else "",
    }


_Act: TypeAlias = Callable[[PersonActor, Report, QueryDict], object]


def _send(actor: PersonActor, row: Report, said: QueryDict) -> object:
    return hand_over(actor, row, revision=_number(said.get("revision", "")))


def _filed(actor: PersonActor, row: Report, said: QueryDict) -> object:
    try:
        at = datetime.fromisoformat(said.get("at", ""))
    except ValueError:
        raise UsageError(_("Say when it was sent, in UTC.")) from None
    at = at if at.utcoffset() is not None else at.replace(tzinfo=UTC)
    return filed(actor, row, reference=said.get("reference", ""), at=at, tier=said.get("tier", ""))


def _leave_out(actor: PersonActor, row: Report, said: QueryDict) -> object:
    return drafts.leave_out(actor, row, _file(row, said), said.get("reason", ""))


def _put_in(actor: PersonActor, row: Report, said: QueryDict) -> object:
    item = Item.objects.filter(pk=_id(said.get("item", ""))).first()
    if item is None:
        raise DraftError(_("There is no file of this id. Copy it from the case's page."))
    return drafts.put_in(actor, row, item, said.get("reason", ""))


_ACTS: Final[dict[str, tuple[_Act, Promise]]] = {
    "send": (_send, gettext_lazy("Handed over. It is sent by itself, and this page says how far it is.")),
    "go_on": (lambda a, r, s: sending.restart(a, r, s.get("reason", "")), gettext_lazy("It goes on.")),
    "told_finished": (
        lambda a, r, s: sending.told_finished(a, r, s.get("reason", "")),
        gettext_lazy("Noted as finished, from now on. There is no receipt of it."),
    ),
    "filed": (_filed, gettext_lazy("Noted. The clocks run from the time that you gave.")),
    "leave_out": (_leave_out, gettext_lazy("Left out.")),
    "put_in": (_put_in, gettext_lazy("It goes with the report.")),
    "discard": (lambda a, r, s: drafts.discard(a, r, s.get("reason", "")), gettext_lazy("Discarded.")),
}


def _form(
    request: HttpRequest, row: Report, entries: tuple[forms.Entry, ...], title: str, wrong: dict[str, str]
) -> HttpResponse:
    context = {
        "report": row,
        "entries": forms.as_typed(entries, _posted(request.POST), wrong) if wrong else entries,
        "title": title,
        "wrong": [(in_words(name), says) for name, says in wrong.items()],
    }
    return render(request, "console/report_form.html", context, status=400 if wrong else 200)


def _saved(request: HttpRequest, change: Callable[[], object]) -> bool:
    return done(request, change, _("Saved."))


def _goes_on(request: HttpRequest) -> bool:
    """Whether a record was added or taken out, so that the form is shown again."""
    return bool(request.POST.get("add") or request.POST.get("remove"))


def _posted(said: QueryDict) -> dict[str, list[str]]:
    return {name: [str(value) for value in said.getlist(name)] for name in said}


def _replaced(said: model.Report, section: str, part: object) -> model.Report:
    return replace(said, **{section: part})  # type: ignore[arg-type] # read as the field declares


def _section_of(row: Report, field: str) -> str:
    """Where on the console a field is mended; empty where nowhere."""
    top = field.partition(".")[0].partition("[")[0]
    return top if top in SECTIONS and _changeable(row) else ""


def _changeable(row: Report) -> bool:
    return row.state in drafts.CHANGEABLE


def _file(row: Report, said: QueryDict) -> ReportFile:
    found = row.files.filter(pk=_id(said.get("file", ""))).first()
    if found is None:
        raise DraftError(_("This file is not part of the report any more. Reload."))
    return found


def _id(told: str) -> UUID:
    try:
        return UUID(told.strip())
    except ValueError:
        raise UsageError(_("This is no id. Copy one from a page of the console.")) from None


def _revision(request: HttpRequest) -> int:
    return _number(request.POST.get("revision", ""))


def _number(told: str) -> int:
    return int(told) if told.isdecimal() and len(told) < 10 else -1
