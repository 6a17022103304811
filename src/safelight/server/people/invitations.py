"""How people come in: by invitation only. The terminal invites the first administrators, they the others.

Whoever holds the machine may invite an administrator while fewer than two people are one: nobody could second
the second administrator otherwise. Everyone else joins without any role; the roles that the invitation names
become proposals, which someone other than the inviter approves.
"""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.server.ids import now
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.errors import AlreadyJoined, PeopleError
from safelight.server.people.grants import grant, propose_role, refuse_exclusive
from safelight.server.people.links import JOIN_WITHIN, TERMINAL_WITHIN, find_link, new_link, use_up
from safelight.server.people.models import Invitation, Person, RoleGrant
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission, Role

TERMINAL = SystemActor("terminal")


def first_run_invitation() -> str:
    """The link for the very first person, an administrator; `serve` prints it. Replaces an earlier one.

    Raises :class:`AlreadyJoined` once somebody has joined.
    """
    if Person.objects.exists():
        raise AlreadyJoined(_("Somebody has joined already. Administrators invite everybody else."))
    return _terminal_link()


def terminal_invitation() -> str:
    """A link for another administrator, while fewer than two people are one. Replaces an earlier one.

    Raises :class:`AlreadyJoined` once two people can invite and approve by themselves.
    """
    if administrators() >= 2:
        raise AlreadyJoined(_("Two people are administrators. They invite and approve everybody else."))
    return _terminal_link()


def administrators() -> int:
    """How many people are administrators now."""
    live = RoleGrant.objects.filter(role=Role.ADMINISTRATOR.value, revoked_at=None, person__is_active=True)
    return live.count()


@transaction.atomic
def _terminal_link() -> str:
    # Only one such link is alive at a time, so two people cannot both come in by one.
    Invitation.objects.filter(invited_by=None, person=None, used_at=None, withdrawn_at=None).update(
        withdrawn_at=now()
    )
    invitation, link = new_link(within=TERMINAL_WITHIN, roles=(Role.ADMINISTRATOR.value,))
    record(Event.INVITATION_MADE, TERMINAL, subject=invitation.pk, payload={"roles": invitation.roles})
    return link


def invite(actor: PersonActor, email: str, roles: frozenset[Role], reason: str) -> str:
    """Invite an address; the link, which the inviter hands over, since the server sends no mail.

    Replaces an open invitation to the same address. Raises :class:`AlreadyJoined`.
    """
    require(actor, Permission.PEOPLE_CHANGE)
    refuse_exclusive(roles)
    email = Person.objects.normalize_email(email).lower()
    if not reason.strip():
        raise PeopleError(_("Say why: the second person and the ledger need a reason."))
    if Person.objects.filter(email=email, is_active=True).exists():
        raise AlreadyJoined(_("Somebody with this address has joined already. Propose a role instead."))
    with transaction.atomic():
        Invitation.objects.filter(email=email, person=None, used_at=None, withdrawn_at=None).update(
            withdrawn_at=now()
        )
        invitation, link = new_link(
            within=JOIN_WITHIN,
            email=email,
            roles=tuple(sorted(role.value for role in roles)),
            reason=reason.strip(),
            invited_by=actor.person,
        )
        record(
            Event.INVITATION_MADE,
            actor,
            subject=invitation.pk,
            payload={"roles": invitation.roles, "reason": invitation.reason},
        )
    return link


def withdraw_invitation(actor: PersonActor, invitation_id: UUID) -> None:
    """Make an unused link useless."""
    require(actor, Permission.PEOPLE_CHANGE)
    with transaction.atomic():
        unused = Invitation.objects.filter(pk=invitation_id, used_at=None, withdrawn_at=None)
        if unused.update(withdrawn_at=now()):
            record(Event.INVITATION_WITHDRAWN, actor, subject=invitation_id)


def join(token: str, *, email: str, name: str, password: str) -> Person:
    """Join with a password. The address is the invited one; only the terminal's links leave it open.

    Raises :class:`LinkInvalid`, :class:`AlreadyJoined`, and Django's ``ValidationError`` for a weak password.
    """
    invitation = find_link(token)
    address = invitation.email or Person.objects.normalize_email(email).lower()
    validate_password(password, Person(email=address, name=name))
    with transaction.atomic():
        return _come_in(invitation, address, name, password)


def join_by_provider(email: str, name: str) -> Person | None:
    """The person whom an open invitation to this address lets in; None if there is none.

    Only for an address that the operator's own identity provider vouches for.
    """
    with transaction.atomic():
        invitation = Invitation.objects.filter(
            email=email.lower(), person=None, used_at=None, withdrawn_at=None, expires_at__gt=now()
        ).first()
        return _come_in(invitation, invitation.email, name, None) if invitation else None


def _come_in(invitation: Invitation, email: str, name: str, password: str | None) -> Person:
    if invitation.person_id is not None:
        raise PeopleError(_("This link is for choosing a new password."))
    use_up(invitation)
    person = _person_of(email, name, password)
    invitation.used_by = person
    invitation.save(update_fields=["used_by"])
    record(
        Event.PERSON_JOINED,
        PersonActor(person, "", second_factor=False),
        subject=invitation.pk,
        payload={"password": password is not None},
    )
    if invitation.invited_by is None:
        _let_terminal_name(person)
    else:
        _propose_roles(invitation, person)
    return person


def _person_of(email: str, name: str, password: str | None) -> Person:
    """A new person, or one who was suspended and comes back; suspension left them nothing to sign in with."""
    taken = AlreadyJoined(_("Somebody with this address has joined already. Sign in instead."))
    before = Person.objects.select_for_update().filter(email=email).first()
    if before is None:
        try:
            with transaction.atomic():
                person = Person.objects.create_user(email, password, name)
        except IntegrityError:
            raise taken from None
        EmailAddress.objects.create(user=person, email=email, primary=True, verified=True)
        return person
    if before.is_active:
        raise taken
    before.name, before.is_active = name or before.name, True
    before.set_password(password)
    before.save()
    return before


def _let_terminal_name(person: Person) -> None:
    # Asked again: since the link was made, others may have become administrators.
    if administrators() >= 2:
        raise AlreadyJoined(_("Two people are administrators. Ask one of them to invite you."))
    grant(TERMINAL, person, Role.ADMINISTRATOR, None)


def _propose_roles(invitation: Invitation, person: Person) -> None:
    """Propose what the invitation named, on behalf of the inviter, if they may still do so."""
    inviter = invitation.invited_by
    assert inviter is not None
    # The factor was asked for when they invited; this is that act's second half.
    actor = PersonActor(inviter, "", second_factor=True)
    for role in invitation.roles:
        try:
            propose_role(actor, person, Role(role), invitation.reason)
        except PermissionDenied:
            return
