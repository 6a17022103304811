"""Pictures: first the native decoders, and Pillow for what they leave; both in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import IMAGE, PILLOW
from safelight.media.sandbox.messages import Deferred, PictureFound
from safelight.media.sandbox.protocol import Reply
from safelight.signals.pdq import pdq_signal
from safelight.signals.vpdq import vpdq_signal
from safelight.types import Picture, Signal, Unhashable

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


def look(fd: int, mime: str, sandbox: Sandbox) -> Findings:
    """Decode and hash every picture in a file of one of the types above."""
    if mime in NATIVE:
        reply = sandbox.decode(IMAGE.name, fd)
        if not any(isinstance(message, Deferred) for message in reply.messages):
            return findings(reply)
    return findings(sandbox.decode(PILLOW.name, fd))


def findings(reply: Reply) -> Findings:
    """The pictures of a reply with their signals, or why they have none; and its problems."""
    found = [message for message in reply.messages if isinstance(message, PictureFound)]
    hashed = [
        pdq_signal([bytes.fromhex(value) for value in p.hashes], p.quality, p.width, p.height, p.part)
        for p in found
    ]
    signals = [signal for signal in hashed if isinstance(signal, Signal)]
    animation = _animation(found)
    return Findings(
        pictures=tuple(Picture(p.part, p.width, p.height) for p in found),
        signals=tuple(signals) if animation is None else (*signals, animation),
        unhashable=tuple(none for none in hashed if isinstance(none, Unhashable)),
        problems=reply.problems,
    )


def _animation(found: Iterable[PictureFound]) -> Signal | None:
    """The distinct frames of an animation as those of a video, so that it is compared with listed videos.

    Of frames that are laid on two backgrounds the one on white counts.
    """
    frames = [
        (picture.hashes, picture.quality, picture.at, min(picture.width, picture.height))
        for picture in found
        if picture.at is not None and ("over", "black") not in picture.selectors
    ]
    if len(frames) < 2:
        return None
    least = min(side for *_, side in frames)
    hashed = vpdq_signal([(hashes, quality, at) for hashes, quality, at, _ in frames], least, least)
    return hashed if isinstance(hashed, Signal) else None
