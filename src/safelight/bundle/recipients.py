"""Whom a bundle is sealed to: one public key that its holder can read out over the telephone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from safelight.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

_AGE: Final = re.compile(r"age1[02-9ac-hj-np-z]{58}", re.ASCII)
_SSH: Final = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """A public key: ``age1…`` (X25519) or ``ssh-ed25519 …``, in its one canonical form.

    Raises :class:`~safelight.errors.UsageError` for anything else.
    """

    text: str

    def __post_init__(self) -> None:
        self.age()

    @classmethod
    def parse(cls, told: str) -> RecipientKey:
        """From what a person pasted: spaces around it, and an SSH key's comment, are dropped."""
        words = told.split()
        return cls(" ".join(words[:2]) if words[:1] == ["ssh-ed25519"] else " ".join(words))

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and 43 characters: what ``ssh-keygen -lf`` shows, or of an age key's text the same."""
        is_ssh = self.text.startswith("ssh-")
        hashed = base64.b64decode(self.text.split(" ")[1]) if is_ssh else self.text.encode()
        return "SHA256:" + base64.b64encode(hashlib.sha256(hashed).digest()).decode().rstrip("=")

    def age(self) -> Any:  # noqa: ANN401 - pyrage has no types
        """The key as ``pyrage`` takes it."""
        pyrage = age_library()
        try:
            if _AGE.fullmatch(self.text):
                return pyrage.x25519.Recipient.from_str(self.text)
            if _SSH.fullmatch(self.text):
                return pyrage.ssh.Recipient.from_str(self.text)
        except (pyrage.RecipientError, binascii.Error):
            pass
        raise UsageError(
            "This is no public key that a bundle can be sealed to. Ask for one that begins with age1 "
            "(made by age-keygen) or with ssh-ed25519, as one line."
        )


def identity(told: str) -> Any:  # noqa: ANN401 - pyrage has no types
    """The private half, as ``age-keygen`` or ``ssh-keygen`` wrote it, without a passphrase.

    Raises :class:`~safelight.errors.UsageError`.
    """
    pyrage = age_library()
    lines = [line.strip() for line in told.splitlines() if line.strip() and not line.startswith("#")]
    try:
        if len(lines) == 1 and lines[0].startswith("AGE-SECRET-KEY-1"):
            return pyrage.x25519.Identity.from_str(lines[0])
        return pyrage.ssh.Identity.from_buffer(told.encode())
    except pyrage.IdentityError:
        raise UsageError(
            "This is no private key that opens a bundle: give the file that age-keygen wrote, or an "
            "ssh-ed25519 key without a passphrase."
        ) from None


def age_library() -> ModuleType:
    """``pyrage``, when it is needed. Raises :class:`~safelight.errors.UsageError` where it is missing."""
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        raise UsageError("Bundles need pyrage: pip install 'safelight[bundle]'.") from None
