"""The bytes of one view: read from the vault, reduced in the sandbox, marked, and handed out once."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.media.inside import Member
from safelight.media.rendering import Level, Rendering, render
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.contents import content_of, process_sandbox
from safelight.server.review.errors import AddressUsed, NotShown
from safelight.server.review.events import Event
from safelight.server.review.inside import member_at
from safelight.server.review.marking import marked
from safelight.server.review.matched import moments_of, spans_of
from safelight.server.review.models import Viewing
from safelight.server.review.opening import ADDRESS_HOLDS, digest_of
from safelight.server.review.seen import end
from safelight.types import Problem


@dataclass(frozen=True, slots=True)
class Shown:
    """What the browser gets: a picture, which of how many pages it is, and what of it is missing."""

    content: bytes
    page: int
    pages: int
    parts: int
    missing: int
    cut_short: bool


def show(actor: PersonActor, token: str) -> Shown:
    """Use a one-use address. Raises :class:`AddressUsed`, :class:`NotShown` and ``PermissionDenied``."""
    viewing = _used(actor, token)
    try:
        require(actor, Permission.EVIDENCE_VIEW, case=viewing.case, item=viewing.item)
        rendering, path = _rendering(actor, viewing)
    except BaseException:
        with transaction.atomic():
            end(actor, viewing)
        raise
    matched = spans_of(viewing.item, path) if rendering.moments else ()
    content = marked(rendering, viewing.person, now(), viewing.pk, matched=matched)
    with transaction.atomic():
        viewing.shown_at, viewing.pages = now(), rendering.pages
        viewing.whole = rendering.counts and rendering.missing == 0
        viewing.attachments = viewing.attachments or rendering.attachments
        viewing.save(update_fields=["shown_at", "pages", "whole", "attachments"])
        record(Event.VIEWING_SHOWN, actor, subject=viewing.item_id, payload={"viewing": str(viewing.pk)})
    return Shown(
        content,
        rendering.page,
        rendering.pages,
        rendering.parts,
        rendering.missing,
        rendering.cut_short,
    )


def _used(actor: PersonActor, token: str) -> Viewing:
    """The view behind an address, which from now on is worth nothing; of two who use it, one gets it."""
    told = Viewing.objects.filter(
        address_digest=digest_of(token),
        person=actor.person,
        session=actor.session_id,
        playing=None,
        shown_at=None,
        ended_at=None,
        opened_at__gt=now() - ADDRESS_HOLDS,
    )
    viewing = told.select_related("case", "item", "person").first()
    if viewing is None or not told.update(address_digest=None):
        raise AddressUsed(_("This address was used already, or is too old. Ask for the view again."))
    viewing.address_digest = None
    return viewing


def _rendering(actor: PersonActor, viewing: Viewing) -> tuple[Rendering, tuple[str, ...]]:
    """What is shown, and of what inside the file."""
    looked_at = what(viewing)
    with content_of(actor, viewing.item, f"viewing {viewing.pk}", looked_at.steps) as fd:
        level, moments = Level(viewing.level), moments_of(viewing.item, looked_at.path)
        made = rendered(fd, looked_at.mime, level, page=viewing.page, moments=moments)
    return made, looked_at.path


def what(viewing: Viewing) -> Member:
    """What a view is of: something inside its file, or the file itself. Raises :class:`NotShown`."""
    item = viewing.item
    return member_at(item, viewing.member) if viewing.member else Member((), (), item.mime, item.size)


def rendered(
    fd: int, mime: str, level: Level, *, page: int = 1, moments: tuple[float, ...] = ()
) -> Rendering:
    """The plain pixels of one page at a level, made in the sandbox. Raises :class:`NotShown`."""
    made = render(fd, mime, level, page, process_sandbox(), moments=moments)
    if isinstance(made, Problem):
        raise NotShown(_("The decoder could not show this: {why}.").format(why=made.reason.value))
    return made
