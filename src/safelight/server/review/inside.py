"""What is inside a file of a case: unpacked when somebody asks, and kept sealed. No picture is decoded.

What is found says what has to be looked at before the whole counts as viewed. A member that cannot be shown,
text among them, or that was not read, means that it never does: nobody can have seen all of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch
from safelight.media.inside import Inside, Member, can_look_inside, list_inside
from safelight.media.rendering import can_render
from safelight.media.sound_types import is_sound
from safelight.server.cases.models import Case
from safelight.server.console.words import in_words
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review import models
from safelight.server.review.contents import content_of, process_sandbox
from safelight.server.review.errors import NotShown
from safelight.server.review.events import Event
from safelight.server.review.models import Playing
from safelight.types import UnscannedReason

SECONDS: Final = 60.0
"""Of unpacking one file for its list; somebody waits for it."""
ITSELF: Final = ""
"""The address of the file itself, beside those of what is inside it."""
_ADDRESS: Final = re.compile(r"[1-9]\d{0,6}(?:\.[1-9]\d{0,6}){0,15}")


@dataclass(frozen=True, slots=True)
class Needed:
    """What has to be looked at before a file counts as viewed, by address; ``unseen``: it never does."""

    parts: dict[str, Playing.Of]
    unseen: bool


def list_members(actor: PersonActor, case: Case, item: Item) -> Inside:
    """Unpack a file of a case, and keep what was found. Raises ``PermissionDenied`` and :class:`NotShown`."""
    there = case.members.filter(occurrence__item=item).exists()
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=item if there else None)
    if not there:
        raise NotShown(_("This file is not part of the case."))
    if not holds_others(item):
        raise NotShown(_("Files of this kind hold no other files."))
    sandbox = process_sandbox()
    with content_of(actor, item, f"list of what is inside, in case {case.pk}") as fd:
        found = list_inside(fd, item.mime, sandbox, replace(sandbox.limits, total_seconds=SECONDS))
    needed = needed_of(item.mime, found)
    with transaction.atomic():
        models.Inside.objects.update_or_create(
            item=item,
            defaults={
                "members": record_keys().seal_content("inside", item.pk, _to_json(found)),
                "needed": {address: of.value for address, of in needed.parts.items()},
                "unseen": needed.unseen,
                "at": now(),
            },
        )
        record(
            Event.INSIDE_LISTED,
            actor,
            subject=item.pk,
            payload={"case": str(case.pk), "members": len(found.members)},
        )
    return found


def inside_of(item: Item) -> Inside | None:
    """What was found inside it; None where nobody asked. Raises :class:`~safelight.errors.KeyMismatch`."""
    row = models.Inside.objects.filter(item=item).first()
    if row is None:
        return None
    return _from_json(record_keys().open_content("inside", item.pk, row.members))


def holds_others(item: Item) -> bool:
    """Whether a file is a container by its kind, or the scan found files in it, as behind a picture.

    Where it cannot be said what the scan found, there may be some.
    """
    if can_look_inside(item.mime):
        return True
    try:
        seen = record_keys().open_observation(item.pk, item.observation).observation
    except KeyMismatch:
        return True
    return any(signal.part.members for signal in seen.signals)


def member_at(item: Item, address: str) -> Member:
    """Something inside a file, by its address, that can be taken out. Raises :class:`NotShown`."""
    inside = inside_of(item)
    found = [one for one in inside.members if address_of(one) == address] if inside else []
    if not found or not address:
        raise NotShown(_("There is no such file inside. List once more what is inside."))
    if found[0].reason is not None:
        why = in_words(found[0].reason.value, "reason")
        raise NotShown(_("It cannot be shown: {why}.").format(why=why))
    return found[0]


def address_of(member: Member) -> str:
    """The steps that lead to a member, as text: ``3.2``; empty where it was never reached."""
    return ".".join(str(step) for step in member.steps)


def is_address(text: str) -> bool:
    """Whether a text can be such an address, or is the file's own."""
    return text == ITSELF or _ADDRESS.fullmatch(text) is not None


def needed_of(mime: str, found: Inside) -> Needed:
    """What has to be looked at of a container of this type in which that was found."""
    parts = {}
    if can_render(mime) or is_sound(mime):
        parts[ITSELF] = Playing.Of.SOUND if is_sound(mime) else Playing.Of.PICTURE
    unseen = bool(found.reasons)
    for member in found.members:
        if member.of_page:
            continue  # it is seen with its page
        if member.reason is not None:
            unseen = True
        elif can_render(member.mime):
            parts[address_of(member)] = Playing.Of.PICTURE
        elif is_sound(member.mime):
            parts[address_of(member)] = Playing.Of.SOUND
        elif not can_look_inside(member.mime):
            unseen = True
    return Needed(parts, unseen)


def _to_json(inside: Inside) -> str:
    told = [[one.path, one.steps, one.mime, one.size, one.reason, one.of_page] for one in inside.members]
    return json.dumps({"members": told, "reasons": inside.reasons})


def _from_json(text: str) -> Inside:
    told = json.loads(text)
    members = (
        Member(
            tuple(path),
            tuple(steps),
            mime,
            size,
            None if reason is None else UnscannedReason(reason),
            of_page,
        )
        for path, steps, mime, size, reason, of_page in told["members"]
    )
    return Inside(tuple(members), tuple(UnscannedReason(one) for one in told["reasons"]))
