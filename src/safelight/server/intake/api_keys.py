"""Keys of the platform: made once shown once, bound to a declared surface, recognised by digest alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from safelight.server.alerts import kinds as alerts
from safelight.server.alerts.services import clear_alert, raise_alert
from safelight.server.ids import now
from safelight.server.intake.errors import IntakeError, KeyRefused
from safelight.server.intake.events import Event
from safelight.server.intake.models import ApiKey
from safelight.server.intake.surfaces import surface_named
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, KeyActor, PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.services import emit

_MARK: Final = "slk"
_NOBODY: Final = hashlib.sha256(b"no key has this digest").digest()


class Scope(StrEnum):
    """What a key may do."""

    SCAN = "scan"
    """Uploads and texts of the platform itself."""
    REPORT = "report"
    """What people, trusted flaggers and authorities told the platform."""
    LISTS = "lists"
    """Hash lists: what there is of them, entries of a source added and withdrawn. Only for servers."""
    CASES = "cases"
    """How far the cases and decisions about what this surface sent have come. Only for servers."""
    COMPLAINTS = "complaints"
    """Objections to what was done about what this key sent. Only for servers."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. ``token`` is what the platform sends; it is shown this once and kept nowhere."""

    key: ApiKey
    token: str = field(repr=False)


def make_key(
    actor: Actor,
    name: str,
    surface: str,
    *,
    audience: ApiKey.Audience = ApiKey.Audience.UPLOADER,
    scopes: Collection[Scope] = (Scope.SCAN,),
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for a surface. Raises :class:`~.errors.NoSuchSurface` for one that is not declared."""
    require(actor, Permission.KEY_CHANGE)
    bound_to = surface_named(surface)
    if not name.strip() or not scopes:
        raise IntakeError(_("A key needs a name and at least one scope."))
    # 256 random bits: a plain digest cannot be searched back to them, as one of a password could.
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name.strip(),
            prefix=prefix,
            secret_digest=_digest(secret),
            audience=audience,
            scopes=sorted(scope.value for scope in scopes),
            surface=bound_to,
            created_by=actor.person if isinstance(actor, PersonActor) else None,
            created_at=now(),
            expires_at=expires_at,
        )
        record(
            Event.KEY_MADE,
            actor,
            subject=key.pk,
            payload={
                "name": key.name,
                "surface": surface,
                "audience": audience.value,
                "scopes": list(key.scopes),
            },
        )
    return NewKey(key, f"{_MARK}_{prefix}_{secret}")


def authenticate(token: str) -> KeyActor:
    """Whose key a token is. Raises :class:`KeyRefused`, the same for every reason."""
    mark, _prefix_mark, rest = token.partition("_")
    prefix, _secret_mark, secret = rest.partition("_")
    usable = ApiKey.objects.filter(revoked_at=None, suspended_at=None, surface__retired_at=None)
    unexpired = usable.filter(Q(expires_at=None) | Q(expires_at__gt=now())).select_related("surface")
    key = unexpired.filter(prefix=prefix).first() if mark == _MARK and _plain(prefix) else None
    # Compared even where there is no such key, so that time does not tell which prefixes exist.
    same = hmac.compare_digest(_digest(secret), bytes(key.secret_digest) if key else _NOBODY)
    if key is None or not same:
        raise KeyRefused("This key is not valid. Ask the operator of this server for one that is.")
    return KeyActor(key)


def suspend_key(actor: Actor, key: ApiKey, reason: str) -> None:
    """Stop a key for the time being."""
    _change(actor, key, Event.KEY_SUSPENDED, reason, suspended_at=now(), suspended_reason=reason)


def resume_key(actor: Actor, key: ApiKey, reason: str) -> None:
    """Let a suspended key work again."""
    _change(actor, key, Event.KEY_RESUMED, reason, suspended_at=None, suspended_reason="")


def revoke_key(actor: Actor, key: ApiKey, reason: str) -> None:
    """Stop a key for good."""
    _change(actor, key, Event.KEY_REVOKED, reason, revoked_at=now())


def _change(actor: Actor, key: ApiKey, event: Event, reason: str, **values: datetime | str | None) -> None:
    require(actor, Permission.KEY_CHANGE)
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(**values):
            raise KeyRefused(_("This key is revoked already."))
        record(event, actor, subject=key.pk, payload={"reason": reason})
        if event is Event.KEY_SUSPENDED:
            emit(Kind.KEY_SUSPENDED, {"key": str(key.pk)})
            raise_alert(alerts.Kind.KEY_SUSPENDED, subject=key.pk, detail=reason)
        else:
            clear_alert(alerts.Kind.KEY_SUSPENDED, subject=key.pk)
    key.refresh_from_db()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _plain(prefix: str) -> bool:
    return len(prefix) == 12 and prefix.isascii() and prefix.isalnum()
