"""The metadata of one file in plain form, whatever container it lay in: EXIF tags, XMP properties, texts."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from PIL import ExifTags, Image, TiffImagePlugin

from safelight.provenance.embedded import iso_media, pictures, sound
from safelight.provenance.embedded.blocks import MOST_BLOCKS, Block, Form, Source, Walk

_READERS: Final[dict[str, Callable[[Source], Walk]]] = {
    "image/jpeg": pictures.jpeg,
    "image/png": pictures.png,
    "image/webp": pictures.webp,
    "image/gif": pictures.gif,
    "image/tiff": pictures.tiff,
    "image/avif": iso_media.iso_media,
    "image/heic": iso_media.iso_media,
    "image/heif": iso_media.iso_media,
    "video/mp4": iso_media.iso_media,
    "video/quicktime": iso_media.iso_media,
    "video/3gpp": iso_media.iso_media,
    "video/x-m4v": iso_media.iso_media,
    "audio/mp4": iso_media.iso_media,
    "audio/mpeg": sound.mp3,
    "audio/wav": sound.wav,
    "audio/x-wav": sound.wav,
}

MIMES: Final = frozenset(_READERS)
"""The media types whose metadata is read."""

# What would be imported when first needed, which a confined child cannot do.
_LOADED: Final = (TiffImagePlugin, *map(codecs.lookup, ("latin-1", "utf-16", "utf-16-be", "utf-16-le")))

_EXIF_IFD, _XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG = 0x8769, 700, 33723, 34377
_USER_COMMENT: Final = 0x9286
_COMMENT_CODES: Final = {b"UNICODE\0": ("utf-16-be", "utf-16-le"), b"ASCII\0\0\0": ("utf-8",)}
_MOST_PROPERTIES: Final = 5_000
_DEEPEST_XML: Final = 40


@dataclass(slots=True)
class Metadata:
    """What was found: ``exif`` by tag, ``xmp`` as ``(namespace, name, value)``, ``texts`` as ``(key, text)``.

    ``thumbnail`` is the JPEG that EXIF carries, ``unreadable`` counts blocks that are there and broken.
    """

    exif: dict[int, object] = field(default_factory=dict)
    xmp: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    thumbnail: bytes = b""
    unreadable: int = 0

    def exif_text(self, tag: int) -> str:
        """An EXIF tag as text without padding; empty where there is none."""
        value = self.exif.get(tag)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        return value.strip("\0 \t\r\n") if isinstance(value, str) else ""

    def xmp_values(self, namespace: str, name: str) -> list[str]:
        """Every value of an XMP property."""
        return [value for space, known, value in self.xmp if known == name and space == namespace]


def read_metadata(stream: IO[bytes], mime: str) -> Metadata:
    """Everything that the file's own fields say, within limits. Never raises for what a file does wrong."""
    found = Metadata()
    reader = _READERS.get(mime)
    if reader is not None:
        for number, block in enumerate(reader(Source(stream))):
            if number >= MOST_BLOCKS:
                break
            _take(found, block)
    return found


def _take(found: Metadata, block: Block) -> None:
    match block.form:
        case Form.EXIF:
            _exif(found, block.data)
        case Form.XMP:
            _xmp(found, block.data)
        case Form.IPTC:
            found.texts += _iptc(block.data)
        case Form.TEXT:
            found.texts.append((block.key, block.text))


def _exif(found: Metadata, data: bytes) -> None:
    try:
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + data)
        tags: dict[int, object] = dict(exif)
        tags |= exif.get_ifd(_EXIF_IFD)
        found.thumbnail = found.thumbnail or _thumbnail(data, exif)
    except Exception:  # noqa: BLE001 - a stranger's bytes make the reader raise anything
        found.unreadable += 1
        return
    comment = tags.pop(_USER_COMMENT, None)
    if isinstance(comment, bytes):
        found.texts.append(("UserComment", _user_comment(comment)))
    for tag, form in ((_XMP_TAG, Form.XMP), (_IPTC_TAG, Form.IPTC)):
        value = tags.pop(tag, None)
        if isinstance(value, bytes):
            _take(found, Block(form, value))
    resources = tags.pop(_PHOTOSHOP_TAG, None)
    for block in pictures.photoshop(resources) if isinstance(resources, bytes) else ():
        _take(found, block)
    found.exif |= {tag: value for tag, value in tags.items() if tag not in found.exif}


def _thumbnail(data: bytes, exif: Image.Exif) -> bytes:
    first = exif.get_ifd(ExifTags.IFD.IFD1)
    start, length = first.get(0x0201), first.get(0x0202)
    if isinstance(start, int) and isinstance(length, int) and 0 < length <= 1 << 18:
        return data[start : start + length]
    return b""


def _user_comment(data: bytes) -> str:
    encodings = _COMMENT_CODES.get(data[:8], ("utf-8",))
    text = data[8:] if data[:8] in _COMMENT_CODES else data.lstrip(b"\0")
    if len(encodings) == 2 and text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace").strip("\0 ")
    # Writers disagree about the byte order; the right one is the one that reads as Latin letters.
    read = [text.decode(encoding, "replace") for encoding in encodings]
    return max(read, key=lambda t: sum(c.isascii() for c in t[:200])).strip("\0 ")


def _xmp(found: Metadata, data: bytes) -> None:
    text = data.strip(b"\0 \r\n\t")
    try:
        root = ElementTree.fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        found.unreadable += 1
        return
    for element in _properties(root, 0):
        if len(found.xmp) >= _MOST_PROPERTIES:
            return
        found.xmp.append(element)


def _properties(element: Element, depth: int) -> Iterable[tuple[str, str, str]]:
    if depth > _DEEPEST_XML:
        return
    space, name = _split(element.tag)
    for key, value in element.attrib.items():
        yield (*_split(key), value.strip())
    if (text := (element.text or "").strip()) and not len(element):
        yield space, name, text
    for child in element:
        inner = _split(child.tag)[1]
        if inner in ("Alt", "Seq", "Bag"):
            yield from (
                (space, name, (item.text or "").strip()) for item in child if (item.text or "").strip()
            )
            for item in child:
                yield from (p for sub in item for p in _properties(sub, depth + 1))
        else:
            yield from _properties(child, depth + 1)


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith("{"):
        space, _, name = tag[1:].partition("}")
        return space, name
    return "", tag


def _iptc(data: bytes) -> list[tuple[str, str]]:
    """The records of IPTC's Information Interchange Model as texts, keyed ``iptc:2:65``."""
    found: list[tuple[str, str]] = []
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C and len(found) < MOST_BLOCKS:
        length = int(struct.unpack_from(">H", data, at + 3)[0])
        if length & 0x8000:
            break
        value = data[at + 5 : at + 5 + length]
        found.append((f"iptc:{data[at + 1]}:{data[at + 2]}", value.decode("utf-8", "replace")))
        at += 5 + length
    return found
