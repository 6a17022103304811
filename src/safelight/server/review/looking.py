"""Thin views of looking: one is opened by a form that was sent; its bytes are fetched once, never kept."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from safelight.errors import SafelightError
from safelight.media.playing import Segment
from safelight.media.rendering import Level
from safelight.server.assessment.golden_looking import heard_golden, open_golden, show_golden
from safelight.server.cases.models import Case
from safelight.server.console.access import act, done, page
from safelight.server.console.cases import case_shown
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.danger import escalate
from safelight.server.review.errors import AddressUsed
from safelight.server.review.inside import ITSELF, is_address
from safelight.server.review.marking import MIME
from safelight.server.review.metadata import show_metadata
from safelight.server.review.models import Playing
from safelight.server.review.opening import Start, open_viewing
from safelight.server.review.playing import next_segment
from safelight.server.review.releases import propose_case_release
from safelight.server.review.seen import heard
from safelight.server.review.showing import show
from safelight.server.review.sounding import waveform

_LATEST: Final = 1e8
"""Seconds; no recording is as long."""


@act(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def open_(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """Open a view and tell its one-use address."""
    number, reason = _number(request, "level", 0), request.POST.get("reason", "")
    case = Case.objects.filter(pk=case_id).first()
    item = Item.objects.filter(pk=item_id).first()
    if case is not None:
        there = Item.objects.filter(pk=item_id, occurrences__membership__case=case).first()
        require(actor, Permission.EVIDENCE_VIEW, case=case, item=there)
    try:
        if case is not None and item is not None:
            opened = open_viewing(
                actor,
                case,
                item,
                Level(number),
                member=_member(request),
                page=_number(request, "page", 1),
                reason=reason,
                start=_start(request),
            )
        elif (golden := open_golden(actor, case_id, item_id, number, reason=reason)) is not None:
            opened = golden
        else:
            raise Http404
    except ValueError:
        return _says(_("There is no such level or place."), HTTPStatus.BAD_REQUEST)
    except SafelightError as refused:
        return _says(str(refused), HTTPStatus.CONFLICT)
    route = "review_segment" if "play" in request.POST else "review_rendering"
    return JsonResponse(
        {
            "address": reverse(route, args=[opened.token]),
            "beat": reverse("review_beat", args=[opened.id]),
            "cover_seconds": opened.cover_seconds,
        }
    )


@page(Permission.CASE_TAKE)
def rendering(request: HttpRequest, actor: PersonActor, token: str) -> HttpResponse:
    """The picture behind a one-use address, for the page's own script: opened in a tab it is nothing."""
    _for_scripts_alone(request)
    try:
        shown = show_golden(actor, token) or show(actor, token)
    except AddressUsed:
        raise Http404 from None
    except SafelightError as refused:
        return _says(str(refused), HTTPStatus.UNPROCESSABLE_ENTITY)
    answer = _content(shown.content, MIME)
    told = {"Page": shown.page, "Pages": shown.pages, "Missing": shown.missing, "Cut-Short": shown.cut_short}
    for name, value in told.items():
        answer[f"Safelight-{name}"] = str(int(value))
    return answer


@page(Permission.CASE_TAKE)
def segment(request: HttpRequest, actor: PersonActor, token: str) -> HttpResponse:
    """The next seconds of a recording: one picture of frames, or samples; what they are stands beside it."""
    _for_scripts_alone(request)
    try:
        sent = next_segment(actor, token)
    except AddressUsed:
        raise Http404 from None
    except SafelightError as refused:
        return _says(str(refused), HTTPStatus.UNPROCESSABLE_ENTITY)
    answer, made = _content(sent.content, sent.mime), sent.segment
    told: dict[str, object] = {
        "begins": made.begins,
        "ends": made.ends,
        "promised": made.promised,
        "missing": made.missing,
        "counts": made.counts,
        "next": None if sent.token is None else reverse("review_segment", args=[sent.token]),
    }
    if isinstance(made, Segment) and sent.frames is not None:
        frames = {"columns": sent.frames.columns, "width": sent.frames.width, "height": sent.frames.height}
        told |= {"moments": made.moments, **frames}
    answer["Safelight-Segment"] = json.dumps(told)
    return answer


@act(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def loudness(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """How loud a recording is over its running time, which the page draws."""
    case = get_object_or_404(Case, pk=case_id)
    there = Item.objects.filter(pk=item_id, occurrences__membership__case=case).first()
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=there)
    try:
        found = waveform(actor, case, get_object_or_404(Item, pk=item_id), _member(request))
    except ValueError:
        return _says(_("There is no such level or place."), HTTPStatus.BAD_REQUEST)
    except SafelightError as refused:
        return _says(str(refused), HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"seconds": found.seconds, "peaks": found.peaks})


@act(Permission.CASE_TAKE)
def beat(request: HttpRequest, actor: PersonActor, viewing_id: UUID) -> HttpResponse:
    """Hear how long a view has been visible, and say whether it is to be covered."""
    seconds = _seconds(request, "seconds")
    cover = heard_golden(actor, viewing_id, seconds)
    if cover is None:
        cover = heard(
            actor,
            viewing_id,
            seconds,
            played_to=_seconds(request, "played_to"),
            ended="ended" in request.POST,
        )
    return JsonResponse({"cover": cover})


@act(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def metadata(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """The page once more, with what a file's embedded fields say; that it was shown is on the ledger."""
    case = get_object_or_404(Case.objects.select_related("assigned_to"), pk=case_id)
    require(actor, Permission.EVIDENCE_VIEW, case=case)
    item = get_object_or_404(Item, pk=item_id)
    try:
        show_metadata(actor, case, item)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_case", case.pk)
    return case_shown(request, actor, case, metadata_of=item.pk)


@act(Permission.CASE_RELEASE)
def release(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """Propose that somebody looks in a case that is not theirs."""
    case = get_object_or_404(Case, pk=case_id)
    person = get_object_or_404(Person, email=request.POST.get("person", "").strip().lower())
    reason = request.POST.get("reason", "")
    said = _("Proposed. It holds for a day once somebody else approved it.")
    done(request, lambda: propose_case_release(actor, case, person, reason), said)
    return redirect("console_case", case.pk)


@act(Permission.CASE_ALARM)
def escalation(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """Keep the reason of an escalation for the report."""
    case = get_object_or_404(Case, pk=case_id)
    done(request, lambda: escalate(actor, case, request.POST.get("reason", "")), _("Kept for the report."))
    return redirect("console_case", case.pk)


def _number(request: HttpRequest, name: str, default: int) -> int:
    told = request.POST.get(name, "")
    return int(told) if told.isdecimal() and len(told) < 8 else default


def _seconds(request: HttpRequest, name: str) -> float:
    try:
        return float(request.POST.get(name, "0"))
    except ValueError:
        return 0.0


def _start(request: HttpRequest) -> Start | None:
    """Raises ``ValueError`` for what is no place in a recording."""
    if "play" not in request.POST:
        return None
    begins = float(request.POST.get("from") or "0")
    if not 0 <= begins < _LATEST:
        raise ValueError("no place in a recording")
    return Start(Playing.Of(request.POST["play"]), begins)


def _member(request: HttpRequest) -> str:
    """Raises ``ValueError`` for what is no address inside a file."""
    told = request.POST.get("member", ITSELF)
    if not is_address(told):
        raise ValueError("no address inside a file")
    return told


def _for_scripts_alone(request: HttpRequest) -> None:
    if request.headers.get("Sec-Fetch-Mode", "cors") not in ("cors", "same-origin"):
        raise Http404


def _content(content: bytes, mime: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=mime)
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Content-Disposition"] = "attachment"
    return answer


def _says(told: str, status: HTTPStatus) -> HttpResponse:
    return JsonResponse({"says": told}, status=status)
