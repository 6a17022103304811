"""One-time links: 256 random bits, of which only the digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.people.errors import LinkInvalid
from safelight.server.people.models import Invitation, Person

JOIN_WITHIN: Final = timedelta(days=3)
RESET_WITHIN: Final = timedelta(days=1)
TERMINAL_WITHIN: Final = timedelta(days=1)
_PATH: Final = "/accounts/join/{token}/"
"""Of the route ``people_join``; told without it, for a start of the server would load every route first."""


def _digest(token: str) -> bytes:
    # The token is random, so a plain digest tells nothing and needs no key.
    return hashlib.sha256(token.encode()).digest()


def new_link(
    *,
    within: timedelta,
    email: str = "",
    roles: tuple[str, ...] = (),
    reason: str = "",
    invited_by: Person | None = None,
    person: Person | None = None,
) -> tuple[Invitation, str]:
    """The stored invitation and its link, which nobody can make again from what is stored."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        token_digest=_digest(token),
        email=email,
        roles=list(roles),
        reason=reason,
        invited_by=invited_by,
        person=person,
        created_at=now(),
        expires_at=now() + within,
    )
    return invitation, settings.CONFIG.public_url + _PATH.format(token=token)


def find_link(token: str) -> Invitation:
    """The usable invitation of that token. Raises :class:`LinkInvalid`."""
    found = Invitation.objects.filter(
        token_digest=_digest(token), used_at=None, withdrawn_at=None, expires_at__gt=now()
    ).first()
    if found is None:
        raise LinkInvalid(_("This link was used already or has expired. Ask for a new one."))
    return found


def use_up(invitation: Invitation) -> None:
    """Mark it used, once; of two people at once one succeeds. Raises :class:`LinkInvalid`."""
    usable = Invitation.objects.filter(
        pk=invitation.pk, used_at=None, withdrawn_at=None, expires_at__gt=now()
    )
    if not usable.update(used_at=now()):
        raise LinkInvalid(_("This link was used already or has expired. Ask for a new one."))
