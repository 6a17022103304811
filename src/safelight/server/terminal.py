"""The server's records for a command on the terminal, opened by whoever holds the root key."""

from __future__ import annotations

import os
from typing import Final

from safelight.keys import Keyring, Purpose
from safelight.server.config import Config
from safelight.server.secrets import KEYS_VARIABLE, ProcessKeys

PURPOSES: Final = frozenset(
    {Purpose.DJANGO_SECRET, Purpose.RECORD_SEAL, Purpose.RECORD_LOOKUP, Purpose.LEDGER_PSEUDONYM}
)
"""What services need. A command that opens evidence or signs takes its key from the ring itself."""


def open_records(config: Config, keyring: Keyring) -> None:
    """Set Django up for the rest of this process; models can be imported from here on."""
    os.environ["SAFELIGHT_WORKSPACE"] = str(config.workspace)
    os.environ["SAFELIGHT_PORT"] = str(config.port)
    os.environ[KEYS_VARIABLE] = str(ProcessKeys.of(keyring, PURPOSES).to_memory())
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    import django  # noqa: PLC0415 - it reads the above

    django.setup()
