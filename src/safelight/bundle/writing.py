"""Writes a bundle while the files stream out of the vault, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from safelight.bundle import layout
from safelight.bundle.description import Description
from safelight.bundle.readme import readme
from safelight.bundle.recipients import RecipientKey, age_library
from safelight.bundle.signing import BundleSigner, BundleVerifier
from safelight.bundle.summary import summary
from safelight.bundle.tarring import Member, tarred
from safelight.errors import BundleDamaged, UsageError
from safelight.ledger.bundle import Bundle
from safelight.ledger.heads import HeadVerifier


class Out(Protocol):
    """Where the sealed bytes go."""

    def write(self, piece: bytes, /) -> int:
        """Take them."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a bundle.

    ``items`` gives the pieces of each file that the description names, in its order; ``context`` is
    :class:`~safelight.bundle.context.CaseContext` as bytes, None where there is none.
    """

    description: Description
    ledger: Bundle
    ledger_key: HeadVerifier
    context: bytes | None
    items: Iterable[Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class SealedBundle:
    """What was written: the SHA-256 and size in bytes of the file, and the SHA-256 of its ``SHA256SUMS``."""

    sha256: str
    size: int
    sums_sha256: str


def write_bundle(out: Out, recipient: RecipientKey, signer: BundleSigner, content: Content) -> SealedBundle:
    """Write a bundle that only the recipient opens.

    Raises :class:`~safelight.errors.BundleDamaged` where a file is not what the description says, and
    whatever the items' pieces and ``out`` raise; what was written then opens for nobody.
    """
    told = content.description
    if told.recipient_fingerprint != recipient.fingerprint or told.signer != signer.verifier.fingerprint:
        raise UsageError("The bundle's description names another recipient or another signer.")
    archive = _Archive(content, signer)
    source, sink = _Source(archive.pieces()), _Hashing(out)
    pyrage = age_library()
    try:
        pyrage.encrypt_io(source, sink, [recipient.age()])
    except pyrage.EncryptError:
        # The library drops what its two ends raised, and that is what matters.
        if (error := source.error or sink.error) is not None:
            raise error from None
        raise
    return SealedBundle(sink.digest.hexdigest(), sink.size, archive.sums_sha256)


class _Archive:
    """The archive in pieces; it hashes what it gives, and the sums of it come last."""

    def __init__(self, content: Content, signer: BundleSigner) -> None:
        self._content, self._signer = content, signer
        self._sums: list[str] = []
        self.sums_sha256 = ""

    def pieces(self) -> Iterator[bytes]:
        return tarred(self._members())

    def _members(self) -> Iterator[Member]:
        told = self._content.description
        for name, text in _texts(self._content):
            self._sums.append(f"{hashlib.sha256(text).hexdigest()}  {name}\n")
            yield _member(name, text)
        inside = [item for item in told.items if item.name is not None]
        for item, pieces in zip(inside, self._content.items, strict=True):
            assert item.name is not None
            yield Member(item.name, item.size, self._proven(item.name, item.digests["sha256"], pieces))
        sums = "".join(self._sums).encode()
        self.sums_sha256 = hashlib.sha256(sums).hexdigest()
        yield _member(layout.SUMS, sums)
        yield _member(layout.SIGNATURE, self._signer.sign(sums))
        yield _member(layout.SIGNING_KEY, self._signer.verifier.to_pem())

    def _proven(self, name: str, sha256: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
            yield piece
        if digest.hexdigest() != sha256:
            raise BundleDamaged(
                f"{name} is not the file that was recorded. Run `safelight vault check`; nothing was "
                "handed out."
            )
        self._sums.append(f"{sha256}  {name}\n")


def _texts(content: Content) -> Sequence[tuple[str, bytes]]:
    told, head = content.description, content.ledger.head
    texts = [
        (layout.README, readme(told).encode()),
        (layout.SUMMARY, summary(told).encode()),
        (layout.DESCRIPTION, told.to_bytes()),
        (layout.LEDGER, content.ledger.to_json().encode()),
        (layout.CHECKPOINT, head.to_text().encode()),
        (layout.CHECKPOINT_SIGNED, head.head.to_text().encode()),
        (layout.CHECKPOINT_SIGNATURE, head.signature),
        (layout.LEDGER_KEY, BundleVerifier(content.ledger_key.public).to_pem()),
    ]
    if content.context is not None:
        texts.append((layout.CONTEXT, content.context))
    return texts


def _member(name: str, text: bytes) -> Member:
    return Member(name, len(text), (text,))


_NONE: Final = b""


class _Source:
    """Pieces of any size as something to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = memoryview(_NONE)
        self.error: Exception | None = None

    def read(self, most: int = -1) -> bytes:
        try:
            while not self._held:
                piece = next(self._pieces, None)
                if piece is None:
                    return _NONE
                self._held = memoryview(piece)
        except Exception as error:
            self.error = error
            raise
        taken = self._held if most < 0 else self._held[:most]
        self._held = self._held[len(taken) :]
        return bytes(taken)


class _Hashing:
    """Counts and hashes what passes through to the real place."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            written = self._out.write(piece)
        except Exception as error:
            self.error = error
            raise
        self.digest.update(memoryview(piece)[:written])
        self.size += written
        return written

    def flush(self) -> None:
        """Whoever opened the place flushes it."""
