"""The names of what lies in a bundle, and the limits within which one is read.

A bundle is an ``age`` file (C2SP ``age``, format v1) whose plaintext is a POSIX tar of regular files::

    README.txt           what this is, and the commands that check it without Safelight
    summary.html         for people to read; no picture, no link, no script
    bundle.json          the same and more for programs: schema safelight.bundle/1
    ledger/…             the ledger's rows about this case, each with its proof, and the signed head
    context.json         chats, accounts and addresses of the case, where any were kept
    items/0001 …         the files themselves, without names: no file manager draws a preview of them
    SHA256SUMS           of every file above, as sha256sum(1) writes and checks it
    SHA256SUMS.sig       Ed25519 over SHA256SUMS, 64 bytes; signing-key.pem is its public half
    signing-key.pem

Why ``age``: one small published format without options to get wrong, authenticated in pieces of 64 KiB so
that any size streams and any changed byte is refused, keys that fit on one line (or the ``ssh-ed25519`` key
that the recipient has already), and two independent implementations. CMS as OpenSSL writes it is not
authenticated when it streams; OpenPGP leaves too much to preferences. Encryption says nothing about the
sender, hence the signature within.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "safelight.bundle/1"
SUFFIX: Final = ".age"

README: Final = "README.txt"
SUMMARY: Final = "summary.html"
DESCRIPTION: Final = "bundle.json"
CONTEXT: Final = "context.json"
LEDGER: Final = "ledger/rows.json"
CHECKPOINT: Final = "ledger/checkpoint.txt"
CHECKPOINT_SIGNED: Final = "ledger/checkpoint.signed"
CHECKPOINT_SIGNATURE: Final = "ledger/checkpoint.sig"
LEDGER_KEY: Final = "ledger/key.pem"
SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SHA256SUMS.sig"
SIGNING_KEY: Final = "signing-key.pem"

TEXTS: Final = frozenset(
    {
        README, SUMMARY, DESCRIPTION, CONTEXT, LEDGER, CHECKPOINT, CHECKPOINT_SIGNED, CHECKPOINT_SIGNATURE,
        LEDGER_KEY, SUMS, SIGNATURE, SIGNING_KEY,
    }
)  # fmt: skip
"""Every file that is held in memory; all others are items and only hashed."""

LARGEST_TEXT: Final = 256 << 20
"""Bytes that one of them may have, so that a forged bundle cannot ask for more memory."""
MOST_MEMBERS: Final = 100_000


def item_name(number: int) -> str:
    """Where the item of this number lies; numbers begin with 1."""
    return f"items/{number:04d}"
