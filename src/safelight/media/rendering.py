"""What a person is shown of a file: as little of it as the level says, made in the sandbox.

A rendering arrives as plain pixels, whose number the level bounds. A decoder that a file has taken over could
therefore show at level 1 no more than 1,024 shades of grey a picture, whatever it wanted to send.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from safelight.media import document, image, video
from safelight.media.rendering_shape import Level, longest_side
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import RENDERING, RENDERING_DOCUMENT, RENDERING_RECORDING, Family
from safelight.media.sandbox.messages import SheetFound, SheetRows
from safelight.media.sandbox.protocol import Reply
from safelight.types import Problem, UnscannedReason

__all__ = ["Level", "Rendering", "can_render", "render"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """One page of a file at a level: ``height`` rows of ``width`` pixels of ``bands`` bytes (1 grey, 3 RGB).

    ``counts``: all pages together are the whole file; stills of a video, whose ``moments`` in seconds are
    told, never are. ``attachments``: beside its pages it holds files that are on none of them. ``parts`` are
    the pictures of the whole file, ``missing`` those of this page that could not be decoded;
    ``cut_short``: the data of one ends early, or the file has more pictures than are looked at.
    """

    level: Level
    page: int
    pages: int
    parts: int
    missing: int
    cut_short: bool
    counts: bool
    attachments: bool
    moments: tuple[float, ...]
    width: int
    height: int
    bands: int
    pixels: bytes


def can_render(mime: str) -> bool:
    """Whether files of this type can be shown at all."""
    return _family(mime) is not None


def render(
    fd: int, mime: str, level: Level, page: int, sandbox: Sandbox, *, moments: Sequence[float] = ()
) -> Rendering | Problem:
    """Page ``page`` (from 1) of the file behind ``fd``, at a level from 1 to 4, or why there is none.

    ``moments`` (seconds) are those of a video that are worth a still.

    At levels 1 and 2 a file of many pictures is one sheet of nine, chosen evenly. At levels 3 and 4 its
    animation comes nine frames a page, its pages one by one. Raises
    :class:`~safelight.errors.SandboxError` where there is no sandbox.
    """
    family = _family(mime)
    if family is None:
        return Problem(UnscannedReason.UNSUPPORTED, detail=f"{mime} cannot be shown")
    payload = json.dumps({"level": int(level), "page": page, "moments": list(moments)}).encode()
    return _believed(sandbox.decode(family.name, fd, payload), level, page)


def _family(mime: str) -> Family | None:
    if mime in image.NATIVE | image.PILLOWS:
        return RENDERING
    if mime in document.MIMES:
        return RENDERING_DOCUMENT
    return RENDERING_RECORDING if mime in video.MIMES else None


def _believed(reply: Reply, level: Level, page: int) -> Rendering | Problem:
    sheet = next((message for message in reply.messages if isinstance(message, SheetFound)), None)
    if sheet is None or reply.problems:
        return reply.problems[0] if reply.problems else _unsound("no picture")
    try:
        rows = [base64.b64decode(m.data, validate=True) for m in reply.messages if isinstance(m, SheetRows)]
    except binascii.Error:
        return _unsound("no pixels")
    pixels = b"".join(rows)
    most, bands = longest_side(level), 3 if level is Level.ORIGINAL else 1
    if sheet.page != page or sheet.page > sheet.pages or sheet.bands != bands:
        return _unsound("another page or level")
    if max(sheet.width, sheet.height) > most or len(pixels) != sheet.width * sheet.height * bands:
        return _unsound("other pixels")
    return Rendering(
        level, page, sheet.pages, sheet.parts, sheet.missing, sheet.cut_short,
        sheet.counts, sheet.attachments, sheet.moments,
        sheet.width, sheet.height, bands, pixels,
    )  # fmt: skip


def _unsound(detail: str) -> Problem:
    return Problem(UnscannedReason.BAD_REPLY, detail=f"the maker of renderings sent {detail}")
