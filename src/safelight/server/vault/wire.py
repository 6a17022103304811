"""What goes over the vault's socket: one request of a fixed size, one answer of a limited size.

Frame: length (4, big-endian) ‖ payload. Request: operation (1) ‖ object id (16) ‖ key record (89) ‖ start (8)
‖ length (4). Answer: status (1) ‖ body, which for a failure is the error's name, a line feed, its message.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self
from uuid import UUID

from safelight import errors
from safelight.errors import VaultError
from safelight.vault.wrapping import KeyRecord, SealingKey

LONGEST_READ: Final = 4 << 20
"""Bytes of content that one answer may carry; the client asks again for more."""
LONGEST_ANSWER: Final = LONGEST_READ + 1
RECORD_BYTES: Final = 89

_LENGTH: Final = struct.Struct(">I")
_REQUEST: Final = struct.Struct(f">B16s{RECORD_BYTES}sQI")
REQUEST_BYTES: Final = _REQUEST.size
_PEER: Final = struct.Struct("3i")
_KEY_ID: Final = 8


class Malformed(Exception):
    """The other side ended early, or sent what this protocol does not have."""


class Operation(IntEnum):
    """What the vault process is asked for."""

    KEYS = 1
    READ = 2
    VERIFY = 3
    REWRAP = 4


class Status(IntEnum):
    """How the request ended."""

    DONE = 0
    FAILED = 1


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``record`` is needed for all operations but ``KEYS``; the range only for ``READ``."""

    operation: Operation
    record: KeyRecord | None = None
    start: int = 0
    length: int = 0

    def to_bytes(self) -> bytes:
        """As it is sent."""
        object_id = self.record.object_id.bytes if self.record else bytes(16)
        record = self.record.to_bytes() if self.record else bytes(RECORD_BYTES)
        return _REQUEST.pack(self.operation, object_id, record, self.start, self.length)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises :class:`Malformed`, or :class:`~safelight.errors.KeyRecordDamaged` for the record in it."""
        try:
            operation, object_id, record, start, length = _REQUEST.unpack(raw)
            asked = Operation(operation)
        except (struct.error, ValueError):
            raise Malformed("not a request") from None
        if length > LONGEST_READ:
            raise Malformed("too long a range")
        if asked is Operation.KEYS:
            return cls(asked)
        return cls(asked, KeyRecord.parse(UUID(bytes=object_id), record), start, length)


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """The key that is sealed to at present, and the ids of every key pair the vault can open with."""

    current: SealingKey
    ids: frozenset[str]

    def to_bytes(self) -> bytes:
        """Public key (32), then key ids (8 each)."""
        return self.current.public + b"".join(bytes.fromhex(one) for one in sorted(self.ids))

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises :class:`Malformed`."""
        public, ids = raw[:32], raw[32:]
        if len(public) != 32 or not ids or len(ids) % _KEY_ID:
            raise Malformed("not a list of keys")
        found = (ids[start : start + _KEY_ID].hex() for start in range(0, len(ids), _KEY_ID))
        return cls(SealingKey(public), frozenset(found))


def done(body: bytes) -> bytes:
    """The answer to a request that succeeded."""
    return bytes([Status.DONE]) + body


def failed(error: VaultError) -> bytes:
    """The answer to one that did not."""
    return bytes([Status.FAILED]) + f"{type(error).__name__}\n{error}".encode()[:4096]


def opened(answer: bytes) -> bytes:
    """The body of an answer. Raises the error that the vault met, or :class:`Malformed`."""
    if not answer or answer[0] not in (Status.DONE, Status.FAILED):
        raise Malformed("not an answer")
    if answer[0] == Status.DONE:
        return answer[1:]
    name, _, message = answer[1:].decode(errors="replace").partition("\n")
    kind = getattr(errors, name, VaultError)
    raise (kind if isinstance(kind, type) and issubclass(kind, VaultError) else VaultError)(message)


def send(connection: socket.socket, payload: bytes) -> None:
    """Send one frame."""
    connection.sendall(_LENGTH.pack(len(payload)) + payload)


def receive(connection: socket.socket, longest: int) -> bytes:
    """Receive one frame. Raises :class:`Malformed` for one that is longer, or ends early."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > longest:
        raise Malformed(f"a frame of {length} bytes")
    return _exactly(connection, length)


def is_same_user(connection: socket.socket) -> bool:
    """Whether the process at the other end runs as this one's user, as the kernel tells."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    _pid, uid, _gid = _PEER.unpack(raw)
    return bool(uid == os.geteuid())


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        piece = connection.recv(min(length - len(received), 1 << 20))
        if not piece:
            raise Malformed("the connection ended early")
        received += piece
    return bytes(received)
