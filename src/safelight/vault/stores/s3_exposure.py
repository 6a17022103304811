"""Whether strangers can read a bucket: asked of the service without credentials, and of its own records with.

The anonymous questions decide: a bucket that answers them is refused. Policy and access-control list are
asked too, because they also tell of readers who are not anonymous (any customer of the service, say);
services that do not know these questions leave that part undetermined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import quote, urlsplit

from safelight.errors import StoreUnavailable, StoreUnsafe
from safelight.vault.stores.s3_settings import S3Settings
from safelight.vault.stores.s3_signature import signed_headers

_TIMEOUT: Final = 10.0
_REFUSED: Final = frozenset({401, 403})
_PUBLIC_POLICY: Final = re.compile(rb"<IsPublic>\s*true\s*</IsPublic>", re.IGNORECASE)
_PRIVATE_POLICY: Final = re.compile(rb"<IsPublic>\s*false\s*</IsPublic>|NoSuchBucketPolicy", re.IGNORECASE)
_PUBLIC_GRANT: Final = re.compile(rb"acs\.amazonaws\.com/groups/global/(AllUsers|AuthenticatedUsers)")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known of who can read a bucket; None where it could not be determined."""

    anonymous_list: bool | None
    anonymous_get: bool | None
    public_policy: bool | None
    public_grant: bool | None

    @property
    def is_public(self) -> bool:
        """Whether anything says that strangers can read it."""
        return any((self.anonymous_list, self.anonymous_get, self.public_policy, self.public_grant))


def exposure(settings: S3Settings, name: str) -> Exposure:
    """As a stranger, list the bucket and get the object ``name``, which must exist; then ask its records."""
    return Exposure(
        anonymous_list=_readable(_ask(settings, "", "list-type=2&max-keys=1", signed=False)),
        anonymous_get=_readable(_ask(settings, name, "", signed=False)),
        public_policy=_policy(_ask(settings, "", "policyStatus=", signed=True)),
        public_grant=_grant(_ask(settings, "", "acl=", signed=True)),
    )


def refuse_public(settings: S3Settings, name: str) -> None:
    """Raise unless the bucket is known to be closed to strangers.

    Raises :class:`~safelight.errors.StoreUnsafe`, or :class:`~safelight.errors.StoreUnavailable` where a
    stranger's request was neither answered nor plainly refused.
    """
    found = exposure(settings, name)
    if found.is_public:
        raise StoreUnsafe(
            f"Others can read bucket {settings.bucket}. Block public access, remove public policies and "
            "grants, find out who has read it, and start again."
        )
    if found.anonymous_list is None or found.anonymous_get is None:
        raise StoreUnavailable(
            f"It could not be checked that strangers cannot read bucket {settings.bucket}: "
            f"{settings.endpoint} neither answered nor refused a request without credentials. Check the "
            "address and the region."
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


def _readable(answer: _Answer) -> bool | None:
    if 200 <= answer.status < 300:
        return True
    return False if answer.status in _REFUSED else None


def _policy(answer: _Answer) -> bool | None:
    if _PUBLIC_POLICY.search(answer.body):
        return True
    return False if _PRIVATE_POLICY.search(answer.body) else None


def _grant(answer: _Answer) -> bool | None:
    if answer.status != 200:
        return None
    return bool(_PUBLIC_GRANT.search(answer.body))


def _ask(settings: S3Settings, name: str, query: str, *, signed: bool) -> _Answer:
    endpoint = urlsplit(settings.endpoint)
    path = quote(f"{endpoint.path.rstrip('/')}/{settings.bucket}" + (f"/{name}" if name else ""))
    headers = signed_headers(settings, "GET", path, query) if signed else {}
    connect = HTTPConnection if settings.plain_http else HTTPSConnection
    connection = connect(endpoint.netloc, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{path}?{query}" if query else path, headers=headers)
        response = connection.getresponse()
        return _Answer(response.status, response.read(1 << 20))
    except (OSError, HTTPException) as error:
        raise StoreUnavailable(
            f"It could not be checked that strangers cannot read bucket {settings.bucket}: "
            f"{settings.endpoint} did not answer ({error}). Check the address and the network."
        ) from error
    finally:
        connection.close()
