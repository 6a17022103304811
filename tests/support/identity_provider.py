"""A tiny OpenID Connect provider on the loopback interface: one client, PKCE, whoever is told signs in."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

CLIENT_ID, CLIENT_SECRET = "safelight", "a secret of the client"


@dataclass
class IdentityProvider:
    """Set ``claims`` to who signs in next."""

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: generate_private_key(65537, 2048))
    challenges: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def discovery(self) -> dict[str, Any]:
        """What the well-known address says."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self.challenges[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code, once, for the client that asked for it."""
        challenge = self.challenges.pop(asked["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest())
        if asked["client_secret"] != CLIENT_SECRET or proof.rstrip(b"=").decode() != challenge:
            return None
        access = secrets.token_urlsafe()
        self.tokens.add(access)
        identity = {
            **self.claims, "iss": self.issuer, "aud": CLIENT_ID, "iat": time.time(), "exp": time.time() + 60,
        }  # fmt: skip
        return {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": jwt.encode(identity, self.key, algorithm="RS256", headers={"kid": "1"}),
        }


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """Run one until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self, body: object, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/.well-known/openid-configuration":
                self.answer(provider.discovery())
            elif url.path == "/authorize":
                self.answer("", 302, Location=provider.authorize(asked))
            elif self.headers.get("Authorization", "").removeprefix("Bearer ") in provider.tokens:
                self.answer(provider.claims)
            else:
                self.answer("", 401)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens = provider.token({name: values[0] for name, values in parse_qs(sent).items()})
            self.answer(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
