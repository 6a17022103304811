"""Pictures: first the native decoders, and Pillow for what they leave; both in the sandbox."""

from __future__ import annotations

from typing import Final

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import IMAGE, PILLOW
from safelight.media.sandbox.messages import Deferred, PictureFound
from safelight.media.sandbox.protocol import Reply
from safelight.types import Picture, Problem, Signal, Unhashable, UnhashableReason

NATIVE: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What the native decoders take on; they defer the rare variants of these."""

PILLOWS: Final = frozenset(
    {
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/heif",
        "image/jp2",
        "image/sgi",
        "image/tiff",
        "image/vnd.adobe.photoshop",
        "image/vnd.microsoft.icon",
        "image/vnd.ms-dds",
        "image/x-icns",
        "image/x-pcx",
        "image/x-portable-anymap",
        "image/x-qoi",
    }
)
"""What :mod:`safelight.media.pillow_decoder` decodes beside those."""

_LEAST_QUALITY: Final = 50
"""Below it a picture has too few gradients to tell it from other plain ones (Meta's PDQ paper, 2019)."""

_LEAST_SIDE: Final = 5
"""In pixels; the reference implementation hashes nothing smaller."""


def look(fd: int, mime: str, sandbox: Sandbox) -> Findings:
    """Decode and hash every picture in a file of one of the types above."""
    if mime in NATIVE:
        reply = sandbox.decode(IMAGE.name, fd)
        if not any(isinstance(message, Deferred) for message in reply.messages):
            return _findings(reply)
    return _findings(sandbox.decode(PILLOW.name, fd))


def _findings(reply: Reply) -> Findings:
    pictures: list[Picture] = []
    signals: list[Signal] = []
    unhashable: list[Unhashable] = []
    for message in reply.messages:
        if not isinstance(message, PictureFound):
            continue
        pictures.append(Picture(message.part, message.width, message.height))
        hashed = _hashed(message)
        if isinstance(hashed, Signal):
            signals.append(hashed)
        else:
            unhashable.append(hashed)
    problems: tuple[Problem, ...] = reply.problems
    return Findings(tuple(pictures), tuple(signals), tuple(unhashable), problems)


def _hashed(found: PictureFound) -> Signal | Unhashable:
    if min(found.width, found.height) < _LEAST_SIDE:
        return Unhashable("pdq", UnhashableReason.TOO_SMALL, part=found.part)
    if found.quality < _LEAST_QUALITY:
        return Unhashable("pdq", UnhashableReason.TOO_PLAIN, found.quality, found.part)
    original, *variants = found.hashes
    return Signal("pdq", original, found.quality, found.part, tuple(variants))
