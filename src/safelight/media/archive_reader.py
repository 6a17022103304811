"""Takes archives apart with libarchive; runs in a sandboxed child, on a descriptor.

The warm parent imports this module. libarchive calls back for every read, and a callback needs an executable
page, which a child may not map: those here are made once, with the module. A member that cannot be read costs
itself, not those behind it, as far as the format lets us step over it.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import stat
from collections.abc import Iterator
from itertools import islice
from typing import Final

from safelight.media.rar_locks import locked_members
from safelight.media.seven_names import member_names
from safelight.types import UnscannedReason

try:
    from libarchive import ffi
    from libarchive.exception import ArchiveError
except (ImportError, OSError, TypeError, AttributeError):  # no package, or no library: find_library gave None
    ffi = None

    class ArchiveError(Exception):  # type: ignore[no-redef]  # so that the except clauses have a name
        """Never raised without the library."""


MISSING: Final = "libarchive is not installed; apt-get install libarchive13, and safelight[media]"

FORMATS: Final = ("zip", "7zip", "tar", "rar", "rar5", "cab")
FILTERS: Final = ("gzip", "bzip2", "xz", "lzma", "zstd", "lz4", "compress")
"""What is tried. No filter that runs a program."""

BOMB_RATIO: Final = 200
BOMB_FLOOR: Final = 50 << 20
"""A member that unpacks to more than 50 MiB and to 200 times what was read for it is not read on."""

MAX_UNREAD: Final = 1_000
"""Members behind a locked one that are named; that there are such is said whatever their number."""

MAX_RETRIES: Final = 100
"""How often an archive is opened anew to go on behind a member at which libarchive gave up."""

_INPUT: Final = 256 << 10
_HOLE: Final = 1 << 20

_KINDS: Final = {
    stat.S_IFLNK: "a symbolic link, which is not followed",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


class _Source:
    """The archive's bytes, for the callbacks: there is one archive a process."""

    fd = -1
    size = 0
    at = 0
    buffer = ctypes.create_string_buffer(_INPUT)


def _read(_archive: int, _data: int, into: ctypes._Pointer[ctypes.c_void_p]) -> int:
    try:
        piece = os.pread(_Source.fd, _INPUT, _Source.at)
    except OSError:
        return -1
    ctypes.memmove(_Source.buffer, piece, len(piece))
    into[0] = ctypes.cast(_Source.buffer, ctypes.c_void_p)
    _Source.at += len(piece)
    return len(piece)


def _seek(_archive: int, _data: int, offset: int, whence: int) -> int:
    start = {os.SEEK_SET: 0, os.SEEK_CUR: _Source.at, os.SEEK_END: _Source.size}.get(whence, 0)
    if not 0 <= start + offset <= _Source.size:
        return ffi.ARCHIVE_FATAL if ffi else -30
    _Source.at = start + offset
    return _Source.at


def _skip(_archive: int, _data: int, wanted: int) -> int:
    step = max(0, min(wanted, _Source.size - _Source.at))
    _Source.at += step
    return step


if ffi:
    logging.getLogger("libarchive").disabled = True
    _SKIP = ctypes.CFUNCTYPE(ctypes.c_longlong, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_longlong)
    _on_read, _on_seek, _on_skip = ffi.READ_CALLBACK(_read), ffi.SEEK_CALLBACK(_seek), _SKIP(_skip)
    _set_skip = ffi.ffi("read_set_skip_callback", [ffi.c_archive_p, _SKIP], ctypes.c_int, ffi.check_int)
    _is_encrypted = ffi.ffi("entry_is_encrypted", [ffi.c_archive_entry_p], ctypes.c_int)
    _formats = [ffi.get_read_format_function(name) for name in FORMATS]
    _filters = [ffi.get_read_filter_function(name) for name in FILTERS]
    _support_raw = ffi.get_read_format_function("raw")


def unpack(
    fd: int,
    *,
    max_pixels: int,  # noqa: ARG001 - what every decoder is given
    max_parts: int,  # noqa: ARG001
    payload: bytes = b"{}",
) -> Iterator[str | bytes]:
    """Yield every member of an archive: its name, its bytes, its end; then ``end``.

    The payload is JSON: ``stream`` says that the file may be one compressed file rather than an archive,
    ``max_member_bytes`` when to give a member up; ``only`` is the one member that is wanted (from 1).
    """
    told = json.loads(payload)
    _Source.fd, _Source.size = fd, os.fstat(fd).st_size
    if ffi is None:
        yield _problem(UnscannedReason.NOT_INSTALLED, MISSING)
        yield json.dumps({"end": {"parts": 0}})
        return
    most = int(told.get("max_member_bytes", 1 << 30))
    reader = _Reader(bool(told.get("stream")), most, told.get("only"))
    yield from reader.everything()
    yield json.dumps({"end": {"parts": reader.parts}})


class _Reader:
    """One archive, opened as often as it takes to get past its bad members."""

    def __init__(self, stream: bool, max_member_bytes: int, only: int | None = None) -> None:
        self._stream = stream
        self._max_member_bytes = max_member_bytes
        self._only = only
        self._only_stream = False
        self._next = 0
        self._met = 0
        self._told: set[str] = set()
        self._locked = locked_members(_Source.fd)
        self._seen: set[str] = set()
        self.parts = 0

    def everything(self) -> Iterator[str | bytes]:
        yield from self._passes()
        if not self._next and self._stream:
            self._only_stream = True  # bytes that look like an archive without members
            yield from self._passes()
        if not self._next and not self._told:
            yield _problem(UnscannedReason.EMPTY, "it holds no members that can be read")

    def _passes(self) -> Iterator[str | bytes]:
        for _ in range(MAX_RETRIES):
            before = self._next
            try:
                yield from self._pass()
            except ArchiveError as error:
                problem = _problem(_reason(error), self._ended(error))
                if problem not in self._told:
                    self._told.add(problem)
                    yield problem
                    if self._is_behind_lock(error):
                        yield from self._unread()
            except _Broken:
                if self._next > before and not self._has_it():
                    continue
            break
        else:
            detail = f"more than {MAX_RETRIES} members at which reading broke off"
            yield _problem(UnscannedReason.DAMAGED, detail)

    def _ended(self, error: ArchiveError) -> str:
        """What is said of an archive that ends in an error, which is of no member."""
        if self._is_behind_lock(error):
            return (
                "libarchive reads no further than a member that needs a password; "
                "what lies behind it was not read"
            )
        return f"the archive cannot be read on: {_text(error)}"

    def _is_behind_lock(self, error: ArchiveError) -> bool:
        return self._next > 0 and _reason(error) is UnscannedReason.ENCRYPTED

    def _unread(self) -> Iterator[str]:
        """Members of a 7z that libarchive came to no more, each by its name."""
        unread = (name for name in map(_label, member_names(_Source.fd)) if name not in self._seen)
        for name in islice(unread, MAX_UNREAD):
            detail = "not read: it lies behind a member that needs a password"
            yield _problem(UnscannedReason.ENCRYPTED, detail, name)

    def _pass(self) -> Iterator[str | bytes]:
        """From the archive's beginning to its end, the members known already left out."""
        _Source.at = 0
        archive = ffi.read_new()
        try:
            for support in (*_filters, *(() if self._only_stream else _formats)):
                support(archive)
            if self._stream:
                _support_raw(archive)
            ffi.read_set_seek_callback(archive, _on_seek)
            _set_skip(archive, _on_skip)
            ffi.read_open(archive, None, ffi.NO_OPEN_CB, _on_read, ffi.NO_CLOSE_CB)
            entry, number = ctypes.c_void_p(), 0
            while ffi.read_next_header(archive, ctypes.byref(entry)) != ffi.ARCHIVE_EOF:
                if self._stream and ffi.filter_count(archive) < 2:
                    yield _problem(UnscannedReason.DAMAGED, "the compressed stream is not one")
                    self._next = max(self._next, 1)
                    return
                number += 1
                if number > self._next:
                    self._next = number
                    yield from self._member(archive, entry, number)
                if self._has_it():
                    return
        finally:
            ffi.read_free(archive)

    def _member(self, archive: int, entry: ctypes.c_void_p, number: int) -> Iterator[str | bytes]:
        name = _name(entry, number)
        self._seen.add(name)
        kind = stat.S_IFMT(ffi.entry_filetype(entry))
        if kind == stat.S_IFDIR:
            return
        what = "a link to another member" if ffi.entry_hardlink(entry) else _KINDS.get(kind)
        if what:
            yield _problem(UnscannedReason.NOT_A_FILE, what, name)
            return
        if _is_encrypted(entry) or name in self._locked:
            yield _problem(UnscannedReason.ENCRYPTED, "the member needs a password", name)
            return
        self._met += 1
        if self._only not in (None, self._met):
            return
        self.parts += 1
        yield json.dumps({"member": {"name": name}})
        trouble = broken = None
        began, done = _Source.at, 0
        block, size, offset = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_longlong()
        try:
            while trouble is None:
                got = ffi.read_data_block(
                    archive, ctypes.byref(block), ctypes.byref(size), ctypes.byref(offset)
                )
                if got == ffi.ARCHIVE_EOF:
                    break
                while done < offset.value and trouble is None:  # a hole in a sparse member
                    hole = bytes(min(_HOLE, offset.value - done))
                    done += len(hole)
                    yield hole
                    trouble = self._too_much(done, abs(_Source.at - began))
                if size.value and trouble is None:
                    done += size.value
                    yield ctypes.string_at(block, size.value)
                    trouble = self._too_much(done, abs(_Source.at - began))
                if got == ffi.ARCHIVE_WARN:
                    trouble = UnscannedReason.DAMAGED, _said(archive) or "its bytes do not fit its checksum"
        except ArchiveError as error:
            broken = error
            trouble = _reason(error), _text(error)
        yield json.dumps({"member_end": {"whole": trouble is None}})
        if trouble:
            yield _problem(*trouble, name)
        if broken and broken.retcode == ffi.ARCHIVE_FATAL:
            raise _Broken

    def _has_it(self) -> bool:
        """Whether the only member that is wanted was found."""
        return self._only is not None and self._met >= self._only

    def _too_much(self, done: int, consumed: int) -> tuple[UnscannedReason, str] | None:
        if done > self._max_member_bytes:
            return UnscannedReason.TOO_LARGE, f"more than {self._max_member_bytes:,} bytes"
        if done > BOMB_FLOOR and done > BOMB_RATIO * (consumed + _INPUT):
            return UnscannedReason.TOO_LARGE, f"it unpacks to more than {BOMB_RATIO} times its size"
        return None


class _Broken(Exception):
    """libarchive reads no further in this pass."""


def _name(entry: ctypes.c_void_p, number: int) -> str:
    raw = ffi.entry_pathname(entry)
    wide = None if raw else ffi.entry_pathname_w(entry)
    name = raw.decode("utf-8", "replace") if raw else wide
    return _label(name) if name else f"member-{number}"


def _label(name: str) -> str:
    """A label only: never a path, however much it looks like one."""
    return _clean(name)[:1024]


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _reason(error: ArchiveError) -> UnscannedReason:
    text = _text(error).lower()
    if "encrypt" in text or "passphrase" in text or "password" in text:
        return UnscannedReason.ENCRYPTED
    if "truncated" in text or "end of file" in text or "premature" in text:
        return UnscannedReason.TRUNCATED
    if "allocate" in text or "memory" in text:
        return UnscannedReason.OUT_OF_MEMORY
    return UnscannedReason.DAMAGED


def _text(error: ArchiveError) -> str:
    text = getattr(error, "msg", None) or "libarchive does not say why"
    return _clean(text if isinstance(text, str) else text.decode("utf-8", "replace"))[:150]


def _said(archive: int) -> str:
    return _clean((ffi.error_string(archive) or b"").decode("utf-8", "replace"))[:150]


def _problem(reason: UnscannedReason, detail: str, member: str | None = None) -> str:
    body = {"reason": reason.value, "detail": detail[:200], "member": member}
    return json.dumps({"problem": body})
