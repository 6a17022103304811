"""What the vault tells the ledger."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """What happened to a piece of evidence, or to the key it is sealed to."""

    EVIDENCE_SEALED = "evidence.sealed"
    EVIDENCE_READ = "evidence.read"
    EVIDENCE_STANDS = "evidence.stands"
    EVIDENCE_DISPUTED = "evidence.disputed"
    EVIDENCE_PRESERVED = "evidence.preserved"
    EVIDENCE_HELD = "evidence.held"
    EVIDENCE_RELEASED = "evidence.released"
    EVIDENCE_EXTENDED = "evidence.extended"
    EVIDENCE_DESTROYED = "evidence.destroyed"
    EVIDENCE_ABANDONED = "evidence.abandoned"
    VAULT_KEY_CHANGED = "vault.key_changed"
