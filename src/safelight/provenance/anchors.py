"""Whom we trust to sign: C2PA's trust list as shipped or updated, and the interim list apart from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from cryptography import x509

from safelight.durable import replace_file
from safelight.errors import UsageError
from safelight.provenance.request import Anchors, Request

SHIPPED: Final = "C2PA trust list of December 2025"
"""What the shipped snapshot is; ``trust/README.md`` says where it is from and what was left out."""

_DIRECTORY: Final = "provenance"
_OFFICIAL, _INTERIM = "c2pa-trust-list.pem", "interim-trust-list.pem"
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One certificate of a trust list, for people."""

    name: str
    expires: datetime

    @property
    def expired(self) -> bool:
        """Whether its own time is over."""
        return self.expires < datetime.now(UTC)


@cache
def shipped() -> Anchors:
    """The snapshot that came with this version."""
    return Anchors(official=(files("safelight.provenance") / "trust" / _OFFICIAL).read_text("utf-8"))


def anchors_of(workspace: Path | None) -> Anchors:
    """A workspace's own lists where it has any, else the shipped ones."""
    if workspace is None:
        return shipped()
    kept = {name: workspace / _DIRECTORY / name for name in (_OFFICIAL, _INTERIM)}
    read = {name: path.read_text("utf-8") for name, path in kept.items() if path.exists()}
    return Anchors(read.get(_OFFICIAL, shipped().official), read.get(_INTERIM, ""))


def update(workspace: Path, pem: str, *, interim: bool = False) -> tuple[Anchor, ...]:
    """Put a trust list into a workspace, in one step. Raises as :func:`listed`."""
    certificates = listed(pem)
    both = Anchors(interim=pem) if interim else Anchors(official=pem)
    Request("", both).pack()  # refuses what would not fit a request
    directory = workspace / _DIRECTORY
    directory.mkdir(mode=0o700, exist_ok=True)
    replace_file(
        directory / (_INTERIM if interim else _OFFICIAL), "\n".join(_CERTIFICATE.findall(pem)) + "\n"
    )
    return certificates


def listed(pem: str) -> tuple[Anchor, ...]:
    """The certificates in PEM text. Raises :class:`~safelight.errors.UsageError` where it holds none."""
    try:
        found = [x509.load_pem_x509_certificate(text.encode()) for text in _CERTIFICATE.findall(pem)]
    except ValueError as error:
        raise UsageError(
            f"A certificate in the trust list cannot be read: {error}. Nothing was changed."
        ) from None
    if not found:
        raise UsageError("The file holds no certificates in PEM form. Nothing was changed.")
    return tuple(Anchor(c.subject.rfc4514_string(), c.not_valid_after_utc) for c in found)
