"""Asking the vault process; it may be killed and restarted at any time, so every question is asked again."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Final

from safelight.server.vault.errors import VaultUnreachable
from safelight.server.vault.wire import (
    LONGEST_ANSWER,
    LONGEST_READ,
    HeldKeys,
    Malformed,
    Operation,
    Request,
    is_same_user,
    opened,
    receive,
    send,
)
from safelight.vault.wrapping import KeyRecord

RUN_VARIABLE: Final = "SAFELIGHT_RUN"
"""The supervisor's run directory, mode 0700, with a path short enough for Unix sockets (107 bytes)."""
SOCKET: Final = "vault.sock"
_PAUSE: Final = 0.1


def run_path() -> Path:
    """The run directory. Raises :class:`VaultUnreachable` in a process that no server started."""
    try:
        return Path(os.environ[RUN_VARIABLE])
    except KeyError:
        raise VaultUnreachable("This process is of no running server. Start `safelight serve`.") from None


def socket_path() -> Path:
    """Where the vault process listens."""
    return run_path() / SOCKET


class VaultClient:
    """Questions to the vault process. Each opens a connection of its own; safe to use from any thread."""

    def __init__(self, path: Path, *, patience: float = 15.0, slowest: float = 60.0) -> None:
        """Wait ``patience`` seconds for a vault that restarts, and ``slowest`` for one answer."""
        self._path = path
        self._patience = patience
        self._slowest = slowest

    def keys(self) -> HeldKeys:
        """Which keys the vault holds. Raises :class:`VaultUnreachable`."""
        return HeldKeys.parse(self._ask(Request(Operation.KEYS), self._slowest))

    def read(self, record: KeyRecord, start: int, length: int) -> bytes:
        """A range of the content; like a file, it ends early at the content's end.

        Raises :class:`VaultUnreachable`, and what :class:`~safelight.vault.opening.OpenedObject` raises.
        """
        found = bytearray()
        while len(found) < length:
            asked = min(length - len(found), LONGEST_READ)
            piece = self._ask(Request(Operation.READ, record, start + len(found), asked), self._slowest)
            found += piece
            if len(piece) < asked:
                break
        return bytes(found)

    def verify(self, record: KeyRecord) -> None:
        """Have the whole object read and proven; raises as :meth:`read`."""
        self._ask(Request(Operation.VERIFY, record), timeout=None)

    def rewrap(self, record: KeyRecord) -> KeyRecord:
        """The same object key, wrapped to the vault's current key; raises as :meth:`read`."""
        raw = self._ask(Request(Operation.REWRAP, record), self._slowest)
        return KeyRecord.parse(record.object_id, raw)

    def _ask(self, request: Request, timeout: float | None) -> bytes:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return opened(self._once(request, timeout))
            except (OSError, Malformed) as error:
                if time.monotonic() >= deadline:
                    raise VaultUnreachable(
                        f"The vault process does not answer at {self._path}. It is restarted by itself; try "
                        "again, and look at its log if this goes on."
                    ) from error
            time.sleep(_PAUSE)

    def _once(self, request: Request, timeout: float | None) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(self._path))
            if not is_same_user(connection):
                raise Malformed("another user listens there")
            send(connection, request.to_bytes())
            return receive(connection, LONGEST_ANSWER)
