"""Sealing while content streams in, so that an object of any size needs the memory of two chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from uuid import UUID

from safelight.vault.format import (
    CHUNK,
    TRAILER_NONCE,
    Contents,
    Header,
    chunk_binding,
    chunk_nonce,
    trailer_binding,
)
from safelight.vault.object_key import ObjectKey


class Sealing:
    """One content being sealed under a key made for it: iterate once, and the sealed bytes come out.

    The key is made here and serves this one pass only, because a counted nonce must never meet a second
    content. Whatever ``pieces`` raises passes through; the object then lacks its trailer and never opens.
    """

    def __init__(self, object_id: UUID, pieces: Iterable[bytes], *, chunk_size: int = CHUNK) -> None:
        """``pieces`` may have any sizes, empty ones included."""
        self.object_id = object_id
        self.key = ObjectKey.generate()
        self._header = Header(object_id, self.key.identity(object_id), chunk_size)
        self._pieces: Iterable[bytes] | None = pieces
        self._contents: Contents | None = None

    @property
    def contents(self) -> Contents:
        """Length and digest of what was sealed; only once everything has been read."""
        if self._contents is None:
            raise RuntimeError("the object has not been sealed to its end")
        return self._contents

    def __iter__(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, None
        if pieces is None:
            raise RuntimeError("a content is sealed once; make another Sealing for another pass")
        return self._sealed(pieces)

    def _sealed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        header = self._header.to_bytes()
        cipher = self.key.cipher(self.object_id)
        digest, length = hashlib.sha256(), 0
        yield header
        for index, (chunk, last) in enumerate(_rechunked(pieces, self._header.chunk_size)):
            digest.update(chunk)
            length += len(chunk)
            yield cipher.encrypt(chunk_nonce(index), chunk, chunk_binding(header, index, last=last))
        contents = Contents(length, digest.digest())
        yield cipher.encrypt(TRAILER_NONCE, contents.to_bytes(), trailer_binding(header))
        self._contents = contents


def _rechunked(pieces: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in chunks of ``size``, each with whether it is the last; always at least one."""
    held = bytearray()
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if len(held) == size:
                yield bytes(held), False
                held.clear()
            taken = rest[: size - len(held)]
            held += taken
            rest = rest[len(taken) :]
    yield bytes(held), True
