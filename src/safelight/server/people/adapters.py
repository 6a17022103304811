"""How django-allauth is bound to our rules: nobody signs up, every sign-in is written to the ledger."""

from __future__ import annotations

import functools
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse

from safelight.keys import Purpose, Sealer
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.invitations import join_by_provider
from safelight.server.people.models import Person
from safelight.server.people.sessions import actor_of
from safelight.server.people.standing import is_demo
from safelight.server.secrets import process_keys

WEB: Final = SystemActor("web")
_FACTOR: Final = b"safelight/server/factor"
_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@functools.cache
def _sealer() -> Sealer:
    return Sealer(process_keys(), Purpose.RECORD_SEAL)


def has_factor(person: Person) -> bool:
    """Whether the person has a passkey or an authenticator app."""
    return bool(Authenticator.objects.filter(user=person, type__in=_FACTORS).exists())


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Signing in and out, with passwords and after them."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Never: people come in by invitation."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Someone without a second factor is led to set one up first."""
        if isinstance(request.user, Person) and not has_factor(request.user) and not is_demo():
            return reverse("mfa_index")
        return str(super().get_login_redirect_url(request))

    def login(self, request: HttpRequest, user: Person) -> None:
        """Open the session, under a new key, and write it to the ledger."""
        with transaction.atomic():
            super().login(request, user)
            actor = actor_of(request)
            record(Event.SIGNED_IN, actor, subject=user.pk, payload={"second_factor": actor.second_factor})

    def logout(self, request: HttpRequest) -> None:
        """Close the session and write it to the ledger."""
        with transaction.atomic():
            if isinstance(request.user, Person):
                record(Event.SIGNED_OUT, actor_of(request), subject=request.user.pk)
            super().logout(request)

    def authentication_failed(self, _request: HttpRequest, **credentials: Any) -> None:  # noqa: ANN401
        """Write a refused password to the ledger, with the person if there is one of that address."""
        person = Person.objects.filter(email=str(credentials.get("email", "")).lower()).first()
        with transaction.atomic():
            record(
                Event.SIGN_IN_FAILED,
                WEB,
                subject=person.pk if person else None,
                payload={"method": "password"},
            )

    def set_password(self, user: Person, password: str) -> None:
        """Change one's own password."""
        with transaction.atomic():
            super().set_password(user, password)
            record(Event.PASSWORD_CHANGED, PersonActor(user, "", second_factor=False), subject=user.pk)

    def get_reauthentication_methods(self, user: Person) -> list[dict[str, Any]]:
        """A password alone never suffices to change the factors of someone who has one."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not methods or not has_factor(user):
            return methods
        return [method for method in methods if method["id"].startswith("mfa_")]


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Passkeys, authenticator apps and recovery codes, whose secrets are sealed in the database."""

    def encrypt(self, text: str) -> str:
        """Seal the secret of an authenticator app, or the seed of recovery codes."""
        return _sealer().seal(text.encode(), _FACTOR).hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Open it. Raises :class:`~safelight.errors.KeyMismatch`."""
        return _sealer().open(bytes.fromhex(encrypted_text), _FACTOR).decode()

    def _get_site_name(self) -> str:
        return "Safelight"


class IdentityAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-in by the operator's identity provider, for people who were invited under that address."""

    def is_open_for_signup(self, _request: HttpRequest, _sociallogin: SocialLogin) -> bool:
        """Never: see :meth:`pre_social_login`."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Link a new identity to the person of its address or to an invitation to it, or turn it away."""
        if sociallogin.is_existing:
            return
        email = _vouched_for(sociallogin)
        person = _behind(email, _told_name(sociallogin)) if email else None
        # Whoever is signed in links no identity but their own.
        if person is None or (isinstance(request.user, Person) and request.user != person):
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))
        with transaction.atomic():
            sociallogin.connect(request, person)
            record(Event.IDENTITY_LINKED, PersonActor(person, "", second_factor=False), subject=person.pk)


def _vouched_for(sociallogin: SocialLogin) -> str | None:
    """The address that the provider says it has verified; a claim that is not plainly true does not count."""
    trusted = settings.CONFIG.oidc is not None and settings.CONFIG.oidc.trust_email
    for address in sociallogin.email_addresses:
        if address.verified is True or trusted:
            return str(address.email).lower()
    return None


def _told_name(sociallogin: SocialLogin) -> str:
    told = sociallogin.account.get_provider_account().get_user_data() or {}
    return str(told.get("name", ""))[:120]


def _behind(email: str, name: str) -> Person | None:
    joined = Person.objects.filter(email=email, is_active=True).first()
    return joined or join_by_provider(email, name)
