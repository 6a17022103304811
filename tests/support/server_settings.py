"""The server's settings over a workspace made on the spot, for the tests and for mypy's Django plugin."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from safelight.ids import uuid7
from safelight.keys import Keyring, Purpose
from safelight.server.secrets import ProcessKeys

DIRECTORY = Path(tempfile.gettempdir()) / f"safelight-test-{secrets.token_hex(8)}"
"""The workspace, which the tests make and remove; mypy needs its name only."""

KEYS = ProcessKeys.of(Keyring.generate(uuid7()), Purpose)
"""Every purpose: tests of one process's limits make their own."""

_told = {"SAFELIGHT_WORKSPACE": str(DIRECTORY), "SAFELIGHT_KEYS_FD": str(KEYS.to_memory())}
_before = dict(os.environ)
try:
    for _name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        if _name != "SAFELIGHT_DATABASE_URL":
            del os.environ[_name]
    os.environ.update(_told)
    from safelight.server.settings import *  # noqa: F403
    from safelight.server.settings import DATABASES
finally:
    os.environ.clear()
    os.environ.update(_before)

# A file, not memory: threads of one test then meet the locks that processes meet.
DATABASES["default"]["TEST"] = (
    {} if "postgresql" in DATABASES["default"]["ENGINE"] else {"NAME": str(DIRECTORY / "test.sqlite3")}
)
# Threads of tests end with their connections closed; workers of the server keep theirs.
DATABASES["default"]["CONN_MAX_AGE"] = 0
