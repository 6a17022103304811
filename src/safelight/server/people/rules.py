"""Who may call the routes of people: signing in is open, one's account is one's own, the rest is granted."""

from __future__ import annotations

from typing import Final

from safelight.server.people.roles import Permission
from safelight.server.rules import ANYONE, OWN_ONLY, SIGNED_IN, Rule, holding

_READ: Final = holding(Permission.PEOPLE_READ)
_CHANGE: Final = holding(Permission.PEOPLE_CHANGE)

RULES: Final[dict[str, Rule]] = {
    "GET /accounts/": SIGNED_IN,
    "GET /accounts/people/": _READ,
    "POST /accounts/people/invite/": _CHANGE,
    "GET /accounts/people/{person_id}/": _READ,
    "POST /accounts/people/{person_id}/": _CHANGE,
    "POST /accounts/proposals/{proposal_id}/": _CHANGE,
    "POST /accounts/invitations/{invitation_id}/": _CHANGE,
    # The one-time link is what lets in; without a valid one there is nothing to see.
    "GET /accounts/demo/{token}/": ANYONE,
    "POST /accounts/demo/{token}/": ANYONE,
    "GET /accounts/join/{token}/": ANYONE,
    "POST /accounts/join/{token}/": ANYONE,
    "GET /accounts/login/": ANYONE,
    "POST /accounts/login/": ANYONE,
    "GET /accounts/logout/": ANYONE,
    "POST /accounts/logout/": ANYONE,
    "GET /accounts/inactive/": ANYONE,
    "GET /accounts/reauthenticate/": SIGNED_IN,
    "POST /accounts/reauthenticate/": SIGNED_IN,
    "GET /accounts/password/change/": SIGNED_IN,
    "POST /accounts/password/change/": SIGNED_IN,
    "GET /accounts/password/set/": SIGNED_IN,
    "POST /accounts/password/set/": SIGNED_IN,
    "GET /accounts/sessions/": SIGNED_IN,
    "POST /accounts/sessions/": SIGNED_IN,
    "GET /accounts/factors/": SIGNED_IN,
    # Between password and factor nobody is signed in; without a password said, it leads back to the start.
    "GET /accounts/factors/authenticate/": ANYONE,
    "POST /accounts/factors/authenticate/": ANYONE,
    "GET /accounts/factors/reauthenticate/": SIGNED_IN,
    "POST /accounts/factors/reauthenticate/": SIGNED_IN,
    "GET /accounts/factors/recovery-codes/": SIGNED_IN,
    "GET /accounts/factors/recovery-codes/download/": SIGNED_IN,
    "GET /accounts/factors/recovery-codes/generate/": SIGNED_IN,
    "POST /accounts/factors/recovery-codes/generate/": SIGNED_IN,
    "GET /accounts/factors/totp/activate/": SIGNED_IN,
    "POST /accounts/factors/totp/activate/": SIGNED_IN,
    "GET /accounts/factors/totp/deactivate/": SIGNED_IN,
    "POST /accounts/factors/totp/deactivate/": SIGNED_IN,
    "GET /accounts/factors/webauthn/": SIGNED_IN,
    "GET /accounts/factors/webauthn/add/": SIGNED_IN,
    "POST /accounts/factors/webauthn/add/": SIGNED_IN,
    "GET /accounts/factors/webauthn/keys/{pk}/edit/": OWN_ONLY,
    "POST /accounts/factors/webauthn/keys/{pk}/edit/": OWN_ONLY,
    "GET /accounts/factors/webauthn/keys/{pk}/remove/": OWN_ONLY,
    "POST /accounts/factors/webauthn/keys/{pk}/remove/": OWN_ONLY,
    "GET /accounts/factors/webauthn/login/": ANYONE,
    "POST /accounts/factors/webauthn/login/": ANYONE,
    "GET /accounts/factors/webauthn/reauthenticate/": SIGNED_IN,
    "POST /accounts/factors/webauthn/reauthenticate/": SIGNED_IN,
    "GET /accounts/oidc/cancelled/": ANYONE,
    "GET /accounts/oidc/error/": ANYONE,
    "GET /accounts/oidc/{provider_id}/login/": ANYONE,
    "POST /accounts/oidc/{provider_id}/login/": ANYONE,
    "GET /accounts/oidc/{provider_id}/callback/": ANYONE,
}
