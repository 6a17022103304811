"""Everyone who could call a route: strangers, keys of every kind, people of every role."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from safelight.server.ids import now
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.models import ApiKey, Surface
from safelight.server.people.models import Person
from safelight.server.people.roles import Role
from safelight.server.rules import Rule


@dataclass(frozen=True)
class Caller:
    """Somebody, by what a rule may ask about them. ``key_state``: a key may also be worth nothing."""

    name: str
    roles: tuple[Role, ...] | None = None
    second_factor: bool = False
    scopes: tuple[Scope, ...] | None = None
    audience: ApiKey.Audience = ApiKey.Audience.SERVER
    key_state: str = "valid"

    def expected(self, rule: Rule, *, own: bool) -> bool:
        """Whether the rule lets them in."""
        if self.roles is not None:
            return rule.admits_person(self.roles, second_factor=self.second_factor, own=own)
        if self.scopes is not None and self.key_state == "valid":
            return (own or rule.elsewhere is None) and rule.admits_key(self.scopes, self.audience)
        return rule.anyone


def everyone() -> Iterator[Caller]:
    yield Caller("anonymous")
    yield Caller("person without a role", roles=(), second_factor=True)
    for role in Role:
        yield Caller(f"{role} with factor", roles=(role,), second_factor=True)
        yield Caller(f"{role} without factor", roles=(role,))
    for audience in ApiKey.Audience:
        yield Caller(f"{audience} key without scope", scopes=(), audience=audience)
        for scope in Scope:
            yield Caller(f"{audience} key for {scope}", scopes=(scope,), audience=audience)
    for state in ("revoked", "suspended", "expired", "forged"):
        yield Caller(f"{state} key", scopes=tuple(Scope), key_state=state)


@dataclass
class Present:
    """A caller as rows of the database, and the way in which they call."""

    caller: Caller
    person: Person | None = None
    key: ApiKey | None = None
    token: str = field(default="", repr=False)
    factor: Any = None
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def client(self) -> Client:
        """A fresh browser or program of theirs, signed in already."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.key else {}
        client = Client(headers={"host": "localhost:8400", **headers}, raise_request_exception=False)
        if self.person is not None and not self.cookies:
            client.force_login(self.person)
            session = client.session
            used: list[dict[str, Any]] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
            if self.caller.second_factor:
                used.append({"method": "mfa", "at": time.time(), "id": self.factor.pk, "type": "webauthn"})
            session["account_authentication_methods"] = used
            session["account_authentication_methods_user"] = str(self.person.pk)
            session.save()
            self.cookies = {name: cookie.value for name, cookie in client.cookies.items()}
        client.cookies.load(self.cookies)
        return client


def present(caller: Caller, person_with: Callable[..., Person], surface: Surface) -> Present:
    """Make the rows."""
    if caller.roles is not None:
        person = person_with(*caller.roles)
        return Present(caller, person=person, factor=passkey_of(person))
    if caller.scopes is None:
        return Present(caller)
    secret = secrets.token_urlsafe(32)
    states = {"revoked": "revoked_at", "suspended": "suspended_at", "expired": "expires_at"}
    ended = {states[caller.key_state]: now()} if caller.key_state in states else {}
    key = ApiKey.objects.create(
        name="a key", prefix=secrets.token_hex(6), secret_digest=hashlib.sha256(secret.encode()).digest(),
        surface=surface, audience=caller.audience, scopes=[scope.value for scope in caller.scopes], **ended,
    )  # fmt: skip
    told = secrets.token_urlsafe(32) if caller.key_state == "forged" else secret
    return Present(caller, key=key, token=f"slk_{key.prefix}_{told}")


def passkey_of(person: Person) -> Authenticator:
    """A passkey as a browser would have registered it, of which nobody holds the private key."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    id_ = secrets.token_bytes(16)
    attested = AttestedCredentialData.create(Aaguid.NONE, id_, public)
    flags = AuthenticatorData.FLAG.USER_PRESENT | AuthenticatorData.FLAG.ATTESTED
    data = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), flags, 0, attested)
    credential = {
        "id": websafe_encode(id_),
        "rawId": websafe_encode(id_),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(b'{"type":"webauthn.create","challenge":"","origin":""}'),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
        "clientExtensionResults": {},
    }
    return Authenticator.objects.create(
        user=person,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "a passkey", "credential": credential},
    )
