"""Passwords, factors and sessions that someone else resets or ends. The server sends no mail to do it by."""

from __future__ import annotations

from enum import StrEnum

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import PersonActor
from safelight.server.people.errors import LinkInvalid
from safelight.server.people.grants import revoke_all
from safelight.server.people.links import RESET_WITHIN, find_link, new_link, use_up
from safelight.server.people.models import Invitation, Person, Proposal
from safelight.server.people.permissions import require
from safelight.server.people.proposals import carried_out_by, propose
from safelight.server.people.roles import Permission


class Reset(StrEnum):
    """What is reset. With the other of the two the person still proves who they are."""

    PASSWORD = "password"  # noqa: S105 - not one
    FACTORS = "factors"
    BOTH = "both"


def propose_reset(actor: PersonActor, person: Person, what: Reset, reason: str) -> Proposal:
    """Propose to reset what a person lost."""
    return propose(actor, Proposal.Kind.FACTOR_RESET, person.pk, reason, detail={"reset": what.value})


@carried_out_by(Proposal.Kind.FACTOR_RESET)
def _reset_as_proposed(proposal: Proposal, actor: PersonActor) -> str | None:
    """Take the lost thing away, end every session, and for a password make the link to choose a new one."""
    person = Person.objects.get(pk=proposal.subject)
    what = Reset(proposal.detail["reset"])
    link = None
    if what is not Reset.PASSWORD:
        Authenticator.objects.filter(user=person).delete()
    if what is not Reset.FACTORS:
        person.set_unusable_password()
        person.save(update_fields=["password"])
        _invitation, link = new_link(within=RESET_WITHIN, invited_by=actor.person, person=person)
    _end_sessions(person)
    record(
        Event.CREDENTIALS_RESET,
        actor,
        subject=person.pk,
        payload={"reset": what.value, "proposal": str(proposal.pk)},
    )
    return link


def choose_password(token: str, password: str) -> Person:
    """Set the password that a reset link is for. Raises :class:`LinkInvalid` or ``ValidationError``."""
    invitation = find_link(token)
    person = invitation.person
    if person is None or not person.is_active:
        raise LinkInvalid(_("This link was used already or has expired. Ask for a new one."))
    validate_password(password, person)
    with transaction.atomic():
        use_up(invitation)
        Invitation.objects.filter(pk=invitation.pk).update(used_by=person)
        person.set_password(password)
        person.save(update_fields=["password"])
        record(Event.PASSWORD_CHANGED, PersonActor(person, "", second_factor=False), subject=person.pk)
    return person


def suspend(actor: PersonActor, person: Person, reason: str) -> None:
    """Shut a person out at once: no role, no session, nothing to sign in with until they are invited again.

    One person may: it only ever allows less.
    """
    require(actor, Permission.PEOPLE_CHANGE)
    with transaction.atomic():
        person.is_active = False
        person.set_unusable_password()
        person.save(update_fields=["is_active", "password"])
        Authenticator.objects.filter(user=person).delete()
        SocialAccount.objects.filter(user=person).delete()
        revoke_all(actor, person, reason)
        _end_sessions(person)
        record(Event.PERSON_SUSPENDED, actor, subject=person.pk, payload={"reason": reason})


def end_sessions(actor: PersonActor, person: Person, reason: str) -> None:
    """Sign a person out everywhere."""
    require(actor, Permission.PEOPLE_CHANGE)
    with transaction.atomic():
        _end_sessions(person)
        record(Event.SESSIONS_ENDED, actor, subject=person.pk, payload={"reason": reason})


def _end_sessions(person: Person) -> None:
    for session in UserSession.objects.filter(user=person):
        session.end()
