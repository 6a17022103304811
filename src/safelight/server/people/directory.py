"""Who is here, who is invited, and what awaits a second person: read for the page of people."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safelight.server.ids import now
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Invitation, Person, Proposal
from safelight.server.people.permissions import permissions_of, require
from safelight.server.people.proposals import NEEDED
from safelight.server.people.roles import Permission, Role


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who joined."""

    person: Person
    roles: tuple[Role, ...]
    has_factor: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A proposal that awaits somebody, in words."""

    id: UUID
    what: str
    reason: str
    proposed_by: str
    concerns_reader: bool


def members(actor: PersonActor) -> list[Member]:
    """Everybody who joined, the suspended last."""
    require(actor, Permission.PEOPLE_READ)
    with_factor = set(
        Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES).values_list("user", flat=True)
    )
    people = Person.objects.order_by("-is_active", "email").prefetch_related("grants")
    return [
        Member(
            person,
            tuple(sorted(Role(grant.role) for grant in person.grants.all() if grant.revoked_at is None)),
            person.pk in with_factor,
        )
        for person in people
    ]


def open_invitations(actor: PersonActor) -> list[Invitation]:
    """Links that nobody has used yet."""
    require(actor, Permission.PEOPLE_READ)
    usable = Invitation.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=now())
    return list(usable.order_by("expires_at"))


def pending(actor: PersonActor) -> list[Pending]:
    """The open proposals that the reader's permissions let them decide."""
    granted = permissions_of(actor.person)
    kinds = [kind for kind, permission in NEEDED.items() if permission in granted]
    still_open = Proposal.objects.filter(kind__in=kinds, state=Proposal.State.OPEN, expires_at__gt=now())
    return [
        Pending(
            proposal.pk,
            _in_words(proposal),
            proposal.reason,
            str(proposal.proposed_by),
            actor.person.pk in (proposal.proposed_by_id, proposal.subject),
        )
        for proposal in still_open.select_related("proposed_by").order_by("proposed_at")
    ]


def _in_words(proposal: Proposal) -> str:  # noqa: PLR0911 - one sentence a kind
    person = Person.objects.filter(pk=proposal.subject).first()
    match proposal.kind:
        case Proposal.Kind.ROLE_GRANT:
            return _("Give {person} the role {role}").format(person=person, role=proposal.detail["role"])
        case Proposal.Kind.FACTOR_RESET:
            return _("Reset of {person}: {what}").format(person=person, what=proposal.detail["reset"])
        case Proposal.Kind.LIST_ENTRIES:
            told = proposal.detail
            words = ngettext(
                "Put {entries} entry on the list {list}",
                "Put {entries} entries on the list {list}",
                told["entries"],
            )
            return words.format(entries=told["entries"], list=told["list"])
        case Proposal.Kind.EXPORT | Proposal.Kind.EXPORT_RECIPIENT:
            return _handing_out(proposal)
        case Proposal.Kind.EVIDENCE_RELEASE:
            case = str(proposal.detail["case"])[-8:]
            return _("Let {person} look at evidence in the case {case}").format(person=person, case=case)
        case Proposal.Kind.EXPOSURE_RELEASE:
            reader = proposal.proposed_by
            return _("Let {reader} see what {person} looked at").format(reader=reader, person=person)
        case Proposal.Kind.PRODUCTION_SWITCH:
            on = proposal.detail["on"]
            return _("Report to hotlines in production") if on else _("Report to no production hotline")
        case Proposal.Kind.LIST_ADMISSION:
            return _("Search the list {list}").format(list=proposal.detail["list"])
        case _:
            return f"{Proposal.Kind(proposal.kind).label} · {proposal.subject}"


def _handing_out(proposal: Proposal) -> str:
    told = proposal.detail
    if proposal.kind == Proposal.Kind.EXPORT_RECIPIENT:
        words = _("Register {name} as a recipient of evidence, key {fingerprint}")
    elif told.get("whole_case"):
        words = _("Hand out all files of case {case} to {recipient}, key {fingerprint}")
    else:
        words = _("Hand out the confirmed files of case {case} to {recipient}, key {fingerprint}")
    return words.format(**told)
