"""Who may be handed evidence: an authority's key counts once two people have seen its fingerprint."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from safelight.bundle.recipients import RecipientKey
from safelight.errors import UsageError
from safelight.server.bundle.events import Event
from safelight.server.bundle.models import Recipient
from safelight.server.ids import new_id, now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission

LONGEST_NAME: Final = 120
LIVE: Final = Q(registered_at__isnull=False, retired_at=None)
"""Registered and not retired: only to these is anything sealed."""


def propose_recipient(actor: PersonActor, name: str, key: str, reason: str) -> Recipient:
    """Propose a recipient; ``reason`` says how the fingerprint was compared with the authority.

    Raises :class:`~safelight.errors.UsageError` for what is no public key, a name that says nothing, or a key
    that is registered already.
    """
    require(actor, Permission.EVIDENCE_EXPORT)
    told = RecipientKey.parse(key)
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.strip().isprintable():
        raise UsageError(_("Name the authority and its unit, in at most 120 characters."))
    if Recipient.objects.filter(LIVE, fingerprint=told.fingerprint).exists():
        raise UsageError(_("A recipient with this key is registered already."))
    with transaction.atomic():
        recipient = Recipient(
            id=new_id(),
            name=name.strip(),
            key=told.text,
            fingerprint=told.fingerprint,
            proposed_at=now(),
        )
        recipient.proposal = propose(
            actor,
            Proposal.Kind.EXPORT_RECIPIENT,
            recipient.pk,
            reason,
            detail={"name": recipient.name, "fingerprint": recipient.fingerprint},
        )
        recipient.save(force_insert=True)
    return recipient


@carried_out_by(Proposal.Kind.EXPORT_RECIPIENT)
def _register(proposal: Proposal, actor: PersonActor) -> None:
    recipient = Recipient.objects.get(pk=proposal.subject)
    recipient.registered_at = now()
    try:
        with transaction.atomic():
            recipient.save(update_fields=["registered_at"])
    except IntegrityError:
        raise UsageError(_("A recipient with this key is registered already.")) from None
    record(
        Event.RECIPIENT_REGISTERED,
        actor,
        subject=recipient.pk,
        payload={"fingerprint": recipient.fingerprint, "proposal": str(proposal.pk)},
    )


def retire_recipient(actor: PersonActor, recipient_id: UUID, reason: str) -> None:
    """Seal nothing more to a recipient's key: one person is enough. Raises ``UsageError``."""
    require(actor, Permission.EVIDENCE_EXPORT)
    if not reason.strip():
        raise UsageError(_("Say why this key is not used any more."))
    with transaction.atomic():
        live = Recipient.objects.filter(LIVE, pk=recipient_id)
        if not live.update(retired_at=now()):
            raise UsageError(_("This recipient is not registered, or was retired before."))
        record(Event.RECIPIENT_RETIRED, actor, subject=recipient_id, payload={"reason": reason.strip()})


def recipients(actor: PersonActor) -> list[Recipient]:
    """Those to whom evidence may be sealed, by name."""
    require(actor, Permission.EVIDENCE_EXPORT)
    return list(Recipient.objects.filter(LIVE).order_by("name", "pk"))
