"""How intake hands bytes to the evidence vault: stored before the transaction, owned within it.

The bytes must be durable before any row says so, and storing them can take seconds, which no transaction may
hold its locks for. What a kill leaves in between no row names, and the vault's job removes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Protocol, TypeAlias

from safelight.server.intake.errors import NotReady
from safelight.server.intake.models import Item
from safelight.server.people.actors import Actor

UNSCANNED_FOR: Final = timedelta(days=7)
"""How long the bytes of a file that could not be scanned are kept, to scan them after all."""

StoredBytes: TypeAlias = Any
"""The vault's own record of bytes that are durable and that no row owns yet; intake only hands it back."""


class EvidenceVault(Protocol):
    """What intake needs of :mod:`safelight.server.vault.services`. A web process cannot read back."""

    def store_sealed(self, source_fd: int) -> StoredBytes:
        """Seal and store, durably, outside any transaction. Raises :class:`~safelight.errors.VaultError`."""
        ...

    def keep(self, sealed: StoredBytes, item: Item, *, actor: Actor) -> object:
        """Make them the item's evidence, in the current transaction.

        Where the item has evidence, that stays and these bytes go after the commit. Raises
        :class:`~safelight.errors.VaultError` when they have to be stored anew.
        """
        ...

    def live_object(self, item: Item) -> object | None:
        """The item's evidence, unless there is none or it was destroyed."""
        ...


_installed: Final[list[EvidenceVault]] = []


def install_vault(vault: EvidenceVault) -> None:
    """Give this process its vault; once, when it starts."""
    _installed[:] = [vault]


def evidence_vault() -> EvidenceVault:
    """This process's vault. Raises :class:`NotReady` in one that has none."""
    if not _installed:
        raise NotReady("This process has no evidence vault, so it takes nothing in.")
    return _installed[0]
