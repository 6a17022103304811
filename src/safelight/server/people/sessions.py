"""The actor behind a request: who signed in, and whether this session was opened with a second factor."""

from __future__ import annotations

import hashlib

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from safelight.server.ids import now
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person


def actor_of(request: HttpRequest) -> PersonActor:
    """The person who signed in. Raises Django's ``PermissionDenied`` if nobody did."""
    person = request.user
    if not isinstance(person, Person):
        raise PermissionDenied
    # The session's key is a secret; its digest is enough to tell sessions apart.
    key = request.session.session_key or ""
    return PersonActor(person, hashlib.sha256(key.encode()).hexdigest()[:16], _second_factor(request, person))


def clear_sessions() -> int:
    """Delete sessions that have ended, and the addresses and browsers noted of them; how many."""
    with transaction.atomic():
        ended, _ = Session.objects.filter(expire_date__lt=now()).delete()
        UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return ended


def _second_factor(request: HttpRequest, person: Person) -> bool:
    """Whether a factor was used in this session that the person still has: a reset ends that at once."""
    used = [
        record.get("id")
        for record in get_authentication_records(request, person)
        if record["method"] == "mfa"
    ]
    return bool(used) and Authenticator.objects.filter(user=person, pk__in=used).exists()
