"""Opens a bundle and says whether it is what was made, from the sealed file alone and without a network."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from safelight.bundle import layout
from safelight.bundle.description import Description
from safelight.bundle.readme import readme
from safelight.bundle.recipients import age_library
from safelight.bundle.signing import BundleVerifier
from safelight.bundle.summary import summary
from safelight.bundle.tarring import Untar
from safelight.errors import BundleDamaged, BundleError, BundleLocked, LedgerMalformed
from safelight.ledger.bundle import Bundle
from safelight.ledger.heads import HeadVerifier, SignedHead

_NO_KEY: Final = "No matching keys found"
_ITEM: Final = re.compile(r"items/[0-9]{4,6}", re.ASCII)


class In(Protocol):
    """Where the sealed bytes come from."""

    def read(self, most: int, /) -> bytes:
        """At most so many; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle says, and everything that does not hold, in plain words.

    ``signer`` is the fingerprint of the key that signed; it means something once it was compared with what
    the sender told by another way, which ``is_trusted`` says was done here.
    """

    description: Description
    signer: str
    ledger_origin: str
    is_trusted: bool
    files: int
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


def verify_bundle(source: In, identity: Any, *, signer: str = "") -> Verified:  # noqa: ANN401 - pyrage
    """Read a sealed bundle to its end; nothing is written anywhere.

    ``signer`` is the fingerprint that the sender told. Raises :class:`~safelight.errors.BundleLocked` and
    :class:`~safelight.errors.BundleDamaged`.
    """
    return _open(source, identity, _Collected()).verified(signer)


def unpack_bundle(source: In, identity: Any, into: Path, *, signer: str = "") -> Verified:  # noqa: ANN401
    """Verify while the files are written to a new directory that only this user reads.

    Where something does not hold, what was written is removed again. Raises as :func:`verify_bundle`, and
    ``OSError``.
    """
    into.mkdir(mode=0o700)
    taker = _Written(into)
    try:
        verified = _open(source, identity, taker).verified(signer)
    except BaseException:
        taker.remove()
        raise
    if not verified.is_whole:
        taker.remove()
    return verified


def _open(source: In, identity: Any, taker: _Collected) -> _Collected:  # noqa: ANN401 - pyrage has no types
    pyrage = age_library()
    bytes_in, sink = _Source(source), _Guarded(Untar(taker))
    try:
        pyrage.decrypt_io(bytes_in, sink, [identity])
    except (pyrage.DecryptError, OSError) as error:
        if (met := bytes_in.error or sink.error) is not None:
            raise met from None
        if _NO_KEY in str(error):
            raise BundleLocked(
                "The bundle is sealed to another key than this one, or its head was altered."
            ) from None
        raise BundleDamaged("The bundle was altered or cut short. Ask the sender for it anew.") from None
    sink.untar.finish()
    return taker


class _Source:
    """Keeps what the reader raised: the library's own refusal of altered bytes is an ``OSError`` too."""

    def __init__(self, source: In) -> None:
        self._source = source
        self.error: OSError | None = None

    def read(self, most: int = -1) -> bytes:
        try:
            return self._source.read(most)
        except OSError as error:
            self.error = error
            raise


class _Guarded:
    """Keeps what the writer raised, which the library drops."""

    def __init__(self, untar: Untar) -> None:
        self.untar = untar
        self.error: BaseException | None = None

    def write(self, piece: bytes) -> int:
        try:
            return self.untar.write(piece)
        except (BundleError, OSError) as error:
            self.error = error
            raise

    def flush(self) -> None:
        """Nothing is held back."""


@dataclass
class _Collected:
    """The texts of a bundle, and the digest of every file in it."""

    texts: dict[str, bytearray] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    _name: str = ""
    _digest: Any = None

    def begin(self, name: str, size: int) -> None:
        if name in self.digests:
            raise BundleDamaged(f"The bundle has {name} twice.")
        if name in layout.TEXTS:
            if size > layout.LARGEST_TEXT:
                raise BundleDamaged(f"{name} is larger than any that Safelight writes.")
            self.texts[name] = bytearray()
        elif not _ITEM.fullmatch(name):
            raise BundleDamaged(f"The bundle has {name!r}, which belongs to no bundle.")
        self._name, self._digest, self.sizes[name] = name, hashlib.sha256(), size

    def take(self, piece: bytes) -> None:
        self._digest.update(piece)
        if self._name in self.texts:
            self.texts[self._name] += piece

    def end(self) -> None:
        self.digests[self._name] = self._digest.hexdigest()

    def text(self, name: str) -> bytes:
        try:
            return bytes(self.texts[name])
        except KeyError:
            raise BundleDamaged(f"The bundle lacks {name}.") from None

    def verified(self, signer: str) -> Verified:
        told = Description.parse(self.text(layout.DESCRIPTION))
        key = BundleVerifier.parse(self.text(layout.SIGNING_KEY))
        found: list[str] = []
        sums = self.text(layout.SUMS)
        if not key.has_signed(self.text(layout.SIGNATURE), sums):
            found.append("SHA256SUMS was not signed with the key in the bundle.")
        if key.fingerprint != told.signer or (signer and key.fingerprint != signer.rstrip("=")):
            found.append(
                f"The bundle was signed with the key {key.fingerprint}, which is not the expected one."
            )
        if sums != self._expected_sums():
            found.append("The files are not those of SHA256SUMS.")
        found.extend(self._items_that_differ(told))
        if (
            self.text(layout.SUMMARY) != summary(told).encode()
            or self.text(layout.README) != readme(told).encode()
        ):
            found.append("The summary does not say what the description says.")
        origin = self._ledger(told, found)
        trusted = bool(signer) and not found
        return Verified(told, key.fingerprint, origin, trusted, len(self.digests), tuple(found))

    def _expected_sums(self) -> bytes:
        """In the order of the archive, as the writer wrote them."""
        unsigned = {layout.SUMS, layout.SIGNATURE, layout.SIGNING_KEY}
        lines = (f"{digest}  {name}\n" for name, digest in self.digests.items() if name not in unsigned)
        return "".join(lines).encode()

    def _items_that_differ(self, told: Description) -> list[str]:
        expected = {item.name: item for item in told.items if item.name is not None}
        there = {name for name in self.digests if name not in self.texts}
        found = [f"{name} is described and not there." for name in sorted(expected.keys() - there)]
        found += [f"{name} is there and not described." for name in sorted(there - expected.keys())]
        for name in sorted(there & expected.keys()):
            item = expected[name]
            if (self.digests[name], self.sizes[name]) != (item.digests.get("sha256"), item.size):
                found.append(f"{name} is not the file that is described.")
        return found

    def _ledger(self, told: Description, found: list[str]) -> str:
        """Hold the ledger's rows against their head, and the chain of custody against the rows."""
        try:
            rows = Bundle.parse(self.text(layout.LEDGER).decode())
            checkpoint = SignedHead.parse(self.text(layout.CHECKPOINT).decode())
        except (LedgerMalformed, UnicodeDecodeError) as error:
            raise BundleDamaged(f"The ledger's part of the bundle cannot be read. {error}") from None
        head = checkpoint.head
        key = HeadVerifier(head.origin, BundleVerifier.parse(self.text(layout.LEDGER_KEY)).public)
        found.extend(rows.problems([key]))
        beside = (self.text(layout.CHECKPOINT_SIGNED), self.text(layout.CHECKPOINT_SIGNATURE))
        if rows.head != checkpoint or beside != (head.to_text().encode(), checkpoint.signature):
            found.append("The signed heads in the bundle differ.")
        entries = {row.index: row.entry for row in rows.rows}
        for step in told.custody:
            entry = entries.get(step.row)
            if entry is None or (entry.at, entry.event, entry.actor, entry.subject) != (
                step.at, step.event, step.actor, step.subject,
            ):  # fmt: skip
                found.append(f"Row {step.row} of the chain of custody is not in the ledger as it is told.")
        return head.origin


class _Written(_Collected):
    """The same, written to a directory of its own."""

    def __init__(self, into: Path) -> None:
        super().__init__()
        self._into = into
        self._fd = -1

    def begin(self, name: str, size: int) -> None:
        super().begin(name, size)
        path = self._into / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def take(self, piece: bytes) -> None:
        super().take(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def end(self) -> None:
        super().end()
        os.close(self._fd)
        self._fd = -1

    def remove(self) -> None:
        """Everything that was written, and the directory."""
        if self._fd >= 0:
            os.close(self._fd)
        for path in sorted(self._into.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self._into.rmdir()
