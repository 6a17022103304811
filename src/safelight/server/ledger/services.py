"""The seam to the ledger until its own services are merged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from django.db import connection

from safelight.server.ledger.models import LedgerPayload, LedgerRow
from safelight.server.people.actors import Actor, PersonActor

JSON: TypeAlias = str | int | float | bool | list["JSON"] | dict[str, "JSON"] | None


class Event(StrEnum):
    """What happened."""

    WORKSPACE_MARKED = "workspace.marked"
    INVITATION_MADE = "invitation.made"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    PERSON_JOINED = "person.joined"
    PERSON_SUSPENDED = "person.suspended"
    IDENTITY_LINKED = "person.identity_linked"
    PROPOSAL_MADE = "proposal.made"
    PROPOSAL_APPROVED = "proposal.approved"
    PROPOSAL_REFUSED = "proposal.refused"
    PROPOSAL_EXPIRED = "proposal.expired"
    PROPOSAL_CARRIED_OUT = "proposal.carried_out"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    CREDENTIALS_RESET = "credentials.reset"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an event
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_FAILED = "session.sign_in_failed"
    SIGNED_OUT = "session.signed_out"
    SESSIONS_ENDED = "session.ended"


def record(
    event: StrEnum, actor: Actor, *, subject: UUID | None = None, payload: Mapping[str, JSON] | None = None
) -> None:
    """Write one event in the current transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("ledger rows are written in the transaction that they describe")
    who = str(actor.person.pk) if isinstance(actor, PersonActor) else type(actor).__name__
    body = dict(payload or {})
    salt = os.urandom(32)
    digest = hashlib.sha256(salt + json.dumps(body, sort_keys=True).encode()).digest()
    row = LedgerRow.objects.create(event=event, actor=who, subject=str(subject or ""), payload_digest=digest)
    LedgerPayload.objects.create(row=row, salt=salt, body=body)
