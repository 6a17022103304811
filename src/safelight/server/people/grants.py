"""Roles: granted by two people, revoked by one."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.errors import PeopleError, RolesExclude
from safelight.server.people.models import Person, Proposal, RoleGrant
from safelight.server.people.permissions import require, roles_of
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import EXCLUSIVE, Permission, Role


def refuse_exclusive(roles: frozenset[Role]) -> None:
    """Raise :class:`RolesExclude` if no one person may hold all of these."""
    for pair in EXCLUSIVE:
        if roles.issuperset(pair):
            first, second = pair
            raise RolesExclude(
                _("One person cannot be both {first} and {second}: who leads does not audit.").format(
                    first=first.value, second=second.value
                )
            )


def propose_role(actor: PersonActor, person: Person, role: Role, reason: str) -> Proposal:
    """Propose that a person be given a role."""
    require(actor, Permission.PEOPLE_CHANGE)
    refuse_exclusive(roles_of(person) | {role})
    return propose(actor, Proposal.Kind.ROLE_GRANT, person.pk, reason, detail={"role": role.value})


@carried_out_by(Proposal.Kind.ROLE_GRANT)
def _grant_as_proposed(proposal: Proposal, actor: PersonActor) -> None:
    person = Person.objects.get(pk=proposal.subject)
    if not person.is_active:
        raise PeopleError(_("This person was suspended. Invite them again first."))
    grant(actor, person, Role(proposal.detail["role"]), proposal)


def grant(actor: Actor, person: Person, role: Role, proposal: Proposal | None) -> RoleGrant:
    """Write the grant. Without a proposal the database takes only an administrator, from the terminal."""
    if proposal is None and actor != SystemActor("terminal"):
        raise PeopleError(_("Roles are granted by an approved proposal."))
    refuse_exclusive(roles_of(person) | {role})
    try:
        with transaction.atomic():
            granted = RoleGrant.objects.create(
                person=person, role=role.value, proposal=proposal, granted_at=now()
            )
    except IntegrityError:
        # Another grant was quicker; the constraint that refused tells which.
        refuse_exclusive(roles_of(person) | {role})
        raise PeopleError(_("This person holds that role already.")) from None
    record(
        Event.ROLE_GRANTED,
        actor,
        subject=person.pk,
        payload={
            "role": role.value,
            "proposal": str(proposal.pk) if proposal else None,
            "single_operator": proposal.single_operator if proposal else False,
        },
    )
    return granted


def revoke_role(actor: PersonActor, person: Person, role: Role, reason: str) -> None:
    """Take a role away at once. One person may: it only ever allows less."""
    require(actor, Permission.PEOPLE_CHANGE)
    with transaction.atomic():
        live = RoleGrant.objects.filter(person=person, role=role.value, revoked_at=None)
        if not live.update(revoked_at=now()):
            raise PeopleError(_("This person does not hold that role."))
        record(Event.ROLE_REVOKED, actor, subject=person.pk, payload={"role": role.value, "reason": reason})


def revoke_all(actor: Actor, person: Person, reason: str) -> None:
    """Take every role away, with the suspension that this is a part of."""
    for live in RoleGrant.objects.filter(person=person, revoked_at=None):
        live.revoked_at = now()
        live.save(update_fields=["revoked_at"])
        record(Event.ROLE_REVOKED, actor, subject=person.pk, payload={"role": live.role, "reason": reason})
