"""Playing a recording: a few seconds at a time, at its own speed, and never its own bytes.

The browser gets pictures of frames, or samples of its sound. Each segment is behind an address that works
once and that only the segment before tells; none is given out much before it is due.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.media.hearing import Heard, heard_of
from safelight.media.playing import Segment, segment_of
from safelight.media.rendering import Level
from safelight.media.rendering_shape import SEGMENT_SECONDS
from safelight.server.ids import now
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import lock, rest_if_due
from safelight.server.review.contents import content_of, process_sandbox
from safelight.server.review.errors import AddressUsed, NotShown
from safelight.server.review.events import Event
from safelight.server.review.marking import MIME, Marked, marked_frames
from safelight.server.review.models import Playing, Viewing
from safelight.server.review.opening import ADDRESS_HOLDS, digest_of
from safelight.server.review.seen import SILENCE, charge_playing, end, over
from safelight.server.review.showing import what
from safelight.types import Problem

EARLY: Final = 1.0
"""Seconds before it is due that a segment may be asked for: browsers' clocks differ a little."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser gets: frames on a picture, or a sound; and the address of what follows, if any."""

    content: bytes
    mime: str
    segment: Segment | Heard
    frames: Marked | None
    token: str | None


def next_segment(actor: PersonActor, token: str) -> Sent:
    """Use the one-use address of a segment.

    Raises :class:`AddressUsed`, :class:`NotShown` and ``PermissionDenied``.
    """
    playing = _used(actor, token)
    viewing = playing.viewing
    try:
        require(actor, Permission.EVIDENCE_VIEW, case=viewing.case, item=viewing.item)
        _go_on(actor, playing)
        segment = _segment(actor, playing)
    except BaseException:
        with transaction.atomic():
            end(actor, viewing)
        raise
    if isinstance(segment, Heard):
        return Sent(segment.wav(), "audio/wav", segment, None, _noted(actor, playing, segment))
    frames = marked_frames(segment, viewing.person, now(), viewing.pk)
    return Sent(frames.content, MIME, segment, frames, _noted(actor, playing, segment))


def _used(actor: PersonActor, token: str) -> Playing:
    """What is played behind an address, which from now on is worth nothing."""
    told = Viewing.objects.filter(
        address_digest=digest_of(token), person=actor.person, session=actor.session_id, ended_at=None
    )
    playing = (
        Playing.objects.filter(viewing__in=told)
        .select_related("viewing__case", "viewing__item", "viewing__person")
        .first()
    )
    if playing is not None and _holds(playing) and told.update(address_digest=None):
        playing.viewing.address_digest = None
        return playing
    raise AddressUsed(_("This address was used already, or is too old. Play it again."))


def _holds(playing: Playing) -> bool:
    viewing, present = playing.viewing, now()
    if viewing.shown_at is None:
        return viewing.opened_at + ADDRESS_HOLDS > present
    due = viewing.shown_at + timedelta(seconds=SEGMENT_SECONDS * (playing.sent - 1) - EARLY)
    assert playing.sent_at is not None
    return due <= present < playing.sent_at + ADDRESS_HOLDS


def _go_on(actor: PersonActor, playing: Playing) -> None:
    viewing = playing.viewing
    if viewing.shown_at is None:
        return
    if (viewing.heard_at or viewing.shown_at) + SILENCE < now():
        raise NotShown(_("The page does not say that it is visible."))
    with transaction.atomic():
        lock(actor.person)
        rest_if_due(actor.person)
        if why := over(actor, viewing):
            raise NotShown(why)


def _segment(actor: PersonActor, playing: Playing) -> Segment | Heard:
    made: Segment | Heard | Problem
    viewing = playing.viewing
    with content_of(actor, viewing.item, f"viewing {viewing.pk}", what(viewing).steps) as fd:
        if playing.of == Playing.Of.SOUND:
            made = heard_of(fd, playing.sent_to, process_sandbox())
        else:
            made = segment_of(fd, Level(viewing.level), playing.sent_to, process_sandbox())
    if isinstance(made, Problem):
        raise NotShown(_("The decoder could not play this: {why}.").format(why=made.reason.value))
    return made


def _noted(actor: PersonActor, playing: Playing, segment: Segment | Heard) -> str | None:
    token = None if segment.ended else secrets.token_urlsafe(32)
    with transaction.atomic():
        lock(actor.person)
        viewing = Viewing.objects.filter(pk=playing.viewing_id, ended_at=None).first()
        if viewing is None:
            raise AddressUsed(_("This view is over."))
        first = viewing.shown_at is None
        viewing.shown_at = viewing.shown_at or now()
        viewing.whole = (first or viewing.whole) and segment.counts and not segment.missing
        viewing.address_digest = None if token is None else digest_of(token)
        playing.refresh_from_db()
        playing.sent, playing.sent_at, playing.sent_to = playing.sent + 1, now(), segment.ends
        playing.ends = segment.ends if segment.ended else None
        playing.save(update_fields=["sent", "sent_at", "sent_to", "ends"])
        charge_playing(viewing, playing)
        viewing.save(update_fields=["shown_at", "whole", "address_digest", "charged"])
        if first:
            told: dict[str, JSON] = {"viewing": str(viewing.pk), "from": playing.begins}
            listening = playing.of == Playing.Of.SOUND
            event = Event.LISTENING_BEGAN if listening else Event.VIEWING_SHOWN
            record(event, actor, subject=viewing.item_id, payload=told)
    return token
