"""Where AVIF, HEIC, MP4 and MOV keep their metadata: boxes in boxes (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from safelight.provenance.embedded.blocks import Block, Form, Source, Walk, Walked, u16, u32

_XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_INSIDE: Final = frozenset({b"moov", b"udta", b"meta", b"ilst", b"trak", b"mdia"})
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    end: int


@dataclass(slots=True)
class _Meta:
    """What a ``meta`` box says before its payload can be found: item types, their places, key names."""

    items: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)


def iso_media(source: Source) -> Walk:
    """EXIF and XMP items, XMP in ``uuid``, and the texts of ``udta`` and ``ilst``."""
    try:
        yield from _walk(source, 0, source.size, 0, _Meta())
    except Walked:
        return


def _boxes(source: Source, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        header = source.head(start, 8)
        size, body = u32(header), start + 8
        if size == 1:
            size, body = int.from_bytes(source.head(start + 8, 8), "big"), start + 16
        elif size == 0:
            size = end - start
        if size < body - start:
            return
        yield _Box(header[4:], body, min(start + size, end))
        start += size


def _walk(source: Source, start: int, end: int, depth: int, meta: _Meta) -> Walk:
    if depth > _DEEPEST:
        return
    for box in _boxes(source, start, end):
        if box.kind == b"meta":
            yield from _meta(source, box, depth)
        elif box.kind == b"ilst":
            yield from _ilst(source, box, meta)
        elif box.kind in _INSIDE:
            yield from _walk(source, box.start, box.end, depth + 1, meta)
        elif box.kind == b"uuid" and source.head(box.start, 16) == _XMP_UUID:
            yield Block(Form.XMP, source.at(box.start + 16, box.end - box.start - 16))
        elif box.kind == b"XMP_":
            yield Block(Form.XMP, source.at(box.start, box.end - box.start))
        elif box.kind[:1] == b"\xa9":
            yield from _quicktime_text(source, box)


def _meta(source: Source, box: _Box, depth: int) -> Walk:
    # A full box in MP4, a plain one in QuickTime.
    start = box.start if source.head(box.start + 4, 4) == b"hdlr" else box.start + 4
    found = _Meta()
    for inner in _boxes(source, start, box.end):
        if inner.kind == b"iinf":
            found.items = _items(source, inner)
        elif inner.kind == b"iloc":
            found.places = _places(source, inner)
        elif inner.kind == b"keys":
            found.keys = _keys(source, inner)
    for item, kind in found.items.items():
        for offset, length in found.places.get(item, [])[:1]:
            data = source.at(offset, length)
            if kind == b"Exif" and len(data) > 4:
                yield Block(Form.EXIF, data[4 + min(u32(data), 64) :].removeprefix(b"Exif\0\0"))
            elif kind == b"mime":
                yield Block(Form.XMP, data)
    yield from _walk(source, start, box.end, depth + 1, found)


def _items(source: Source, box: _Box) -> dict[int, bytes]:
    version = source.head(box.start, 1)[0]
    found: dict[int, bytes] = {}
    for entry in _boxes(source, box.start + (6 if version == 0 else 8), box.end):
        if entry.kind != b"infe":
            continue
        data = source.at(entry.start, min(entry.end - entry.start, 64))
        if data[:1] == b"\2" and len(data) >= 12:
            found[u16(data, 4)] = data[8:12]
        elif data[:1] == b"\3" and len(data) >= 14:
            found[u32(data, 4)] = data[10:14]
    return {item: kind for item, kind in found.items() if kind in (b"Exif", b"mime")}


def _places(source: Source, box: _Box) -> dict[int, list[tuple[int, int]]]:
    data = source.at(box.start, box.end - box.start)
    found: dict[int, list[tuple[int, int]]] = {}
    try:
        version, sizes = data[0], u16(data, 4)
        offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version else 0
        wide = version == 2
        at = 6 + (4 if wide else 2)
        for _ in range(u32(data, 6) if wide else u16(data, 6)):
            item = u32(data, at) if wide else u16(data, at)
            at += 4 if wide else 2
            method = u16(data, at) & 15 if version else 0
            at += (2 if version else 0) + 2
            base, at = _number(data, at, base_size)
            extents = u16(data, at)
            at += 2
            for _ in range(min(extents, 64)):
                at += index_size
                offset, at = _number(data, at, offset_size)
                length, at = _number(data, at, length_size)
                if method == 0:
                    found.setdefault(item, []).append((base + offset, length))
    except (IndexError, ValueError, struct.error):
        pass  # it ends early: the items before that are found all the same
    return found


def _number(data: bytes, at: int, size: int) -> tuple[int, int]:
    if at + size > len(data):
        raise ValueError("the box ends early")
    return int.from_bytes(data[at : at + size], "big"), at + size


def _keys(source: Source, box: _Box) -> list[str]:
    entries = islice(_boxes(source, box.start + 8, box.end), 200)
    return [_short(source, entry.start, entry.end) for entry in entries]


def _short(source: Source, start: int, end: int) -> str:
    return source.at(start, min(end - start, 200)).decode("utf-8", "replace")


def _ilst(source: Source, box: _Box, meta: _Meta) -> Walk:
    for entry in _boxes(source, box.start, box.end):
        number = int.from_bytes(entry.kind, "big")
        name = meta.keys[number - 1] if 0 < number <= len(meta.keys) else entry.kind.decode("latin-1")
        for part in _boxes(source, entry.start, entry.end):
            if part.kind == b"name":
                name = source.at(part.start + 4, min(part.end - part.start - 4, 200)).decode(
                    "utf-8", "replace"
                )
            elif part.kind == b"data":
                yield Block(Form.TEXT, source.at(part.start + 8, part.end - part.start - 8), name)


def _quicktime_text(source: Source, box: _Box) -> Walk:
    data = source.at(box.start, box.end - box.start)
    if len(data) > 4 and u16(data) <= len(data) - 4:
        yield Block(Form.TEXT, data[4 : 4 + u16(data)], box.kind.decode("latin-1"))
