"""What subkeys are for: one label a purpose, so that no two uses ever share key material."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """The label that HKDF mixes into a subkey. Renaming one makes everything sealed with it unreadable."""

    KEY_CHECK = "key-check"
    """HMAC over the workspace id, by which a wrong root key is recognised when a workspace is opened."""
    LIST_VALUE_SEAL = "list-value-seal"
    """AES-256-GCM over the listed values and over the secret that keys of keyless entries come from."""
    LIST_VALUE_LOOKUP = "list-value-lookup"
    """HMAC over (signal type, value): finds a listed value without storing it."""
    INDEX_LAYOUT = "index-layout"
    """32 bytes for the matching engine's bit permutation and mask: obfuscation, not encryption."""
    SCAN_STATE = "scan-state"
    """AES-256-GCM over what a resumable scan remembers between runs."""
    DJANGO_SECRET = "django-secret"  # noqa: S105 - a label
    """What the web framework signs sessions and one-time links with."""
    LEDGER_PSEUDONYM = "ledger-pseudonym"
    """HMAC over the ids of people, keys and records: what the ledger calls them."""
    LEDGER_SIGNING = "ledger-signing"
    """The private Ed25519 key that signs the ledger's heads. Only the process with the sequencer gets it."""
