"""The one tar form that a bundle has, written and read while it streams; no other form is taken."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from safelight.bundle.layout import MOST_MEMBERS
from safelight.errors import BundleDamaged

_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A file to write: its name, its size in bytes, and its content in pieces."""

    name: str
    size: int
    pieces: Iterable[bytes]


def tarred(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive in pieces. Raises :class:`~safelight.errors.BundleDamaged` for content of another size."""
    for member in members:
        yield _header(member.name, member.size)
        written = 0
        for piece in member.pieces:
            written += len(piece)
            yield piece
        if written != member.size:
            raise BundleDamaged(
                f"{member.name} has {written} bytes in the store and {member.size} in the records. Run "
                "`safelight vault check`; nothing was handed out."
            )
        yield bytes(-written % _BLOCK)
    yield _END


class Taker(Protocol):
    """Takes the content of files as it comes."""

    def begin(self, name: str, size: int) -> None:
        """A file begins."""
        ...

    def take(self, piece: bytes) -> None:
        """More of it."""
        ...

    def end(self) -> None:
        """It ended."""
        ...


class Untar:
    """A writable that hands files to a :class:`Taker`; memory does not grow with them.

    Whatever our own writer would not have written, to the last byte, is refused with
    :class:`~safelight.errors.BundleDamaged`.
    """

    def __init__(self, taker: Taker) -> None:
        """Write the archive's bytes to it, then :meth:`finish`."""
        self._taker = taker
        self._held = bytearray()
        self._left = self._padding = self._members = 0
        self._inside = self._ended = False

    def write(self, piece: bytes) -> int:
        """Take bytes of the archive."""
        rest = memoryview(bytes(piece))
        while rest:
            rest = self._content(rest) if self._inside else self._fixed(rest)
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        """The archive ended. Raises :class:`~safelight.errors.BundleDamaged` unless it is complete."""
        if not self._ended or self._held or self._inside:
            raise BundleDamaged("The archive in the bundle was cut short.")

    def _content(self, rest: memoryview) -> memoryview:
        taken = rest[: self._left]
        self._taker.take(bytes(taken))
        self._left -= len(taken)
        self._close_if_whole()
        return rest[len(taken) :]

    def _fixed(self, rest: memoryview) -> memoryview:
        wanted = self._padding or (_BLOCK if (self._held or rest)[0] else len(_END))
        if self._ended:
            raise BundleDamaged("Something follows the archive in the bundle.")
        taken = rest[: wanted - len(self._held)]
        self._held += taken
        if len(self._held) == wanted:
            block, self._held = bytes(self._held), bytearray()
            if self._padding:
                self._pad(block)
            elif len(block) == len(_END):
                self._end(block)
            else:
                self._begin(block)
        return rest[len(taken) :]

    def _pad(self, block: bytes) -> None:
        if any(block):
            raise BundleDamaged("The archive in the bundle has bytes between its files.")
        self._padding = 0

    def _end(self, block: bytes) -> None:
        if any(block):
            raise BundleDamaged("The end of the archive in the bundle was altered.")
        self._ended = True

    def _begin(self, block: bytes) -> None:
        try:
            told = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            ours = _header(told.name, told.size) == block
        except (tarfile.TarError, ValueError):
            ours = False
        self._members += 1
        if not ours or self._members > MOST_MEMBERS:
            raise BundleDamaged("The archive in the bundle is not one that Safelight wrote.")
        self._taker.begin(told.name, told.size)
        self._inside, self._left, self._padding = True, told.size, -told.size % _BLOCK
        self._close_if_whole()

    def _close_if_whole(self) -> None:
        if self._left == 0:
            self._inside = False
            self._taker.end()


def _header(name: str, size: int) -> bytes:
    """A header without time or owner, so that the same content gives the same bytes."""
    if not 0 < len(name) <= _LONGEST_NAME or name.startswith("/") or ".." in name or size < 0:
        raise BundleDamaged("A file in a bundle has a short relative name.")
    told = tarfile.TarInfo(name)
    told.size, told.mode = size, 0o600
    return told.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")
