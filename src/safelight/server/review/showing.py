"""The bytes of one view: read from the vault, reduced in the sandbox, marked, and handed out once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from safelight.media.rendering import Level, Rendering, render
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.processes.run_directory import SANDBOX, run_directory
from safelight.server.review.errors import AddressUsed, NotShown
from safelight.server.review.events import Event
from safelight.server.review.marking import marked
from safelight.server.review.matched import moments_of, spans_of
from safelight.server.review.models import Viewing
from safelight.server.review.opening import ADDRESS_HOLDS, digest_of
from safelight.server.review.seen import end
from safelight.server.vault import services as vault
from safelight.types import Problem

LARGEST: Final = 64 << 20
"""Bytes of a file that can be shown: what one reading of the vault holds in memory."""
_sandbox: Sandbox | None = None


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
        rendering = _rendering(actor, viewing)
    except BaseException:
        with transaction.atomic():
            end(actor, viewing)
        raise
    content = marked(rendering, viewing.person, now(), viewing.pk, matched=spans_of(viewing.item))
    with transaction.atomic():
        viewing.shown_at, viewing.pages = now(), rendering.pages
        viewing.whole = rendering.counts and rendering.missing == 0
        viewing.save(update_fields=["shown_at", "pages", "whole"])
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


def _rendering(actor: PersonActor, viewing: Viewing) -> Rendering:
    with content_of(actor, viewing) as fd:
        level, moments = Level(viewing.level), moments_of(viewing.item)
        return rendered(fd, viewing.item.mime, level, page=viewing.page, moments=moments)


def rendered(
    fd: int, mime: str, level: Level, *, page: int = 1, moments: tuple[float, ...] = ()
) -> Rendering:
    """The plain pixels of one page at a level, made in the sandbox. Raises :class:`NotShown`."""
    made = render(fd, mime, level, page, process_sandbox(), moments=moments)
    if isinstance(made, Problem):
        raise NotShown(_("The decoder could not show this: {why}.").format(why=made.reason.value))
    return made


def content_of(actor: PersonActor, viewing: Viewing) -> contextlib.AbstractContextManager[int]:
    """A descriptor of the bytes of the file of a view, for the sandbox. Raises :class:`NotShown`."""
    return content_of_item(actor, viewing.item, f"viewing {viewing.pk}")


@contextlib.contextmanager
def content_of_item(actor: PersonActor, item: Item, reason: str) -> Iterator[int]:
    """The same of a file, read for a reason, which the ledger is told. Raises :class:`NotShown`."""
    sealed = vault.live_object(item)
    if sealed is None:
        raise NotShown(_("Its bytes are not kept here."))
    if item.size > LARGEST:
        raise NotShown(_("This file is too large to be shown here."))
    fd = sealed_memfd(vault.read(actor, sealed.pk, 0, max(item.size, 1), reason))
    try:
        yield fd
    finally:
        os.close(fd)


def process_sandbox() -> Sandbox:
    """Where this process has renderings made."""
    global _sandbox  # noqa: PLW0603 - one a process, as for scans
    if _sandbox is None:
        partial = settings.CONFIG.accept_partial_sandbox
        _sandbox = Sandbox(directory=run_directory() / SANDBOX, accept_partial=partial)
    return _sandbox
