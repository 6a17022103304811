"""7z and RAR with stored or locked members, by the formats' published descriptions.

No free program writes RAR. What is locked here is random bytes behind the headers of encryption: nobody has
the password, as nobody who scans has. ZIP and 7z that real programs locked are in `test_archives.py`.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Collection, Mapping
from typing import Final

_NOISE: Final = random.Random(7)
NOTHING: Final[Collection[str]] = ()

_COPY, _AES = b"\x01\x00", b"\x24\x06\xf1\x07\x01\x12\x53\x0f" + bytes(16)
"""Coders of 7z (7zFormat.txt, Methods.txt): length of the id, whether properties follow, id, properties."""


def seven(
    members: Mapping[str, bytes], locked: Collection[str] = NOTHING, *, locked_header: bool = False
) -> bytes:
    """7z, a folder for each member."""
    packed = [_noise(data) if name in locked else data for name, data in members.items()]
    coders = [_AES if name in locked else _COPY for name in members]
    names = b"\x00" + b"".join(f"{name}\0".encode("utf-16-le") for name in members)
    streams = _streams(0, [len(each) for each in packed], [len(d) for d in members.values()], coders)
    crcs = b"\x0a\x01" + b"".join(_crc(data) for data in members.values())
    files = b"\x05" + _seven(len(members)) + b"\x11" + _seven(len(names)) + names + b"\x00"
    header = b"\x01\x04" + streams.replace(_END, crcs + _END) + b"\x00" + files + b"\x00"
    body = b"".join(packed)
    if locked_header:
        hidden = _noise(header)
        streams = _streams(len(body), [len(hidden)], [len(header)], [_AES])
        body, header = body + hidden, b"\x17" + streams + b"\x00"
    start = len(body).to_bytes(8, "little") + len(header).to_bytes(8, "little") + _crc(header)
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + _crc(start) + start + body + header


_END: Final = b"\x00\x08\x00"
"""The end of the folders, and streams in them that are one each."""


def _streams(at: int, packed: list[int], unpacked: list[int], coders: list[bytes]) -> bytes:
    sizes = b"".join(map(_seven, packed))
    folders = b"".join(b"\x01" + coder for coder in coders)
    told = b"\x06" + _seven(at) + _seven(len(packed)) + b"\x09" + sizes + b"\x00"
    told += b"\x07\x0b" + _seven(len(coders)) + b"\x00" + folders
    return told + b"\x0c" + b"".join(map(_seven, unpacked)) + _END


def _seven(value: int) -> bytes:
    """A number of 7z: as many leading ones as bytes follow, little-endian."""
    for more in range(8):
        if value < 1 << 7 * (more + 1):
            first = 0xFF00 >> more & 0xFF | value >> 8 * more
            return bytes([first]) + (value & (1 << 8 * more) - 1).to_bytes(more, "little")
    raise ValueError(value)


def rar5(
    members: Mapping[str, bytes], locked: Collection[str] = NOTHING, *, locked_header: bool = False
) -> bytes:
    """RAR 5.0."""
    content = b"Rar!\x1a\x07\x01\x00"
    if locked_header:
        content += _rar5_block(_rar5(4), _rar5(0), _rar5(0), _rar5(0), b"\x0f" + bytes(16))
        return content + _noise(bytes(sum(map(len, members.values()))))
    content += _rar5_block(_rar5(1), _rar5(0), _rar5(0))
    for name, data in members.items():
        record = _rar5(1) + _rar5(0) + _rar5(0) + b"\x0f" + bytes(32) if name in locked else b""
        extra = _rar5(len(record)) + record if record else b""
        packed = _noise(data) if name in locked else data
        head = [_rar5(2), _rar5(3 if extra else 2), _rar5(len(extra)) if extra else b"", _rar5(len(packed))]
        head += [_rar5(4), _rar5(len(data)), _rar5(0o644), _crc(data), _rar5(0), _rar5(1)]
        content += _rar5_block(*head, _rar5(len(name.encode())), name.encode(), extra) + packed
    return content + _rar5_block(_rar5(5), _rar5(0), _rar5(0))


def _rar5(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _rar5_block(*fields: bytes) -> bytes:
    body = b"".join(fields)
    sized = _rar5(len(body)) + body
    return _crc(sized) + sized


def rar4(
    members: Mapping[str, bytes], locked: Collection[str] = NOTHING, *, locked_header: bool = False
) -> bytes:
    """RAR 1.5 to 4, as technote.txt has it."""
    content = b"Rar!\x1a\x07\x00" + _rar4_block(0x73, 0x80 if locked_header else 0, bytes(6))
    if locked_header:
        return content + bytes(8) + _noise(bytes(sum(map(len, members.values()))))
    for name, data in members.items():
        packed = _noise(data) if name in locked else data
        sizes = len(packed).to_bytes(4, "little") + len(data).to_bytes(4, "little")
        rest = b"\x03" + _crc(data) + bytes(4) + b"\x1d\x30" + len(name.encode()).to_bytes(2, "little")
        attributes = 0o100644.to_bytes(4, "little")
        content += _rar4_block(
            0x74, 0x8004 if name in locked else 0x8000, sizes + rest + attributes + name.encode()
        )
        content += packed
    return content + _rar4_block(0x7B, 0x4000, b"")


def _rar4_block(kind: int, flags: int, fields: bytes) -> bytes:
    body = bytes([kind]) + flags.to_bytes(2, "little") + (7 + len(fields)).to_bytes(2, "little") + fields
    return (zlib.crc32(body) & 0xFFFF).to_bytes(2, "little") + body


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def _noise(data: bytes) -> bytes:
    return _NOISE.randbytes((len(data) + 15) // 16 * 16)
