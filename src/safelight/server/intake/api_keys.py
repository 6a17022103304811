"""Keys of the platform: made once shown once, bound to a declared surface, recognised by digest alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db import Error as AnyDatabaseError
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
from safelight.server.people.actors import Actor, KeyActor, PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.services import emit

_MARK: Final = "slk"
RECOGNISED_SECONDS: Final = 0.9
_MOST_RECOGNISED: Final = 1_000
_NOBODY: Final = hashlib.sha256(b"no key has this digest").digest()


_recognised: Final[dict[bytes, _Recognised]] = {}
"""By the digest of the token; read and replaced whole, so that threads need no lock."""


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
    LOOK_UP = "look_up"
    """Hashes of files that stay with the platform; for keys of its own server."""


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
    rate_per_minute: int | None = None,
    daily_budget: int | None = None,
) -> NewKey:
    """Make a key for a surface. Limits are the operator's settings unless given; 0 sets none.

    Raises :class:`~.errors.NoSuchSurface` for a surface that is not declared, and :class:`IntakeError`.
    """
    require(actor, Permission.KEY_CHANGE)
    bound_to = surface_named(surface)
    if not name.strip() or not scopes:
        raise IntakeError(_("A key needs a name and at least one scope."))
    if Scope.LOOK_UP in scopes and audience is not ApiKey.Audience.SERVER:
        raise IntakeError(_("Hashes are looked up by keys of the platform's own server alone."))
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
            rate_per_minute=rate_per_minute,
            daily_budget=daily_budget,
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
    """Whose key a token is. Raises :class:`KeyRefused`, the same for every reason.

    A key that was recognised is asked for again after :data:`RECOGNISED_SECONDS`: a key that another process
    revokes or suspends stops within that time, one of this process at once.
    """
    digest = _digest(token)
    known = _recognised.get(digest)
    if known is None or known.until < time.monotonic() or known.is_expired():
        try:
            known = _Recognised(_look_up(token), time.monotonic() + RECOGNISED_SECONDS)
        except AnyDatabaseError:
            # Nothing is taken in now. Who was recognised before is answered so, like anyone else of its kind.
            if known is None or known.is_expired():
                raise
            return known.actor
        if len(_recognised) >= _MOST_RECOGNISED:
            _recognised.clear()
        _recognised[digest] = known
    return known.actor


@dataclass(frozen=True, slots=True)
class _Recognised:
    actor: KeyActor
    until: float

    def is_expired(self) -> bool:
        expires_at = self.actor.key.expires_at
        return expires_at is not None and expires_at <= now()


def _look_up(token: str) -> KeyActor:
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


def rotate_key(actor: Actor, key: ApiKey, *, overlap: timedelta = timedelta(days=1)) -> NewKey:
    """Make a key that may do the same; the former works for ``overlap`` more, at the longest."""
    require(actor, Permission.KEY_CHANGE)
    ends = now() + overlap
    with transaction.atomic():
        made = make_key(
            actor,
            key.name,
            key.surface.name,
            audience=ApiKey.Audience(key.audience),
            scopes=[Scope(scope) for scope in key.scopes],
            expires_at=key.expires_at,
            rate_per_minute=key.rate_per_minute,
            daily_budget=key.daily_budget,
        )
        if key.expires_at is None or key.expires_at > ends:
            _change(actor, key, Event.KEY_ROTATED, "rotated", expires_at=ends)
    return made


def suspend_probing(key: ApiKey, reason: str) -> bool:
    """Stop a key whose use looks like probing, by the server itself; whether it was not stopped before."""
    with transaction.atomic():
        stopped = ApiKey.objects.filter(pk=key.pk, revoked_at=None, suspended_at=None)
        if not stopped.update(suspended_at=now(), suspended_reason=reason):
            return False
        record(Event.KEY_SUSPENDED, SystemActor("web"), subject=key.pk, payload={"reason": reason})
    _recognised.clear()
    return True


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
    _recognised.clear()
    key.refresh_from_db()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _plain(prefix: str) -> bool:
    return len(prefix) == 12 and prefix.isascii() and prefix.isalnum()
