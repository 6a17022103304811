"""Receivers: made, given new secrets and retired by an administrator with a second factor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.fetching.errors import FetchRefused
from safelight.server.fetching.targets import Target
from safelight.server.ids import new_id, now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.webhooks.errors import EndpointRefused, NoSuchEndpoint
from safelight.server.webhooks.events import Event
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.models import Endpoint
from safelight.server.webhooks.places import is_internal
from safelight.server.webhooks.sealing import seal_secret
from safelight.server.webhooks.signing import new_secret

OVERLAP: Final = timedelta(hours=24)
"""How long the earlier secret signs too after a rotation, so that receivers can change over at leisure."""
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and the secret to verify its messages with, which is shown this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


def endpoints(actor: PersonActor) -> Sequence[Endpoint]:
    """Every endpoint in use, the newest first."""
    require(actor, Permission.SETTINGS_CHANGE)
    return list(Endpoint.objects.filter(retired_at=None).order_by("-created_at"))


def make_endpoint(
    actor: PersonActor, url: str, kinds: Collection[Kind], *, description: str = ""
) -> NewSecret:
    """Send these kinds of messages to this address from now on. Raises :class:`EndpointRefused`."""
    require(actor, Permission.SETTINGS_CHANGE)
    address = _checked(url)
    if not kinds:
        raise EndpointRefused(_("Say which kinds of messages it is to get."))
    id_, secret = new_id(), new_secret()
    with transaction.atomic():
        endpoint = Endpoint.objects.create(
            id=id_,
            url=address,
            description=description.strip()[:200],
            kinds=sorted(kind.value for kind in kinds),
            secret=seal_secret(id_, secret),
            created_by=actor.person,
            created_at=now(),
        )
        record(Event.ENDPOINT_MADE, actor, subject=id_, payload={"kinds": list(endpoint.kinds)})
    return NewSecret(endpoint, secret)


def rotate_secret(actor: PersonActor, endpoint_id: UUID) -> NewSecret:
    """Give an endpoint a new secret; the present one signs too for :data:`OVERLAP`, then never again.

    Raises :class:`NoSuchEndpoint`.
    """
    require(actor, Permission.SETTINGS_CHANGE)
    with transaction.atomic():
        endpoint = _in_use(endpoint_id)
        secret = new_secret()
        endpoint.earlier_secret, endpoint.earlier_until = endpoint.secret, now() + OVERLAP
        endpoint.secret = seal_secret(endpoint.pk, secret)
        endpoint.save(update_fields=["secret", "earlier_secret", "earlier_until"])
        record(Event.SECRET_ROTATED, actor, subject=endpoint.pk)
    return NewSecret(endpoint, secret)


def retire_endpoint(actor: PersonActor, endpoint_id: UUID) -> None:
    """Send it nothing more, what waits included. Raises :class:`NoSuchEndpoint`."""
    require(actor, Permission.SETTINGS_CHANGE)
    with transaction.atomic():
        endpoint = _in_use(endpoint_id)
        endpoint.retired_at = now()
        endpoint.save(update_fields=["retired_at"])
        record(Event.ENDPOINT_RETIRED, actor, subject=endpoint.pk)


def _in_use(endpoint_id: UUID) -> Endpoint:
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id, retired_at=None).first()
    if endpoint is None:
        raise NoSuchEndpoint(_("There is no such endpoint in use."))
    return endpoint


def _checked(url: str) -> str:
    try:
        target = Target.of(url.strip())
    except FetchRefused as refused:
        raise EndpointRefused(str(refused)) from None
    if target.scheme != "https" and not is_internal(target):
        raise EndpointRefused(
            _(
                "Messages to another network go by https only. A receiver of your own network is named in "
                "webhooks.internal of the settings."
            )
        )
    if len(target.url) > _LONGEST:
        raise EndpointRefused(_("The address is too long."))
    return target.url
