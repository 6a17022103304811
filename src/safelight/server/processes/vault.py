"""The vault process: it alone is given the private keys, and it talks to nothing but its own socket."""

from __future__ import annotations

import signal

from safelight.server.processes.beats import Beat
from safelight.server.processes.beginning import begin
from safelight.server.secrets import process_keys
from safelight.server.vault.client import socket_path
from safelight.server.vault.serving import VaultServer, keeper_of
from safelight.server.vault.stores import open_store


def main() -> None:
    """Serve until SIGTERM, then finish what was asked before."""
    config = begin("vault")
    server = VaultServer(socket_path(), keeper_of(process_keys()), open_store(config))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.serve(Beat())


if __name__ == "__main__":
    main()
