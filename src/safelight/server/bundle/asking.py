"""A bundle is asked for by one person and released by another; a job then makes it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.server.bundle.events import Event
from safelight.server.bundle.models import Export, Recipient
from safelight.server.bundle.recipients import LIVE
from safelight.server.cases.models import Case
from safelight.server.ids import new_id, now
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission

MAKE: Final = "bundle.make"
LONGEST_PURPOSE: Final = 300


def ask(
    actor: PersonActor, case: Case, recipient_id: UUID, purpose: str, *, whole_case: bool = False
) -> Export:
    """Ask for the evidence of a case to be handed to a registered recipient; a second person releases it.

    ``purpose`` is the authority's reference and why; the summary shows it. ``whole_case`` asks for files too
    that nobody confirmed. Raises :class:`~safelight.errors.UsageError`.
    """
    require(actor, Permission.EVIDENCE_EXPORT)
    require(actor, Permission.CASE_READ_OWN, case=case)
    if not 0 < len(purpose.strip()) <= LONGEST_PURPOSE:
        raise UsageError(_("Say what for, with the authority's reference, in at most 300 characters."))
    if case.state == Case.State.MERGED:
        raise UsageError(_("This case was merged into another one. Ask there."))
    recipient = Recipient.objects.filter(LIVE, pk=recipient_id).first()
    if recipient is None:
        raise UsageError(_("Choose a registered recipient."))
    detail: dict[str, JSON] = {
        "case": str(case.pk),
        "recipient": recipient.name,
        "fingerprint": recipient.fingerprint,
        "whole_case": whole_case,
    }
    with transaction.atomic():
        export = Export(
            id=new_id(),
            case=case,
            recipient=recipient,
            purpose=purpose.strip(),
            whole_case=whole_case,
            asked_by=actor.person,
            asked_at=now(),
        )
        export.proposal = propose(actor, Proposal.Kind.EXPORT, export.pk, purpose, detail=detail)
        export.save(force_insert=True)
        record(Event.BUNDLE_ASKED, actor, subject=case.pk, payload={"bundle": str(export.pk), **detail})
    return export


@carried_out_by(Proposal.Kind.EXPORT)
def _release(proposal: Proposal, actor: PersonActor) -> None:
    """What the approval does: the job is put there in its transaction."""
    export = Export.objects.select_related("recipient").get(pk=proposal.subject)
    if export.recipient.retired_at is not None:
        raise UsageError(_("The recipient's key was retired meanwhile. Ask anew, for another one."))
    export.state, export.released_at = Export.State.RELEASED, now()
    export.save(update_fields=["state", "released_at"])
    record(
        Event.BUNDLE_RELEASED,
        actor,
        subject=export.case_id,
        payload={
            "bundle": str(export.pk),
            "fingerprint": export.recipient.fingerprint,
            "single_operator": proposal.single_operator,
        },
    )
    enqueue(MAKE, {"bundle": str(export.pk)}, key=f"{MAKE}:{export.pk}")


def exports(actor: PersonActor, *, case: Case | None = None) -> list[Export]:
    """The latest hundred, the newest first; those of one case if one is named."""
    require(actor, Permission.EVIDENCE_EXPORT)
    found = Export.objects.select_related("recipient", "proposal", "proposal__decided_by", "asked_by")
    if case is not None:
        found = found.filter(case=case)
    return list(found.order_by("-asked_at")[:100])
