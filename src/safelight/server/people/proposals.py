"""Acts that take two people: one proposes with a reason, another, who could have done so too, decides.

The other may be neither who proposed nor whom it concerns. In declared single-operator mode one person may be
all of them, and the proposal and the ledger say so for good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.ledger.services import JSON, Event, record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.errors import NotApproved, PeopleError, ProposalClosed, SecondPersonNeeded
from safelight.server.people.models import Proposal
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.people.standing import single_operator

OPEN_FOR: Final = timedelta(days=7)
APPROVAL_HOLDS_FOR: Final = timedelta(days=7)

NEEDED: Final[dict[Proposal.Kind, Permission]] = {
    Proposal.Kind.ROLE_GRANT: Permission.PEOPLE_CHANGE,
    Proposal.Kind.FACTOR_RESET: Permission.PEOPLE_CHANGE,
    Proposal.Kind.EXPORT: Permission.EVIDENCE_EXPORT,
    Proposal.Kind.EXPORT_RECIPIENT: Permission.EVIDENCE_EXPORT,
    Proposal.Kind.EARLY_DESTRUCTION: Permission.EVIDENCE_DESTROY,
    Proposal.Kind.PRODUCTION_SWITCH: Permission.SETTINGS_CHANGE,
    Proposal.Kind.LIST_ENTRIES: Permission.LIST_CHANGE,
    Proposal.Kind.LIST_ADMISSION: Permission.LIST_CHANGE,
    Proposal.Kind.EVIDENCE_RELEASE: Permission.CASE_RELEASE,
    Proposal.Kind.EXPOSURE_RELEASE: Permission.FIGURES_READ,
}
"""What both people need to be permitted."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved proposal. ``link`` is a one-time link to hand over; it is shown this once."""

    proposal: Proposal
    link: str | None = None


Effect: TypeAlias = Callable[[Proposal, PersonActor], str | None]
_effects: dict[Proposal.Kind, Effect] = {}


def carried_out_by(kind: Proposal.Kind) -> Callable[[Effect], Effect]:
    """Register what an approval does at once, in its own transaction. It may return a one-time link.

    A kind without such an effect is carried out later, by the service that calls :func:`spend`.
    """

    def register(effect: Effect) -> Effect:
        _effects[kind] = effect
        return effect

    return register


def propose(
    actor: PersonActor,
    kind: Proposal.Kind,
    subject: UUID,
    reason: str,
    *,
    detail: Mapping[str, JSON] | None = None,
) -> Proposal:
    """Propose an act about a subject. Raises :class:`PeopleError` without a reason."""
    require(actor, NEEDED[kind])
    if not reason.strip():
        raise PeopleError(_("Say why: the second person and the ledger need a reason."))
    with transaction.atomic():
        proposal = Proposal.objects.create(
            kind=kind,
            subject=subject,
            detail=dict(detail or {}),
            reason=reason.strip(),
            proposed_by=actor.person,
            proposed_at=now(),
            expires_at=now() + OPEN_FOR,
        )
        record(
            Event.PROPOSAL_MADE,
            actor,
            subject=proposal.pk,
            payload={
                "kind": kind.value,
                "about": str(subject),
                "reason": proposal.reason,
                **proposal.detail,
            },
        )
    return proposal


def approve(actor: PersonActor, proposal_id: UUID) -> Approved:
    """Approve, and carry out what can be carried out at once.

    Raises :class:`SecondPersonNeeded`, :class:`ProposalClosed`, or what the act itself raises; then nothing
    has changed.
    """
    with transaction.atomic():
        proposal = _decide(actor, proposal_id, Proposal.State.APPROVED)
        record(
            Event.PROPOSAL_APPROVED,
            actor,
            subject=proposal.pk,
            payload={"kind": proposal.kind, "single_operator": proposal.single_operator},
        )
        effect = _effects.get(Proposal.Kind(proposal.kind))
        if effect is None:
            return Approved(proposal)
        link = effect(proposal, actor)
        _carry_out(proposal, actor)
        return Approved(proposal, link)


def refuse(actor: PersonActor, proposal_id: UUID, reason: str) -> Proposal:
    """Refuse, or, as the one who proposed, withdraw. Raises :class:`ProposalClosed`."""
    with transaction.atomic():
        proposal = _decide(actor, proposal_id, Proposal.State.REFUSED)
        record(
            Event.PROPOSAL_REFUSED,
            actor,
            subject=proposal.pk,
            payload={"kind": proposal.kind, "reason": reason},
        )
    return proposal


def spend(actor: PersonActor, kind: Proposal.Kind, subject: UUID) -> Proposal:
    """Use up the approval of an act that another service carries out, in that act's own transaction.

    Raises :class:`NotApproved`.
    """
    require(actor, NEEDED[kind])
    with transaction.atomic():
        usable = Proposal.objects.filter(
            kind=kind,
            subject=subject,
            state=Proposal.State.APPROVED,
            carried_out_at=None,
            decided_at__gt=now() - APPROVAL_HOLDS_FOR,
        )
        for proposal in usable.order_by("decided_at"):
            if _carry_out(proposal, actor):
                return proposal
    raise NotApproved(_("This takes a second person. Propose it, and have it approved first."))


def expire_proposals() -> int:
    """Close what nobody decided in time; how many. The job worker runs this."""
    expired = 0
    due = Proposal.objects.filter(state=Proposal.State.OPEN, expires_at__lte=now())
    for proposal in due:
        with transaction.atomic():
            if due.filter(pk=proposal.pk).update(state=Proposal.State.EXPIRED):
                record(
                    Event.PROPOSAL_EXPIRED,
                    SystemActor("jobs"),
                    subject=proposal.pk,
                    payload={"kind": proposal.kind},
                )
                expired += 1
    return expired


def _decide(actor: PersonActor, proposal_id: UUID, state: Proposal.State) -> Proposal:
    proposal = Proposal.objects.get(pk=proposal_id)
    require(actor, NEEDED[Proposal.Kind(proposal.kind)])
    concerned = actor.person.pk in (proposal.proposed_by_id, proposal.subject)
    if state is Proposal.State.APPROVED and concerned and not single_operator():
        raise SecondPersonNeeded(
            _("Someone else has to approve this: not who proposed it, and not whom it concerns.")
        )
    # One statement decides, so of two people at once exactly one does.
    still_open = Proposal.objects.filter(pk=proposal_id, state=Proposal.State.OPEN, expires_at__gt=now())
    decided = still_open.update(
        state=state,
        decided_by=actor.person,
        decided_at=now(),
        single_operator=concerned and state is Proposal.State.APPROVED,
    )
    if not decided:
        raise ProposalClosed(_("This was decided already, or has expired. Reload to see where it stands."))
    proposal.refresh_from_db()
    return proposal


def _carry_out(proposal: Proposal, actor: PersonActor) -> bool:
    """Note that the act was done, once."""
    if not Proposal.objects.filter(pk=proposal.pk, carried_out_at=None).update(carried_out_at=now()):
        return False
    proposal.refresh_from_db()
    record(
        Event.PROPOSAL_CARRIED_OUT,
        actor,
        subject=proposal.pk,
        payload={"kind": proposal.kind, "single_operator": proposal.single_operator},
    )
    return True
