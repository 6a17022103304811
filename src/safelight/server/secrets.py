"""The keys that one process was given, and no others: a web worker cannot open evidence.

The supervisor alone reads the root keys. It hands each process the subkeys that this process needs in an
inherited memory file, which ``SAFELIGHT_KEYS_FD`` names.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from safelight.errors import KeyMismatch
from safelight.keys import Keyring, Purpose

KEYS_VARIABLE: Final = "SAFELIGHT_KEYS_FD"


@dataclass(frozen=True, slots=True)
class ProcessKeys:
    """Subkeys of some purposes under every root key of the ring; asked like the ring itself."""

    workspace: str
    primary_id: str
    subkeys: Mapping[tuple[Purpose, str], bytes] = field(repr=False)

    @classmethod
    def of(cls, ring: Keyring, purposes: Iterable[Purpose]) -> Self:
        """The part of a ring that a process with these purposes needs."""
        subkeys = {(what, key.id): ring.subkey(what, key.id) for what in purposes for key in ring.keys}
        return cls(ring.workspace, ring.primary_id, subkeys)

    def ids(self, purpose: Purpose) -> tuple[str, ...]:
        """The root keys that this purpose's subkeys are held of, the primary one first."""
        held = [id_ for what, id_ in self.subkeys if what is purpose]
        return tuple(sorted(held, key=lambda id_: id_ != self.primary_id))

    def subkey(self, purpose: Purpose, id_: str | None = None) -> bytes:
        """32 bytes for one purpose, of the primary root key unless an id is given.

        Raises :class:`~safelight.errors.KeyMismatch` for what this process was not given.
        """
        try:
            return self.subkeys[purpose, self.primary_id if id_ is None else id_]
        except KeyError:
            raise KeyMismatch(
                f"This process was not given the key for {purpose}. Start it by `safelight serve`, which "
                "gives every process what it needs."
            ) from None

    def to_json(self) -> str:
        """As it is handed over."""
        held = [[purpose, id_, key.hex()] for (purpose, id_), key in self.subkeys.items()]
        return json.dumps({"workspace": self.workspace, "primary_id": self.primary_id, "subkeys": held})

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read :meth:`to_json` back."""
        told = json.loads(text)
        held = {(Purpose(purpose), id_): bytes.fromhex(key) for purpose, id_, key in told["subkeys"]}
        return cls(told["workspace"], told["primary_id"], held)


def hand_over(keys: ProcessKeys) -> int:
    """A memory file with the keys, for one child to inherit; its number goes to :data:`KEYS_VARIABLE`."""
    descriptor = os.memfd_create("safelight-keys")
    with open(descriptor, "w", encoding="ascii", closefd=False) as file:
        file.write(keys.to_json())
    return descriptor


@functools.cache
def process_keys() -> ProcessKeys:
    """The keys that were handed to this process."""
    descriptor = int(os.environ[KEYS_VARIABLE])
    return ProcessKeys.parse(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
