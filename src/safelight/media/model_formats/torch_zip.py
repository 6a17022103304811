"""PyTorch's ``.ckpt`` and ``.pt``: a ZIP archive with a raw member a tensor's storage. Nothing is unpickled.

The pickle beside them only tells the element types, and is read by disassembly: its opcodes are listed, never
carried out.
"""

from __future__ import annotations

import codecs
import pickletools
import re
import zipfile
from typing import IO, Final, cast

from safelight.media.descriptor import Descriptor
from safelight.media.model_formats.layout import MAX_TENSORS, Bounded, Layout, Malformed, Range, in_bounds

MAX_PICKLE: Final = 64 << 20

_DTYPES: Final = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
_BESIDE: Final = re.compile(
    r"/(?:(?:data|constants)\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data/.*)$|/$"
)
"""What ``torch.save`` writes beside tensors. Anything else could be of any kind."""
_LOCAL_HEADER: Final = 30
for _encoding in ("ascii", "cp437", "latin-1", "raw-unicode-escape", "unicode-escape", "utf-8"):
    codecs.lookup(_encoding)  # a child has no file system to load them from
_STRINGS: Final = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINUNICODE8"})


def layout(fd: int) -> Layout:
    """The storages of a PyTorch archive. Raises :class:`Malformed` where it is no such archive."""
    file = Bounded(fd)
    try:
        with zipfile.ZipFile(cast("IO[bytes]", Descriptor(fd))) as archive:
            members = archive.infolist()
            faults = []
            if len(members) > MAX_TENSORS:
                faults.append(f"more than {MAX_TENSORS:,} members; the first ones were hashed")
            dtypes = _dtypes(archive, members)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise Malformed("the archive of the model cannot be read") from error
    ranges = []
    for member in members[:MAX_TENSORS]:
        folder, _, number = member.filename.rpartition("/")
        if folder.rpartition("/")[2] != "data" or not number:
            if not _BESIDE.search(member.filename):
                faults.append("it holds members that are no part of a model, and were not looked at")
            continue
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            faults.append("a tensor is compressed or encrypted, and was not hashed")
            continue
        file.at = member.header_offset
        try:
            header = file.take(_LOCAL_HEADER)
        except Malformed:
            faults.append("a tensor lies outside the file")
            continue
        begin = file.at + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        ranges.append(Range(member.filename, dtypes.get(number), begin, member.file_size))
    kept, wrong = in_bounds(ranges, 0, file.size)
    return Layout(tuple(kept), tuple(dict.fromkeys((*faults, *wrong))))


def _dtypes(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, str]:
    """The element type of each storage by its number, as far as the pickle tells."""
    pickle = next((m for m in members if m.filename.endswith("/data.pkl")), None)
    if pickle is None or pickle.file_size > MAX_PICKLE:
        return {}
    found: dict[str, str] = {}
    try:
        with archive.open(pickle) as opened:
            code = opened.read(MAX_PICKLE)
        _disassemble(code, found)
    except Exception:  # noqa: BLE001 - a stranger's pickle; element types are a help, not needed
        return found
    return found


def _disassemble(code: bytes, found: dict[str, str]) -> None:
    """A storage's persistent id is the tuple ('storage', class, number, device, size)."""
    memo: dict[int, str] = {}
    strings: list[str] = []
    last = dtype = ""
    for opcode, argument, _ in pickletools.genops(code):
        name = opcode.name
        if name in _STRINGS:
            last = str(argument)
            strings = [*strings[-7:], last]
        elif name in {"GLOBAL", "STACK_GLOBAL"}:
            last = str(argument).rpartition(" ")[2] if argument else (strings or [""])[-1]
            dtype = _DTYPES.get(last, dtype)
        elif name in {"BINPUT", "LONG_BINPUT", "PUT"}:
            memo[int(argument or 0)] = last
        elif name == "MEMOIZE":
            memo[len(memo)] = last
        elif name in {"BINGET", "LONG_BINGET", "GET"}:
            last = memo.get(int(argument or 0), "")
            dtype = _DTYPES.get(last, dtype)
            strings = [*strings[-7:], last]
        elif name in {"BINPERSID", "PERSID"}:
            found.update({s: dtype for s in strings[-3:] if s.isdigit() and dtype})
