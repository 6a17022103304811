"""Where JPEG, PNG, WebP, GIF and TIFF keep their metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from safelight.provenance.embedded.blocks import Block, Form, Source, Walk, Walked, le32, u16, u32

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP: Final = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_IPTC_RESOURCE: Final = 0x0404
_EXTENDED_HEADER: Final = 32 + 4 + 4
"""After the identifier: digest of the whole, its length, and where this piece belongs."""


def jpeg(source: Source) -> Walk:
    """APP1 (EXIF, XMP and its extension), APP13 (IPTC in a Photoshop resource) and COM segments."""
    at, extended = 2, bytearray()
    while True:
        try:
            marker, length = source.head(at, 2), 0
            if marker[0] != 0xFF or marker[1] in (0xD9, 0xDA):
                break
            if marker[1] == 0xFF or marker[1] == 0x01 or 0xD0 <= marker[1] <= 0xD8:
                at += 1 if marker[1] == 0xFF else 2
                continue
            length = u16(source.head(at + 2, 2))
            if marker[1] in (0xE1, 0xED, 0xFE):
                data = source.at(at + 4, length - 2)
                if marker[1] == 0xE1 and data.startswith(_EXTENDED_XMP):
                    extended += data[len(_EXTENDED_XMP) + _EXTENDED_HEADER :]
                else:
                    yield from _segment(marker[1], data)
        except Walked:
            break
        if length < 2:
            break
        at += 2 + length
    if extended:
        yield Block(Form.XMP, bytes(extended))


def _segment(marker: int, data: bytes) -> Iterator[Block]:
    if marker == 0xE1 and data.startswith(b"Exif\0"):
        yield Block(Form.EXIF, data[6:])
    elif marker == 0xE1 and data.startswith(_XMP):
        yield Block(Form.XMP, data[len(_XMP) :])
    elif marker == 0xED and data.startswith(_PHOTOSHOP):
        yield from photoshop(data[len(_PHOTOSHOP) :])
    elif marker == 0xFE:
        yield Block(Form.TEXT, data, "comment")


def photoshop(data: bytes) -> Iterator[Block]:
    """The IPTC records among Photoshop's image resources."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        kind = u16(data, at + 4)
        name = 1 + data[at + 6]
        start = at + 6 + name + name % 2
        if start + 4 > len(data):
            return
        length = u32(data, start)
        if kind == _IPTC_RESOURCE:
            yield Block(Form.IPTC, data[start + 4 : start + 4 + length])
        at = start + 4 + length + length % 2


def png(source: Source) -> Walk:
    """Text chunks, plain, compressed and international, and eXIf."""
    at = 8
    try:
        while True:
            length, kind = u32(header := source.head(at, 8)), header[4:]
            if kind == b"IEND":
                return
            if kind == b"eXIf":
                yield Block(Form.EXIF, source.at(at + 8, length))
            elif kind in (b"tEXt", b"zTXt", b"iTXt"):
                yield from _png_text(source, kind, source.at(at + 8, length))
            at += 12 + length
    except Walked:
        return


def _png_text(source: Source, kind: bytes, data: bytes) -> Iterator[Block]:
    key, separator, rest = data.partition(b"\0")
    if not separator:
        return
    if kind == b"zTXt":
        rest = source.expand(rest[1:])
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]  # after the language and the translated keyword
        rest = source.expand(rest) if packed else rest
    name = key.decode("latin-1")[:80]
    if name == "XML:com.adobe.xmp":
        yield Block(Form.XMP, rest)
    elif name in ("Raw profile type exif", "Raw profile type APP1"):
        yield from _raw_profile(rest)
    else:
        text = rest if kind == b"iTXt" else rest.decode("latin-1").encode()
        yield Block(Form.TEXT, _utf8(rest, text), name)


def _utf8(raw: bytes, latin: bytes) -> bytes:
    # PNG says Latin-1, and nearly every generator writes UTF-8 all the same.
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return latin
    return raw


def _raw_profile(text: bytes) -> Iterator[Block]:
    """ImageMagick's way: a name, a length and hexadecimal."""
    pieces = text.split(None, 2)
    if len(pieces) == 3:
        try:
            data = bytes.fromhex(pieces[2].decode("ascii"))
        except ValueError:
            return
        yield Block(Form.EXIF, data.removeprefix(b"Exif\0\0"))


def webp(source: Source) -> Walk:
    """The chunks EXIF and XMP."""
    at = 12
    try:
        while True:
            kind, length = (header := source.head(at, 8))[:4], le32(header, 4)
            if kind == b"EXIF":
                yield Block(Form.EXIF, source.at(at + 8, length).removeprefix(b"Exif\0\0"))
            elif kind == b"XMP ":
                yield Block(Form.XMP, source.at(at + 8, length))
            at += 8 + length + length % 2
    except Walked:
        return


def gif(source: Source) -> Walk:
    """Comments, and XMP in its application extension."""
    try:
        at = 13 + _colours(source.head(10, 1)[0])
        while True:
            introducer = source.head(at, 1)[0]
            if introducer == 0x2C:
                at += 10 + _colours(source.head(at + 9, 1)[0])
                at, _ = _sub_blocks(source, at + 1, keep=False)
            elif introducer == 0x21:
                label = source.head(at + 1, 1)[0]
                if label == 0xFF and source.head(at + 2, 12)[1:] == b"XMP DataXMP":
                    # Not in sub-blocks: the packet lies there as it is, before a trailer of 257 bytes.
                    start = at + 14
                    at, _ = _sub_blocks(source, start, keep=False)
                    yield Block(Form.XMP, source.at(start, max(0, at - start - 258)))
                    continue
                at, data = _sub_blocks(source, at + 2, keep=label == 0xFE)
                if label == 0xFE:
                    yield Block(Form.TEXT, data, "comment")
            else:
                return
    except Walked:
        return


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(source: Source, at: int, *, keep: bool) -> tuple[int, bytes]:
    kept = bytearray()
    while size := source.head(at, 1)[0]:
        if keep:
            kept += source.at(at + 1, size)
        at += 1 + size
    return at + 1, bytes(kept)


def tiff(source: Source) -> Walk:
    """The whole of it is EXIF's own format; XMP, IPTC and Photoshop resources are tags of it."""
    yield Block(Form.EXIF, source.at(0, source.size))
