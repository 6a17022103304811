"""One attempt to hand one message over: signed anew, short, and without reading what comes back."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from safelight.errors import SafelightError
from safelight.server.fetching.connecting import Deadline, Network
from safelight.server.fetching.exchange import exchange
from safelight.server.fetching.targets import Target
from safelight.server.ids import now
from safelight.server.webhooks.errors import NotDelivered
from safelight.server.webhooks.kinds import Kind, checked
from safelight.server.webhooks.models import Delivery, Endpoint
from safelight.server.webhooks.naming import names_of
from safelight.server.webhooks.places import may_connect
from safelight.server.webhooks.sealing import open_secret
from safelight.server.webhooks.signing import signed_headers

SECONDS: Final = 10.0
"""For one attempt, whole. A receiver answers first and works later."""
NETWORK: Final = Network()


def body_of(delivery: Delivery) -> bytes:
    """The message: what happened, when, and its data."""
    submission = delivery.data.get("submission")
    named = names_of(UUID(submission)) if submission else {}
    told = {
        "type": delivery.kind,
        "timestamp": delivery.happened_at.isoformat().replace("+00:00", "Z"),
        "data": checked(Kind(delivery.kind), {**delivery.data, **named}),
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def attempt(delivery: Delivery, *, network: Network = NETWORK) -> int:
    """Send it once; the status that took it, from 200 to 299. Raises :class:`NotDelivered`.

    No redirect is followed: the message would go where nobody entered an address.
    """
    endpoint, body, at = delivery.endpoint, body_of(delivery), now()
    headers = signed_headers(f"msg_{delivery.pk}", at, body, _secrets(endpoint, at))
    try:
        target = Target.of(endpoint.url)
        with exchange(
            "POST",
            target,
            Deadline(SECONDS),
            network=network,
            headers={**headers, "Content-Type": "application/json"},
            content=body,
            allowed=partial(may_connect, target),
        ) as answer:
            status = answer.status
    except SafelightError as error:
        raise NotDelivered(str(error)) from None
    if not 200 <= status <= 299:
        raise NotDelivered(f"The receiver answered {status}.", status)
    return status


def _secrets(endpoint: Endpoint, at: datetime) -> list[str]:
    sealed = [bytes(endpoint.secret)]
    if (
        endpoint.earlier_secret is not None
        and endpoint.earlier_until is not None
        and at < endpoint.earlier_until
    ):
        sealed.append(bytes(endpoint.earlier_secret))
    return [open_secret(endpoint.pk, each) for each in sealed]
