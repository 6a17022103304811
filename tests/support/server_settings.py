"""The server's settings over a workspace made on the spot, for the tests and for mypy's Django plugin."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.mkdtemp(prefix="safelight-test-"))
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)


def _keys_in_memory() -> int:
    """A memory file as the supervisor hands it over."""
    fd = os.memfd_create("keys")
    os.write(fd, json.dumps({"django_secret": secrets.token_hex(32)}).encode())
    return fd


_told = {"SAFELIGHT_WORKSPACE": str(DIRECTORY), "SAFELIGHT_KEYS_FD": str(_keys_in_memory())}
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
