"""The doubles that intake is given in these tests."""

from __future__ import annotations

from intake_doubles import keys, scanner, sender, spool, vault

__all__ = ["keys", "scanner", "sender", "spool", "vault"]
