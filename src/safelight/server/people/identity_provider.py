"""The validated ``oidc`` table as django-allauth wants to read it."""

from __future__ import annotations

from typing import Any, Final

from safelight.server.config import Oidc

PROVIDER_ID: Final = "main"
"""Part of the address that the operator registers at the provider: ``…/accounts/oidc/main/callback/``."""


def provider_settings(oidc: Oidc | None) -> dict[str, Any]:
    """The value of ``SOCIALACCOUNT_PROVIDERS``; empty without a provider."""
    if oidc is None:
        return {}
    app = {
        "provider_id": PROVIDER_ID,
        "name": oidc.name,
        "client_id": oidc.client_id,
        "secret": oidc.client_secret.get_secret_value(),
        "settings": {"server_url": oidc.issuer, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}
