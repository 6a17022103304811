"""A file is what its first bytes say: names and extensions are the sender's claim and are never looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from safelight.types import MediaKind

HEAD_BYTES: Final = 4096
"""How much of a file's beginning :func:`sniff` needs: enough to tell text from what begins like it."""


TAIL_BYTES: Final = 22 + 65_535
"""How much of its end says whether it is a ZIP archive: the last record and the longest comment behind it."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The family of a file and its media type, as registered where one is."""

    kind: MediaKind
    mime: str


_I, _V, _A = MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO
_Z, _D, _M = MediaKind.ARCHIVE, MediaKind.DOCUMENT, MediaKind.MODEL_FILE

_MAGIC: Final[tuple[tuple[bytes, MediaKind, str], ...]] = (
    # A regular expression, anchored at the first byte; earlier rows win.
    (rb"\xff\xd8\xff", _I, "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", _I, "image/png"),
    (rb"GIF8[79]a", _I, "image/gif"),
    (rb"RIFF....WEBP", _I, "image/webp"),
    (rb"(?:II\x2a\0|MM\0\x2a|II\x2b\0|MM\0\x2b)", _I, "image/tiff"),
    (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", _I, "image/bmp"),
    (rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a", _I, "image/jxl"),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", _I, "image/jp2"),
    (rb"\0\0[\x01\x02]\0[^\0]\0", _I, "image/vnd.microsoft.icon"),
    (rb"8BPS\0[\x01\x02]", _I, "image/vnd.adobe.photoshop"),
    (rb"P[1-6](?:\s|#[^\n]*\n)+\d|Pf\n[\d ]", _I, "image/x-portable-anymap"),
    (rb"qoif", _I, "image/x-qoi"),
    (rb"DDS \x7c\0\0\0", _I, "image/vnd.ms-dds"),
    (rb"icns", _I, "image/x-icns"),
    (rb"\x01\xda[\0\x01][\x01\x02]\0[\x01-\x03]", _I, "image/sgi"),
    (rb"\x0a[\0-\x05][\0\x01][\x01\x02\x04\x08]", _I, "image/x-pcx"),
    (rb"\x76\x2f\x31\x01", _I, "image/x-exr"),
    (rb"#\?R(?:ADIANCE|GBE)\n", _I, "image/vnd.radiance"),
    (rb"RIFF....AVI ", _V, "video/vnd.avi"),
    (rb"\x1a\x45\xdf\xa3.{0,64}webm", _V, "video/webm"),
    (rb"\x1a\x45\xdf\xa3", _V, "video/matroska"),
    (rb"OggS.{20,80}(?:\x80theora|OVP80|fishead\0)", _V, "video/ogg"),
    (rb"\0\0\x01[\xba\xb3]", _V, "video/mpeg"),
    (rb"\x47.{187}\x47.{187}\x47", _V, "video/mp2t"),
    (rb"FLV\x01", _V, "video/x-flv"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", _V, "video/x-ms-asf"),
    (rb"[\0-\x08]...(?:moov|mdat|wide|free|skip|pnot)", _V, "video/quicktime"),
    (rb"RIFF....WAVE", _A, "audio/vnd.wave"),
    (rb"OggS", _A, "audio/ogg"),
    (rb"fLaC", _A, "audio/flac"),
    (rb"FORM....AIF[FC]", _A, "audio/aiff"),
    (rb"\xff[\xf0\xf1\xf8\xf9][\x40-\x7f\x80-\xbf]", _A, "audio/aac"),
    (rb"ID3[\x02-\x04]|\xff[\xf2\xf3\xfa\xfb][\x10-\xef]", _A, "audio/mpeg"),
    (rb"#!AMR", _A, "audio/amr"),
    (rb"MThd\0\0\0\x06", _A, "audio/midi"),
    (rb"caff\0\x01", _A, "audio/x-caf"),
    (rb"PK\x03\x04.{26}mimetypeapplication/epub\+zip", _D, "application/epub+zip"),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", _D, "application/vnd.oasis.opendocument"),
    (
        rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/)",
        _D,
        "application/vnd.openxmlformats-officedocument",
    ),
    (rb"PK\x03\x04.{26}[^/]{1,200}/data\.pkl", _M, "application/x-pytorch"),
    (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", _Z, "application/zip"),
    (rb"7z\xbc\xaf\x27\x1c", _Z, "application/x-7z-compressed"),
    (rb"Rar!\x1a\x07", _Z, "application/vnd.rar"),
    (rb"\x1f\x8b\x08", _Z, "application/gzip"),
    (rb"BZh[1-9]1AY&SY", _Z, "application/x-bzip2"),
    (rb"\xfd7zXZ\0", _Z, "application/x-xz"),
    (rb"\x28\xb5\x2f\xfd", _Z, "application/zstd"),
    (rb"\x04\x22\x4d\x18", _Z, "application/x-lz4"),
    (rb"MSCF\0\0\0\0", _Z, "application/vnd.ms-cab-compressed"),
    (rb".{257}ustar", _Z, "application/x-tar"),
    (rb".{0,1019}%PDF-\d", _D, "application/pdf"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _D, "application/x-ole-storage"),
    (rb"\{\\rtf", _D, "application/rtf"),
    (rb"GGUF[\x01-\x09]\0\0\0", _M, "application/x-gguf"),
    (rb".{5}\0\0\0\{\s*\"", _M, "application/x-safetensors"),
    (rb"\x80[\x02-\x05](?:\x8a\x0a|\x95|\}|c)", _M, "application/x-pickle"),
    (rb"\x08[\x01-\x1f](?:\x12[\x01-\x40][ -~]|\x3a[\x80-\xff])", _M, "application/x-onnx"),
    (rb"\x89HDF\r\n\x1a\n", _M, "application/x-hdf5"),
)

_COMPILED: Final = tuple((re.compile(magic, re.DOTALL), Sniffed(kind, mime)) for magic, kind, mime in _MAGIC)

# ISO base media brands (ISO/IEC 14496-12; HEIF, ISO/IEC 23008-12 annex B; AVIF 1.1 section 6).
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF: Final = frozenset({b"mif1", b"mif2", b"msf1"})
_BRANDS: Final = {
    b"qt  ": Sniffed(_V, "video/quicktime"),
    b"M4A ": Sniffed(_A, "audio/mp4"),
    b"M4B ": Sniffed(_A, "audio/mp4"),
    b"M4P ": Sniffed(_A, "audio/mp4"),
    b"crx ": Sniffed(_I, "image/x-canon-cr3"),
}

_BINARY: Final = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b")
"""Bytes that text does not hold."""


_TEXTS: Final = (Sniffed(MediaKind.TEXT, "text/html"), Sniffed(_I, "image/svg+xml"))
FORMATS: Final = frozenset(
    {*(format_ for _, format_ in _COMPILED), *_BRANDS.values(), *_TEXTS}
    | {Sniffed(_I, mime) for mime in ("image/avif", "image/heic", "image/heif")}
    | {Sniffed(_V, mime) for mime in ("video/3gpp", "video/mp4")}
)
"""Every format that is known by its content, plain text aside."""


def sniff(head: bytes) -> Sniffed:
    """Name a file by its beginning, of which ``head`` is the first :data:`HEAD_BYTES` or the whole."""
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    for magic, sniffed in _COMPILED:
        if magic.match(head):
            return sniffed
    return _text(head) or Sniffed(MediaKind.UNKNOWN, "application/octet-stream")


def sniff_every(head: bytes, tail: bytes) -> tuple[Sniffed, ...]:
    """Everything that a file may be, what it begins as first: some formats allow others before or behind.

    ``tail`` is the last :data:`TAIL_BYTES` or the whole. A PDF's header may stand anywhere in the first
    kilobyte (ISO 32000-1 annex H.3.4.1), a ZIP archive is found from its end (APPNOTE 4.3.1), a tar's first
    header may begin with any name.
    """
    if not head:
        return (Sniffed(MediaKind.UNKNOWN, "application/x-empty"),)
    first = sniff(head)
    others = [sniffed for magic, sniffed in _COMPILED if sniffed.mime in _ANYWHERE and magic.match(head)]
    if not head.startswith(b"PK") and _END_OF_ZIP.search(tail):
        others.append(Sniffed(_Z, "application/zip"))
    return (first, *(other for other in others if other != first))


_ANYWHERE: Final = frozenset({"application/pdf", "application/x-tar"})
_END_OF_ZIP: Final = re.compile(rb"PK\x05\x06\0\0\0\0.{12}", re.DOTALL)


def _iso_media(head: bytes) -> Sniffed:
    major = head[8:12]
    box = head[16 : min(int.from_bytes(head[:4], "big"), len(head))]
    brands = {major, *(box[i : i + 4] for i in range(0, len(box) - 3, 4))}
    if brands & _AVIF:
        return Sniffed(_I, "image/avif")
    if brands & _HEIC:
        return Sniffed(_I, "image/heic")
    if brands & _HEIF:
        return Sniffed(_I, "image/heif")
    if major[:2] == b"3g":
        return Sniffed(_V, "video/3gpp")
    return _BRANDS.get(major, Sniffed(_V, "video/mp4"))


def _text(head: bytes) -> Sniffed | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Sniffed(MediaKind.TEXT, "text/plain") if _decodes(head[: len(head) & ~1], "utf-16") else None
    if not head or _BINARY.intersection(head) or not _decodes(head, "utf-8"):
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024].lower()
    if b"<svg" in start and start.startswith(b"<"):
        return Sniffed(_I, "image/svg+xml")
    if start.startswith((b"<!doctype html", b"<html")):
        return Sniffed(MediaKind.TEXT, "text/html")
    return Sniffed(MediaKind.TEXT, "text/plain")


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        head.decode(encoding)
    except UnicodeDecodeError as error:
        return error.end == len(head) == HEAD_BYTES  # a character cut by the end of the head
    return True
