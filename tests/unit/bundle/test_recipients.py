"""Only a whole public key of a kind that seals is taken, and never a private one."""

from __future__ import annotations

from typing import Any

import pytest

from safelight.bundle.recipients import RecipientKey, identity
from safelight.errors import UsageError


@pytest.mark.parametrize(
    "told",
    [
        "",
        "age1",
        "ssh-ed25519",
        "ssh-ed25519 " + "A" * 68,
        "ssh-rsa AAAA",
        "AGE-SECRET-KEY-1" + "Q" * 58,
        "age1" + "q" * 58,
        "https://example.org/key",
    ],
)
def test_what_is_no_public_key_is_refused(told: str) -> None:
    with pytest.raises(UsageError, match="public key"):
        RecipientKey.parse(told)


def test_a_mistyped_key_is_refused(maker: Any) -> None:
    key = maker.recipient.text
    for place in range(4, len(key)):
        wrong = key[:place] + ("q" if key[place] != "q" else "p") + key[place + 1 :]
        with pytest.raises(UsageError):
            RecipientKey(wrong)


def test_spaces_around_it_do_not_matter(maker: Any) -> None:
    assert RecipientKey.parse(f"  {maker.recipient.text}\n") == maker.recipient


def test_what_is_no_private_key_is_refused(maker: Any) -> None:
    for told in ("", "hello", maker.recipient.text, "AGE-SECRET-KEY-1"):
        with pytest.raises(UsageError, match="private key"):
            identity(told)
