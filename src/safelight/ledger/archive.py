"""Heads kept elsewhere, where whoever can rewrite the database cannot reach them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from safelight.durable import sync_directory
from safelight.errors import LedgerError
from safelight.ledger.heads import SignedHead


class HeadArchive(Protocol):
    """Takes signed heads in, and gives them back for verification."""

    def write(self, head: SignedHead) -> None:
        """Keep a head, durably when this returns. Raises :class:`~safelight.errors.LedgerError`."""
        ...

    def __iter__(self) -> Iterator[SignedHead]:
        """Every head, smallest tree first. Raises :class:`~safelight.errors.LedgerMalformed`."""
        ...


class DirectoryArchive:
    """One file a tree size, never overwritten; the directory is best a mount from another machine."""

    def __init__(self, directory: Path) -> None:
        """``directory`` must exist."""
        self._directory = directory

    def write(self, head: SignedHead) -> None:
        """See the protocol. Another root for a size that is kept is refused: the ledger was rewritten."""
        path = self._directory / f"{head.head.size:020d}.head"
        partial = self._directory / f".partial-{secrets.token_hex(8)}"
        try:
            try:
                with partial.open("x", encoding="utf-8") as file:
                    file.write(head.to_text())
                    file.flush()
                    os.fsync(file.fileno())
                os.link(partial, path)
            except FileExistsError:
                self._must_agree(head, path)
            finally:
                partial.unlink(missing_ok=True)
            sync_directory(self._directory)
        except OSError as error:
            raise LedgerError(
                f"A tree head could not be kept in {self._directory}: {error.strerror}. Check the mount."
            ) from error

    def __iter__(self) -> Iterator[SignedHead]:
        for path in sorted(self._directory.glob("*.head")):
            yield SignedHead.parse(path.read_text(encoding="utf-8"))

    def _must_agree(self, head: SignedHead, path: Path) -> None:
        kept = SignedHead.parse(path.read_text(encoding="utf-8"))
        if kept.head.root != head.head.root:
            raise LedgerError(
                f"{path} holds another root for the same {head.head.size} rows: the ledger was rewritten. "
                "Keep both, stop the server and run `safelight ledger verify`."
            )
