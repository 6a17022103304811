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
    """Signs sessions, forms and links of the server's pages."""
    RECORD_SEAL = "record-seal"
    """AES-256-GCM over what the server's records keep secret: observations, account ids, texts, notes."""
    RECORD_LOOKUP = "record-lookup"
    """HMAC by which a sealed record is found again: an item by its SHA-256, an account by its id."""
    LEDGER_PSEUDONYM = "ledger-pseudonym"
    """HMAC that turns the ids of actors and subjects into the ledger's pseudonyms."""
    LEDGER_SIGNING = "ledger-signing"
    """Seed of the Ed25519 key that signs the ledger's heads; only the sequencer's process gets it."""
    BUNDLE_SIGNING = "bundle-signing"
    """Seed of the Ed25519 key that signs evidence bundles; only the job worker's process gets it."""
    VAULT_PRIVATE = "vault-private"
    """What opens evidence; only the vault's process gets it, never one that talks to the network."""
