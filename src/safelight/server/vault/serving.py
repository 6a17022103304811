"""The vault process's own work: it alone holds the private keys, and answers over a Unix socket.

It knows no database: who may read what, and the ledger row that says so, are its caller's. Nothing is kept
between two requests, so it can be killed at any time, and a destroyed object cannot be read from a cache.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from safelight.errors import VaultError
from safelight.keys import Purpose, Ring
from safelight.server.vault.wire import (
    REQUEST_BYTES,
    HeldKeys,
    Malformed,
    Operation,
    Request,
    done,
    failed,
    is_same_user,
    receive,
    send,
)
from safelight.vault.evidence import open_sealed
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.wrapping import Keeper, WrappingKey

THREADS: Final = 16
_PATIENCE: Final = 10.0
"""Seconds that a caller may take to send its question or to take the answer."""
_WAKE: Final = 0.5


def keeper_of(ring: Ring) -> Keeper:
    """The vault's key pairs: one a root key, the primary's first, which is what is sealed to."""
    older = sorted(ring.ids() - {ring.primary_id})
    secrets = (ring.subkey(Purpose.VAULT_PRIVATE, id_) for id_ in (ring.primary_id, *older))
    return Keeper(WrappingKey(secret) for secret in secrets)


class VaultServer:
    """Listens on a socket of mode 0600 and answers processes of the same user."""

    def __init__(self, path: Path, keeper: Keeper, store: ObjectStore) -> None:
        """Takes the place of a socket that a killed vault left behind."""
        self._keeper, self._store = keeper, store
        self._stopping = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        draft = path.with_name(f".{os.getpid()}")
        draft.unlink(missing_ok=True)
        self._listener.bind(str(draft))
        draft.chmod(0o600)
        self._listener.listen(128)
        # Renamed when it listens already, so that nobody ever meets a socket without a listener in between.
        draft.rename(path)

    def serve(self, alive: Callable[[], None] = lambda: None) -> None:
        """Answer until :meth:`stop`, then finish what was begun. ``alive`` is called again and again."""
        self._listener.settimeout(_WAKE)
        with self._listener, ThreadPoolExecutor(THREADS, "vault") as threads:
            while not self._stopping.is_set():
                alive()
                with suppress(TimeoutError):
                    connection, _ = self._listener.accept()
                    threads.submit(self._attend, connection)

    def stop(self) -> None:
        """End :meth:`serve` soon; safe in a signal handler."""
        self._stopping.set()

    def _attend(self, connection: socket.socket) -> None:
        # A caller that leaves, stalls or talks nonsense loses its connection, and nobody else theirs.
        with connection, suppress(OSError, Malformed):
            connection.settimeout(_PATIENCE)
            if is_same_user(connection):
                send(connection, self._answer(receive(connection, REQUEST_BYTES)))

    def _answer(self, raw: bytes) -> bytes:
        try:
            return done(self._body(Request.parse(raw)))
        except VaultError as error:
            return failed(error)

    def _body(self, request: Request) -> bytes:
        if request.record is None:
            return HeldKeys(self._keeper.sealing_key, self._keeper.ids).to_bytes()
        match request.operation:
            case Operation.REWRAP:
                return self._keeper.rewrap(request.record).to_bytes()
            case Operation.VERIFY:
                open_sealed(self._store, self._keeper, request.record).verify()
                return b""
            case _:
                opened = open_sealed(self._store, self._keeper, request.record)
                return opened.read(request.start, request.length)
