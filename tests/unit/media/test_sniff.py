"""A file is named by its content, so that an observation says what it is even when nothing decodes it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import wave
import zipfile

import pytest
from heic import heic
from hypothesis import given
from hypothesis import strategies as st
from pictures import draw, encode

from safelight.media.sniff import HEAD_BYTES, sniff
from safelight.types import MediaKind


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    return struct.pack(">I", 16 + 4 * len(compatible)) + b"ftyp" + major + b"\0\0\0\0" + b"".join(compatible)


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.jpg"))
    return out.getvalue()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(800))
    return out.getvalue()


PICTURE = draw(64, 48)
SAFETENSORS = json.dumps({"weight": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()

FILES = {
    "image/jpeg": encode(PICTURE, "JPEG"),
    "image/png": encode(PICTURE, "PNG"),
    "image/gif": encode(PICTURE, "GIF"),
    "image/webp": encode(PICTURE, "WEBP"),
    "image/tiff": encode(PICTURE, "TIFF"),
    "image/bmp": encode(PICTURE, "BMP"),
    "image/avif": encode(PICTURE, "AVIF"),
    "image/heic": heic(PICTURE),
    "image/jp2": encode(PICTURE, "JPEG2000"),
    "image/vnd.microsoft.icon": encode(PICTURE, "ICO"),
    "image/x-portable-anymap": encode(PICTURE, "PPM"),
    "image/x-qoi": encode(PICTURE, "QOI"),
    "image/vnd.ms-dds": encode(PICTURE, "DDS"),
    "image/x-icns": encode(PICTURE, "ICNS"),
    "image/sgi": encode(PICTURE, "SGI"),
    "image/x-pcx": encode(PICTURE, "PCX"),
    "image/jxl": b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ",
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "video/mp4": ftyp(b"isom", b"isom", b"iso2", b"avc1"),
    "video/quicktime": ftyp(b"qt  "),
    "video/3gpp": ftyp(b"3gp5"),
    "video/webm": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm",
    "video/matroska": b"\x1a\x45\xdf\xa3\xa3B\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x88matroska",
    "video/vnd.avi": b"RIFF\0\1\0\0AVI LIST",
    "audio/mp4": ftyp(b"M4A ", b"mp42"),
    "audio/vnd.wave": sound(),
    "audio/mpeg": b"ID3\4\0\0\0\0\0\0",
    "audio/ogg": b"OggS" + bytes(24) + b"OpusHead",
    "application/zip": zipped("picture.jpg"),
    "application/epub+zip": zipped("mimetype", "META-INF/container.xml"),
    "application/vnd.openxmlformats-officedocument": zipped("[Content_Types].xml"),
    "application/x-pytorch": zipped("archive/data.pkl", "archive/data/0"),
    "application/gzip": gzip.compress(b"x"),
    "application/x-bzip2": bz2.compress(b"x"),
    "application/x-xz": lzma.compress(b"x"),
    "application/x-tar": tarred(),
    "application/pdf": b"%PDF-1.7\n",
    "application/x-safetensors": struct.pack("<Q", len(SAFETENSORS)) + SAFETENSORS + b"\0\0",
    "application/x-gguf": b"GGUF\3\0\0\0" + bytes(16),
    "application/x-pickle": pickle.dumps({"a": 1}),
    "text/html": b"<!DOCTYPE html><html>",
    "text/plain": "naïve text\n".encode(),
    "application/octet-stream": bytes(range(256)),
}


@pytest.mark.parametrize("mime", FILES)
def test_each_format_is_named(mime: str) -> None:
    assert sniff(FILES[mime][:HEAD_BYTES]).mime == mime


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (ftyp(b"mif1", b"mif1", b"avif", b"miaf"), "image/avif"),
        (ftyp(b"avis", b"msf1"), "image/avif"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"msf1", b"hevc"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"miaf"), "image/heif"),
        (ftyp(b"mp42", b"mp41", b"isom") + b"avif heic", "video/mp4"),  # brands end with their box
        (ftyp(b"mp42")[:12], "video/mp4"),
    ],
)
def test_the_brands_of_iso_media_decide(head: bytes, mime: str) -> None:
    assert sniff(head).mime == mime


@pytest.mark.parametrize(
    "text", ["P2 is the second process", "all free to take", "BM means", "GIF", "Rar words", "%P"]
)
def test_words_that_begin_like_a_format_are_text(text: str) -> None:
    assert sniff(text.encode()).kind is MediaKind.TEXT


def test_text_cut_within_a_character_is_text() -> None:
    assert sniff(("é" * HEAD_BYTES).encode()[1 - 1 : HEAD_BYTES]).kind is MediaKind.TEXT
    assert sniff(("x" + "é" * HEAD_BYTES).encode()[:HEAD_BYTES]).kind is MediaKind.TEXT
    assert sniff("x€".encode()[:-1]).kind is MediaKind.UNKNOWN  # a short file was not cut by us
    assert sniff("naïve".encode("utf-16")).kind is MediaKind.TEXT


@given(st.binary(max_size=400))
def test_anything_at_all_has_a_name(head: bytes) -> None:
    assert "/" in sniff(head).mime
