"""The keys that one process was given, and no others: a web worker cannot open evidence.

The supervisor alone reads the root key. It hands each process the subkeys that process needs in an inherited,
sealed memory file; ``SAFELIGHT_KEYS_FD`` names it.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from safelight.errors import KeyMismatch, KeyMissing
from safelight.keys import Keyring, Purpose

KEYS_VARIABLE: Final = "SAFELIGHT_KEYS_FD"
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ProcessKeys:
    """Subkeys by root key id and purpose: a ring like :class:`~safelight.keys.Keyring`, and its own source.

    :meth:`subkey` refuses every purpose that was not given.
    """

    workspace: str
    primary_id: str
    subkeys: Mapping[str, Mapping[Purpose, bytes]] = field(repr=False)

    @classmethod
    def of(cls, keyring: Keyring, purposes: Iterable[Purpose]) -> Self:
        """The part of a ring that serves some purposes, for each of its root keys."""
        purposes = tuple(purposes)
        return cls(
            keyring.workspace,
            keyring.primary_id,
            {id_: {p: keyring.subkey(p, id_) for p in purposes} for id_ in keyring.ids()},
        )

    def ids(self) -> frozenset[str]:
        """The ids of every root key whose subkeys are held."""
        return frozenset(self.subkeys)

    def ids_in_order(self) -> tuple[str, ...]:
        """The same, the primary one first."""
        return (self.primary_id, *sorted(self.ids() - {self.primary_id}))

    def subkey(self, purpose: Purpose, id_: str | None = None) -> bytes:
        """32 bytes for one purpose, of the primary root key unless an id is given.

        Raises :class:`~safelight.errors.KeyMismatch` for a root key that was not there when this process
        started, and :class:`~safelight.errors.KeyMissing` for a purpose that it was not given.
        """
        of_root = self.subkeys.get(self.primary_id if id_ is None else id_)
        if of_root is None:
            raise KeyMismatch(
                f"This needs root key {id_}, which this process was not started with. After a rotation "
                "`safelight serve` must be started anew; `safelight keys check` shows which keys are there."
            )
        if purpose not in of_root:
            raise KeyMissing(f"This process was not given the key for {purpose}, and must not need it.")
        return of_root[purpose]

    def load(self) -> Self:
        """Itself: what was handed over does not change while a process runs."""
        return self

    def to_memory(self) -> int:
        """An inheritable descriptor of a sealed memory file that :meth:`from_memory` reads."""
        content = {
            "workspace": self.workspace,
            "primary": self.primary_id,
            "subkeys": {
                id_: {str(purpose): key.hex() for purpose, key in held.items()}
                for id_, held in self.subkeys.items()
            },
        }
        fd = os.memfd_create("keys", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.write(fd, json.dumps(content).encode())
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        return fd

    @classmethod
    def from_memory(cls, fd: int) -> Self:
        """Read what the supervisor wrote."""
        content = json.loads(os.pread(fd, _LARGEST, 0))
        return cls(
            content["workspace"],
            content["primary"],
            {
                id_: {Purpose(purpose): bytes.fromhex(key) for purpose, key in held.items()}
                for id_, held in content["subkeys"].items()
            },
        )


@functools.cache
def process_keys() -> ProcessKeys:
    """The keys handed to this process; read once. Raises :class:`~safelight.errors.KeyMissing`."""
    try:
        fd = int(os.environ[KEYS_VARIABLE])
    except (KeyError, ValueError):
        raise KeyMissing("This process was given no keys: only `safelight serve` starts it.") from None
    os.set_inheritable(fd, False)
    return ProcessKeys.from_memory(fd)
