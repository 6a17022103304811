"""The vault process: it alone is given the private keys, and it talks to nothing but its own socket."""

from __future__ import annotations

import signal

from safelight.server.config import load
from safelight.server.secrets import process_keys
from safelight.server.vault.client import socket_path
from safelight.server.vault.serving import VaultServer, keeper_of
from safelight.server.vault.stores import open_store
from safelight.vault.spool import forbid_core_dumps


def main() -> None:
    """Serve until SIGTERM, then finish what was asked before."""
    forbid_core_dumps()
    server = VaultServer(socket_path(), keeper_of(process_keys()), open_store(load()))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.serve()


if __name__ == "__main__":
    main()
