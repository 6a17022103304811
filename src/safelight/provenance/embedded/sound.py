"""Where MP3 and WAV keep their metadata: ID3v2 frames, and RIFF chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from safelight.provenance.embedded.blocks import Block, Form, Source, Walk, Walked, le32, u32

_ENCODINGS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")
"""By ID3's number."""


def mp3(source: Source) -> Walk:
    """The ID3v2 tag at the beginning."""
    try:
        header = source.head(0, 10)
    except Walked:
        return
    if header[:3] == b"ID3":
        yield from id3(source.at(0, 10 + _syncsafe(header[6:10])))


def id3(data: bytes) -> Iterator[Block]:
    """Text, user text, comment and private frames of ID3v2.3 and 2.4."""
    if len(data) < 10 or data[:3] != b"ID3" or data[3] not in (3, 4):
        return
    at = 10
    if data[5] & 0x40 and len(data) > 14:
        at += _syncsafe(data[10:14]) if data[3] == 4 else 4 + u32(data, 10)
    while at + 10 <= len(data) and data[at] != 0:
        name = data[at : at + 4].decode("latin-1")
        size = _syncsafe(data[at + 4 : at + 8]) if data[3] == 4 else u32(data, at + 4)
        yield from _frame(name, data[at + 10 : at + 10 + size])
        at += 10 + size


def _frame(name: str, body: bytes) -> Iterator[Block]:
    if name == "PRIV":
        owner, _, packet = body.partition(b"\0")
        if owner == b"XMP":
            yield Block(Form.XMP, packet)
        return
    if not body or body[0] > 3 or not (name.startswith("T") or name == "COMM"):
        return
    start = 4 if name == "COMM" else 1
    text = body[start:].decode(_ENCODINGS[body[0]], "replace").replace("\ufeff", "")
    key, separator, value = text.partition("\0")
    if name in ("TXXX", "COMM") and separator:
        yield Block(Form.TEXT, value.rstrip("\0").encode(), key or name)
    else:
        yield Block(Form.TEXT, text.rstrip("\0").encode(), name)


def _syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def wav(source: Source) -> Walk:
    """LIST INFO texts, an ID3 chunk, and XMP."""
    at = 12
    try:
        while True:
            kind, length = (header := source.head(at, 8))[:4], le32(header, 4)
            if kind == b"LIST" and source.head(at + 8, 4) == b"INFO":
                yield from _info(source.at(at + 12, length - 4))
            elif kind in (b"id3 ", b"ID3 "):
                yield from id3(source.at(at + 8, length))
            elif kind == b"_PMX":
                yield Block(Form.XMP, source.at(at + 8, length))
            at += 8 + length + length % 2
    except Walked:
        return


def _info(data: bytes) -> Iterator[Block]:
    at = 0
    while at + 8 <= len(data):
        length = le32(data, at + 4)
        yield Block(
            Form.TEXT, data[at + 8 : at + 8 + length].rstrip(b"\0"), data[at : at + 4].decode("latin-1")
        )
        at += 8 + length + length % 2
