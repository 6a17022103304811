"""Looking at a golden item: the same levels, breaks and reasons as for any file, and no row of exposure.

It is the operator's own benign picture, so nothing of it counts as viewed or is charged to a budget.
"""

from __future__ import annotations

import os
import secrets
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.media.rendering import Level
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.server.assessment.golden import bytes_of
from safelight.server.assessment.models import GoldenTurn
from safelight.server.ids import now
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import Break, standing_of
from safelight.server.review.errors import NotAllowed, OnBreak, ReasonMissing
from safelight.server.review.marking import marked
from safelight.server.review.opening import ADDRESS_HOLDS, OpenedViewing, digest_of
from safelight.server.review.protections import in_force
from safelight.server.review.showing import Shown, rendered


def open_golden(
    actor: PersonActor, turn_id: UUID, item_id: UUID, number: int, *, reason: str
) -> OpenedViewing | None:
    """A one-use address for a golden item that this person has, at the level of a number.

    None where there is no such item. Raises ``ValueError`` for a number that is no level, and
    :class:`OnBreak`, :class:`NotAllowed`, :class:`ReasonMissing`.
    """
    turn = _mine(actor).filter(pk=turn_id, item=item_id).first()
    if turn is None:
        return None
    require(actor, Permission.CASE_TAKE)
    level = Level(number)
    standing, protections = standing_of(actor.person, level), in_force(actor.person)
    if isinstance(standing, Break):
        raise OnBreak(standing.says)
    if not Level.TINY <= level <= protections.highest:
        raise NotAllowed(_("Level {level} is not shown.").format(level=int(level)))
    if level > protections.first_level and turn.level < 1:
        raise NotAllowed(
            _("Begin with level {level} or below; more only if that does not answer it.").format(
                level=protections.first_level
            )
        )
    if level >= protections.reason_from and not reason.strip():
        raise ReasonMissing(_("Say why this level is needed."))
    token = secrets.token_urlsafe(32)
    turn.address_digest, turn.address_level = digest_of(token), int(level)
    turn.address_until, turn.session = now() + ADDRESS_HOLDS, actor.session_id
    turn.save(update_fields=["address_digest", "address_level", "address_until", "session"])
    return OpenedViewing(turn.pk, token, protections.cover_seconds)


def show_golden(actor: PersonActor, token: str) -> Shown | None:
    """Use such an address; None where it is no golden item's. Raises :class:`~.review.errors.NotShown`."""
    told = _mine(actor).filter(
        address_digest=digest_of(token), session=actor.session_id, address_until__gt=now()
    )
    turn = told.first()
    if turn is None or not told.update(address_digest=None):
        return None
    level = Level(turn.address_level)
    fd = sealed_memfd(bytes_of(turn.item))
    try:
        made = rendered(fd, turn.item.mime, level)
    finally:
        os.close(fd)
    GoldenTurn.objects.filter(pk=turn.pk).update(level=max(turn.level, int(level)))
    content = marked(made, actor.person, now(), turn.pk)
    return Shown(content, made.page, made.pages, made.parts, made.missing, made.cut_short)


def heard_golden(actor: PersonActor, turn_id: UUID, seconds: float) -> str | None:
    """Whether it is to be covered now, empty where not; None where it is no golden item."""
    if not _mine(actor).filter(pk=turn_id, session=actor.session_id).exists():
        return None
    if seconds >= in_force(actor.person).cover_seconds:
        return _("Covered: it was open long enough.")
    standing = standing_of(actor.person, Level.TINY)
    return standing.says if isinstance(standing, Break) else ""


def _mine(actor: PersonActor) -> QuerySet[GoldenTurn]:
    return GoldenTurn.objects.filter(person=actor.person, given_at=None).select_related("item")
