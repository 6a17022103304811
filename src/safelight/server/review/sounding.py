"""How loud a recording is over its running time: facts, drawn by the page; nothing can be heard of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from safelight.media.hearing import Waveform, can_hear, waveform_of
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.contents import content_of, process_sandbox
from safelight.server.review.errors import NotShown
from safelight.server.review.inside import ITSELF, member_at
from safelight.types import Problem


def waveform(actor: PersonActor, case: Case, item: Item, member: str = ITSELF) -> Waveform:
    """The waveform of a file of a case, or of something inside it.

    Raises ``PermissionDenied`` and :class:`NotShown`.
    """
    there = case.members.filter(occurrence__item=item).exists()
    require(actor, Permission.EVIDENCE_VIEW, case=case, item=item if there else None)
    if not there:
        raise NotShown(_("This file is not part of the case."))
    inner = member_at(item, member) if member else None
    if not can_hear(inner.mime if inner else item.mime):
        raise NotShown(_("Files of this kind have no sound."))
    with content_of(actor, item, f"waveform in case {case.pk}", inner.steps if inner else ()) as fd:
        made = waveform_of(fd, process_sandbox())
    if isinstance(made, Problem):
        raise NotShown(_("Its sound cannot be shown: {why}.").format(why=made.detail or made.reason.value))
    return made
