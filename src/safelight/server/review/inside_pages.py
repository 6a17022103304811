"""The page of what is inside a file: facts, and one member at a time that is shown like any other file.

It tells what this person looked at and nothing of others, so that it serves a blind second opinion as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch, SafelightError
from safelight.media import model_file
from safelight.media.hearing import can_hear
from safelight.media.inside import Member, can_look_inside
from safelight.media.playing import can_play
from safelight.media.rendering import can_render
from safelight.media.sound_types import is_sound
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Case
from safelight.server.console.access import page
from safelight.server.console.words import in_words
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.review.inside import address_of, inside_of, list_members
from safelight.server.review.models import Inside, Playing, Viewing
from safelight.server.review.pane import pane_of_one
from safelight.server.review.played import resume_at
from safelight.server.review.viewing import members_looked_at
from safelight.types import Part

_A_PAGE: Final = 100
"""Members listed at once; an archive may hold ten thousand."""


@dataclass(frozen=True, slots=True)
class Row:
    """One member. ``says`` is why it cannot be shown, empty where it can.

    ``plays`` and ``sounds`` are the seconds to go on from, None for what has none. ``whole``: this person
    looked at it, or heard it, whole.
    """

    address: str
    member: Member
    part: Part
    says: str
    matched: bool
    reached: int
    whole: bool
    renders: bool
    plays: int | None
    sounds: int | None


@page(Permission.CASE_READ_ALL, Permission.CASE_TAKE, methods=("GET", "HEAD", "POST"))
def inside(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """What is inside a file of a case; sent as a form, it is unpacked where it was not."""
    case = get_object_or_404(Case, pk=case_id)
    there = Item.objects.filter(pk=item_id, occurrences__membership__case=case).first()
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=there)
    item = get_object_or_404(Item, pk=there.pk if there else None)
    if request.method == "POST":
        return _unpacked(request, actor, case, item)
    found = inside_of(item)
    row = Inside.objects.filter(item=item).first()
    if found is None or row is None:
        return redirect(*_back(actor, case))
    shown = Paginator(found.members, _A_PAGE).get_page(request.GET.get("page"))
    looked = members_looked_at(case, item.pk, actor.person)
    context = {
        "case": case,
        "item": item,
        "back": _back(actor, case),
        "rows": _rows(actor, case, item, tuple(shown.object_list), looked),
        "shown": shown,
        "reasons": found.reasons,
        "needed": len(row.needed),
        "seen": len(set(row.needed.items()) & looked),
        "unseen": row.unseen,
        "pane": pane_of_one(actor, case, item),
    }
    return render(request, "review/inside.html", context)


def _unpacked(request: HttpRequest, actor: PersonActor, case: Case, item: Item) -> HttpResponse:
    try:
        if "again" in request.POST or inside_of(item) is None:
            list_members(actor, case, item)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect(*_back(actor, case))
    return redirect("review_inside", case.pk, item.pk)


def _back(actor: PersonActor, case: Case) -> tuple[str, ...]:
    """The page that led here: the case's, or for a second opinion the list of those."""
    try:
        require(actor, Permission.CASE_READ_OWN, case=case)
    except PermissionDenied:
        return ("assessment_opinions",)
    return "console_case", str(case.pk)


def _rows(
    actor: PersonActor,
    case: Case,
    item: Item,
    members: tuple[Member, ...],
    looked: frozenset[tuple[str, str]],
) -> list[Row]:
    shown = Viewing.objects.filter(case=case, item=item, person=actor.person, shown_at__isnull=False)
    levels = shown.exclude(playing__of=Playing.Of.SOUND).values_list("member")
    reached = dict(levels.annotate(Max("level")).order_by())
    resume, matched = resume_at(case, actor.person), _matched(item)

    def at(address: str, of: Playing.Of) -> int:
        return int(resume.get((item.pk, address, of), 0.0))

    rows = []
    for member in members:
        address, whole = address_of(member), member.reason is None
        of = Playing.Of.SOUND if is_sound(member.mime) else Playing.Of.PICTURE
        rows.append(
            Row(
                address,
                member,
                Part(member.path),
                _cannot(member),
                member.path in matched,
                reached.get(address, 0),
                (address, of) in looked,
                whole and can_render(member.mime),
                at(address, Playing.Of.PICTURE) if whole and can_play(member.mime) else None,
                at(address, Playing.Of.SOUND) if whole and can_hear(member.mime) else None,
            )
        )
    return rows


def _matched(item: Item) -> frozenset[tuple[str, ...]]:
    try:
        return frozenset(match.signal.part.members for match in matches_of(item))
    except KeyMismatch:
        return frozenset()


def _cannot(member: Member) -> str:
    if member.reason is not None:
        return _("It cannot be shown: {why}.").format(why=in_words(member.reason.value, "reason"))
    if member.mime in model_file.MIMES:
        return _("A model file holds numbers and no pictures.")
    if can_render(member.mime) or can_hear(member.mime):
        return ""
    if can_look_inside(member.mime):
        return _("It holds others, which are listed with it.")
    return _("Files of this kind cannot be shown here.")
