"""The doubles that intake is given in these tests."""

from __future__ import annotations

from intake_fixtures import arrive, keys, scanner, sender, spool, use_ring, vault
from list_fixtures import store

__all__ = ["arrive", "keys", "scanner", "sender", "spool", "store", "use_ring", "vault"]
