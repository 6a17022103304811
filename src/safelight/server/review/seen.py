"""How long something was visible: what the browser says, and never more than the server's clock allows."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.media.rendering_shape import SEGMENT_SECONDS
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import Break, lock, rest_if_due, standing_of
from safelight.server.review.events import Event
from safelight.server.review.models import Playing, Viewing

SILENCE: Final = timedelta(seconds=30)
"""A view of which nothing was heard for so long beyond its longest time has ended."""


def heard(
    actor: PersonActor, viewing_id: UUID, seconds: float, *, played_to: float = 0.0, ended: bool = False
) -> str:
    """Take a word on how long something has been visible in all; why it must be covered now, or empty.

    Of what is played, ``played_to`` is the second of its running time that was reached.

    What is not theirs, of another session or over is told to be covered as well.
    """
    with transaction.atomic():
        lock(actor.person)
        viewing = (
            Viewing.objects.select_related("case", "item")
            .filter(pk=viewing_id, person=actor.person, session=actor.session_id, ended_at=None)
            .exclude(shown_at=None)
            .first()
        )
        if viewing is None:
            return _("This view is over.")
        _note(viewing, seconds, played_to)
        rest_if_due(actor.person)
        why = over(actor, viewing)
        if ended or why:
            end(actor, viewing)
        return why


def end(actor: Actor, viewing: Viewing) -> None:
    """Close a view, whose time then stands. In the current transaction."""
    viewing.ended_at, viewing.address_digest = now(), None
    if viewing.shown_at is None:
        viewing.charged = 0
    viewing.save(update_fields=["ended_at", "address_digest", "charged"])
    playing = Playing.objects.filter(viewing=viewing).first()
    told = {} if playing is None else {"from": playing.begins, "to": round(playing.played_to, 1)}
    listened = playing is not None and playing.of == Playing.Of.SOUND
    record(
        Event.LISTENING_ENDED if listened else Event.VIEWING_ENDED,
        actor,
        subject=viewing.item_id,
        payload={"viewing": str(viewing.pk), "seconds": round(viewing.seconds, 1), **told},
    )


def end_silent() -> int:
    """Close what nobody speaks of any more; how many. It stays charged with all that it may have lasted."""
    closed = 0
    for viewing in Viewing.objects.filter(ended_at=None):
        last = viewing.heard_at or viewing.shown_at or viewing.opened_at
        if last + timedelta(seconds=viewing.longest) + SILENCE <= now():
            with transaction.atomic():
                lock(viewing.person)
                still = Viewing.objects.filter(pk=viewing.pk, ended_at=None).first()
                if still is not None:
                    end(SystemActor("review"), still)
                    closed += 1
    return closed


def charge_playing(viewing: Viewing, playing: Playing) -> None:
    """Charge what is played with all that was sent, or once something was heard, with that.

    Segments are handed out at the speed at which they are played, so that all but the last two were there to
    be seen, whatever is heard. The row is left to be saved.
    """
    if viewing.heard_at is None:
        viewing.charged = SEGMENT_SECONDS * max(playing.sent, 1)
        return
    surely = SEGMENT_SECONDS * (playing.sent - 2)
    viewing.charged = max(viewing.seconds, playing.played_to - playing.begins, surely)


def _note(viewing: Viewing, seconds: float, played_to: float) -> None:
    assert viewing.shown_at is not None
    possible = (now() - viewing.shown_at).total_seconds()
    viewing.seconds = max(viewing.seconds, min(_sound(seconds), possible))
    viewing.charged, viewing.heard_at = viewing.seconds, now()
    playing = Playing.objects.filter(viewing=viewing).first()
    if playing is not None:
        reached = min(_sound(played_to), playing.sent_to, playing.begins + possible)
        playing.played_to = max(playing.played_to, reached)
        playing.save(update_fields=["played_to"])
        charge_playing(viewing, playing)
    viewing.save(update_fields=["seconds", "charged", "heard_at"])


def _sound(told: float) -> float:
    return max(told, 0.0) if told == told else 0.0  # noqa: PLR0124 - not a number


def over(actor: PersonActor, viewing: Viewing) -> str:
    """Why a view must be covered now, or empty."""
    if viewing.seconds >= viewing.longest:
        return _("Covered: it was open long enough.")
    standing = standing_of(actor.person, viewing.level, open_already=True)
    if isinstance(standing, Break):
        return standing.says
    try:
        require(actor, Permission.EVIDENCE_VIEW, case=viewing.case, item=viewing.item)
    except PermissionDenied:
        return _("This case is not yours any more.")
    return ""
