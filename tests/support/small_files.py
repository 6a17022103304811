"""The smallest benign files of every kind that carries metadata, made on the spot."""

from __future__ import annotations

import io
import struct

import heic
from pictures import draw, encode


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def mp4(brand: bytes = b"isom", *, udta: bytes = b"") -> bytes:
    """An ISO media file with one sound track of a few zero bytes: enough for what reads boxes."""
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    mvhd = full(
        b"mvhd",
        0,
        0,
        struct.pack(">4I", 0, 0, 1000, 1),
        struct.pack(">IH10x", 0x10000, 0x100),
        matrix,
        bytes(24),
        struct.pack(">I", 2),
    )
    tkhd = full(
        b"tkhd",
        0,
        3,
        struct.pack(">5I", 0, 0, 1, 0, 1),
        bytes(8),
        struct.pack(">hhhH", 0, 0, 0x100, 0),
        matrix,
        bytes(8),
    )
    media = box(
        b"minf",
        full(b"smhd", 0, 0, bytes(4)),
        box(b"dinf", full(b"dref", 0, 0, struct.pack(">I", 1), full(b"url ", 0, 1))),
        box(
            b"stbl",
            full(
                b"stsd",
                0,
                0,
                struct.pack(">I", 1),
                box(
                    b"sowt",
                    bytes(6),
                    struct.pack(">H", 1),
                    bytes(8),
                    struct.pack(">HHHHI", 1, 16, 0, 0, 8000 << 16),
                ),
            ),
            full(b"stts", 0, 0, struct.pack(">III", 1, 16, 1)),
            full(b"stsc", 0, 0, struct.pack(">IIII", 1, 1, 16, 1)),
            full(b"stsz", 0, 0, struct.pack(">II", 2, 16)),
            full(b"stco", 0, 0, struct.pack(">II", 1, 40)),
        ),
    )
    mdia = box(
        b"mdia",
        full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, 8000, 16, 0x55C4, 0)),
        full(b"hdlr", 0, 0, bytes(4), b"soun", bytes(12), b"\0"),
        media,
    )
    moov = box(b"moov", mvhd, box(b"trak", tkhd, mdia), udta)
    return box(b"ftyp", brand, bytes(4), brand) + box(b"mdat", bytes(32)) + moov


def wav(*chunks: bytes) -> bytes:
    samples = struct.pack("<200h", *((i * 97) % 2000 - 1000 for i in range(200)))
    body = (
        b"WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)) + chunk(b"data", samples)
    )
    body += b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def mp3(tag: bytes = b"") -> bytes:
    # MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame; all zero after the header is silence.
    return tag + (b"\xff\xfb\x90\x64" + bytes(413)) * 4


def picture(form: str, **options: object) -> bytes:
    return encode(draw(96, 64), form, **options)


def heic_picture() -> bytes:
    return heic.heic(draw(96, 64))


def tiff(**options: object) -> bytes:
    out = io.BytesIO()
    draw(96, 64).save(out, "TIFF", **options)
    return out.getvalue()


def files() -> dict[str, bytes]:
    """One of every kind, by media type."""
    return {
        "image/jpeg": picture("JPEG"),
        "image/png": picture("PNG"),
        "image/webp": picture("WEBP"),
        "image/tiff": tiff(),
        "image/gif": picture("GIF"),
        "image/avif": picture("AVIF"),
        "image/heic": heic_picture(),
        "video/mp4": mp4(),
        "video/quicktime": mp4(b"qt  "),
        "audio/mpeg": mp3(),
        "audio/wav": wav(),
    }
