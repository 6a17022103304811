"""What a second person lets somebody see: evidence outside one's own cases, and what another looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person, Proposal
from safelight.server.people.permissions import permissions_of
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission
from safelight.server.review.errors import ReviewError
from safelight.server.review.events import Event
from safelight.server.review.models import CaseRelease, ExposureRelease

HOLDS: Final = timedelta(hours=24)


def propose_case_release(actor: PersonActor, case: Case, person: Person, reason: str) -> Proposal:
    """Propose that somebody who may look at evidence does so in a case that is closed or not theirs.

    Another than who proposes, and than who is to look, approves; it then holds for 24 hours. Raises
    :class:`ReviewError` for somebody who looks at nothing.
    """
    if Permission.EVIDENCE_VIEW not in permissions_of(person):
        raise ReviewError(_("{person} does not look at evidence.").format(person=person))
    detail = {"case": str(case.pk)}
    return propose(actor, Proposal.Kind.EVIDENCE_RELEASE, person.pk, reason, detail=detail)


def propose_exposure_release(actor: PersonActor, about: Person, reason: str) -> Proposal:
    """Propose that one sees what somebody looked at; they are shown that. It holds for 24 hours."""
    return propose(actor, Proposal.Kind.EXPOSURE_RELEASE, about.pk, reason)


@carried_out_by(Proposal.Kind.EVIDENCE_RELEASE)
def _release_case(proposal: Proposal, actor: PersonActor) -> None:
    case = Case.objects.get(pk=UUID(proposal.detail["case"]))
    CaseRelease.objects.create(
        case=case,
        person=Person.objects.get(pk=proposal.subject),
        proposal=proposal,
        released_at=now(),
        until=now() + HOLDS,
    )
    record(Event.CASE_RELEASED, actor, subject=case.pk, payload={"to": str(proposal.subject)})


@carried_out_by(Proposal.Kind.EXPOSURE_RELEASE)
def _release_exposure(proposal: Proposal, actor: PersonActor) -> None:
    ExposureRelease.objects.create(
        about=Person.objects.get(pk=proposal.subject),
        reader=proposal.proposed_by,
        proposal=proposal,
        released_at=now(),
        until=now() + HOLDS,
    )
    record(
        Event.EXPOSURE_RELEASED,
        actor,
        subject=proposal.subject,
        payload={"to": str(proposal.proposed_by_id)},
    )
