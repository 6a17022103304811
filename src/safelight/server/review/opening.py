"""A view is opened before it is shown: who, what, which level and why are rows before a byte is made."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.media.hearing import can_hear
from safelight.media.inside import can_look_inside
from safelight.media.playing import can_play
from safelight.media.rendering import Level, can_render
from safelight.media.rendering_shape import SEGMENT_SECONDS
from safelight.server.cases.models import Case
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import Break, lock, rest_if_due, standing_of
from safelight.server.review.errors import NotAllowed, NotShown, OnBreak, ReasonMissing
from safelight.server.review.events import Event
from safelight.server.review.inside import ITSELF, holds_others, member_at
from safelight.server.review.models import Playing, Viewing
from safelight.server.review.protections import Protections, in_force
from safelight.server.review.seen import end
from safelight.server.review.unusual import notice_views
from safelight.server.vault import services as vault

ADDRESS_HOLDS: Final = timedelta(seconds=60)
PLAYED_LONGER: Final = 10
"""A video plays so many times as long as a picture stays, before it stops by itself."""
LONGEST_REASON: Final = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class OpenedViewing:
    """A view that may be fetched once, by ``token``, in the same session.

    It is covered after ``cover_seconds``; what is played stops after them.
    """

    id: UUID
    token: str
    cover_seconds: int


@dataclass(frozen=True, slots=True)
class Start:
    """What of a recording is to be played, from a second of its running time on."""

    of: Playing.Of
    begins: float


def open_viewing(
    actor: PersonActor,
    case: Case,
    item: Item,
    level: Level,
    *,
    member: str = ITSELF,
    page: int = 1,
    reason: str = "",
    start: Start | None = None,
) -> OpenedViewing:
    """Open a view of one page (from 1) of a file in a case at a level, 1 to 4; or play it from ``start`` on.

    ``member`` is the address of something inside the file, which is then shown in its place. Whatever the
    person was shown elsewhere ends. Raises ``PermissionDenied``, :class:`OnBreak`, :class:`NotAllowed`,
    :class:`ReasonMissing` and :class:`NotShown`.
    """
    there = case.members.filter(occurrence__item=item).exists()
    # With the item, because a second opinion is about one file of a case.
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=item if there else None)
    if not there:
        raise NotShown(_("This file is not part of the case."))
    mime = member_at(item, member).mime if member else item.mime
    if start is None and not can_render(mime):
        raise NotShown(_("Files of this kind cannot be shown here."))
    if start is not None:
        _playable(mime, level, start)
    if vault.live_object(item) is None:
        raise NotShown(_("Its bytes are not kept here."))
    if page < 1:
        raise NotShown(_("There is no such page."))
    _rest(actor)
    with transaction.atomic():
        lock(actor.person)
        standing = standing_of(actor.person, level)
        if isinstance(standing, Break):
            raise OnBreak(standing.says)
        protections = in_force(actor.person)
        # A sound has nothing lower to begin with.
        first = level if start and start.of == Playing.Of.SOUND else protections.first_level
        shown = Viewing.objects.filter(person=actor.person, case=case, item=item, member=member)
        _allow(shown, level=level, reason=reason, protections=replace(protections, first_level=first))
        for before in Viewing.objects.filter(person=actor.person, ended_at=None):
            end(actor, before)
        return _opened(
            actor,
            case,
            item,
            level=level,
            member=member,
            page=page,
            reason=reason.strip(),
            start=start,
            longest=protections.cover_seconds * (1 if start is None else PLAYED_LONGER),
        )


def digest_of(token: str) -> bytes:
    """What is kept of a one-use address."""
    return hashlib.sha256(token.encode()).digest()


def _playable(mime: str, level: Level, start: Start) -> None:
    if not (can_hear(mime) if start.of == Playing.Of.SOUND else can_play(mime)):
        raise NotShown(_("Files of this kind cannot be played here."))
    if level < Level.GREY:
        raise NotAllowed(_("A recording is played at level 3 or 4."))


def _rest(actor: PersonActor) -> None:
    # In a transaction of its own: a break that begins now is there although nothing is shown.
    with transaction.atomic():
        lock(actor.person)
        rest_if_due(actor.person)


def _allow(before: QuerySet[Viewing], *, level: Level, reason: str, protections: Protections) -> None:
    """``before`` are the views that this person had of the same."""
    if not Level.TINY <= level <= protections.highest:
        raise NotAllowed(_("Level {level} is not shown.").format(level=int(level)))
    if level > protections.first_level:
        lower = before.filter(level__lt=level, shown_at__isnull=False).exclude(playing__of=Playing.Of.SOUND)
        if not lower.exists():
            raise NotAllowed(
                _("Begin with level {level} or below; more only if that does not answer it.").format(
                    level=protections.first_level
                )
            )
    if level >= protections.reason_from and not reason.strip():
        raise ReasonMissing(_("Say why this level is needed."))
    if len(reason.strip()) > LONGEST_REASON:
        raise ReasonMissing(_("A reason has {most} characters at most.").format(most=LONGEST_REASON))


def _opened(
    actor: PersonActor,
    case: Case,
    item: Item,
    *,
    level: Level,
    member: str,
    page: int,
    reason: str,
    start: Start | None,
    longest: int,
) -> OpenedViewing:
    id_, token = new_id(), secrets.token_urlsafe(32)
    viewing = Viewing.objects.create(
        id=id_,
        person=actor.person,
        case=case,
        item=item,
        level=level,
        member=member,
        attachments=not (member or can_look_inside(item.mime)) and holds_others(item),
        page=page,
        reason=record_keys().seal_content("viewing", id_, reason) if reason else None,
        address_digest=digest_of(token),
        session=actor.session_id,
        longest=longest,
        charged=longest if start is None else SEGMENT_SECONDS,
        opened_at=now(),
    )
    if start is not None:
        Playing.objects.create(
            viewing=viewing, of=start.of, begins=start.begins, sent_to=start.begins, played_to=start.begins
        )
    listening = start is not None and start.of == Playing.Of.SOUND
    record(
        Event.LISTENING_OPENED if listening else Event.VIEWING_OPENED,
        actor,
        subject=item.pk,
        payload={
            "viewing": str(id_),
            "case": str(case.pk),
            "level": int(level),
            "page": page,
            "reason": reason,
            **({"member": member} if member else {}),
            **({} if start is None else {"played": start.of.value, "from": start.begins}),
        },
    )
    notice_views(actor.person)
    return OpenedViewing(id_, token, longest)
