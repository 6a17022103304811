"""What other rooms ask of the vault."""

from __future__ import annotations

from safelight.server.vault.clocks import (
    Alarm,
    alarms,
    dispute,
    extend,
    hold,
    release,
    request_destruction,
    ruling,
    stands,
)
from safelight.server.vault.decided import stand_as_decided
from safelight.server.vault.destroying import (
    Purged,
    destroy_unneeded,
    purge_once,
    refuse_untrusted_clock,
    replay_destructions,
)
from safelight.server.vault.keys import prove_keys
from safelight.server.vault.orphans import remove_orphans_once
from safelight.server.vault.preserving import on_receipt
from safelight.server.vault.reading import read, stream
from safelight.server.vault.rotating import rewrap_once
from safelight.server.vault.sealing import keep, live_object, seal, store_sealed

__all__ = [
    "Alarm",
    "Purged",
    "alarms",
    "destroy_unneeded",
    "dispute",
    "extend",
    "hold",
    "keep",
    "live_object",
    "on_receipt",
    "prove_keys",
    "purge_once",
    "read",
    "refuse_untrusted_clock",
    "release",
    "remove_orphans_once",
    "replay_destructions",
    "request_destruction",
    "rewrap_once",
    "ruling",
    "seal",
    "stand_as_decided",
    "stands",
    "store_sealed",
    "stream",
]
