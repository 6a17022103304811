"""Puts on every rendering who asked for it and when, and makes of its pixels what a browser shows.

It is encoded from plain pixels, so nothing of the original file, such as its metadata, can come along.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from safelight.media.playing import Segment
from safelight.media.rendering import Level, Rendering
from safelight.media.rendering_shape import COLUMNS, GUTTER
from safelight.server.people.models import Person
from safelight.types import Span

MIME: Final = "image/jpeg"
_SHOWN_AT: Final = {Level.TINY: 4, Level.REDUCED: 3}
"""By how much the few pixels of low levels are enlarged, smoothly, so that they can be seen at all."""
_BAND: Final = 22
_PLAYED_COLUMNS: Final = 4
_BLUR: Final = 3
"""Pixels of the blur of level 1, whose samples are four pixels wide: no edge between two is left to see."""
_QUALITY: Final = {Level.TINY: 70, Level.REDUCED: 80, Level.GREY: 90, Level.ORIGINAL: 92}


def marked(
    rendering: Rendering, person: Person, at: datetime, viewing: UUID, *, matched: Sequence[Span] = ()
) -> bytes:
    """A JPEG picture: the rendering over a band that names the reviewer, the time and the viewing.

    Stills of a video carry their moment, and a frame where they lie in what ``matched``.
    """
    picture = Image.frombytes(
        "RGB" if rendering.bands == 3 else "L", (rendering.width, rendering.height), rendering.pixels
    )
    factor = _SHOWN_AT.get(rendering.level, 1)
    if factor > 1:
        size = (picture.width * factor, picture.height * factor)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    if rendering.level is Level.TINY:
        picture = picture.filter(ImageFilter.GaussianBlur(_BLUR))
    if rendering.moments:
        _label(picture, rendering.moments, GUTTER * factor, matched)
    words = f"{_name(person)}  {at:%Y-%m-%d %H:%M} UTC  {str(viewing)[-8:]}"
    if rendering.level >= Level.GREY:
        picture = _watermarked(picture, words)
    room = 12 + math.ceil(_font(13).getlength(words))
    whole = Image.new(picture.mode, (max(picture.width, room), picture.height + _BAND))
    _banded(whole, picture, words, (0, 0), whole.width)
    return _written(whole, rendering.level)


@dataclass(frozen=True, slots=True)
class Marked:
    """Frames on one picture, row by row: ``columns`` of cells of so many pixels, each with its own band."""

    content: bytes
    columns: int
    width: int
    height: int


def marked_frames(segment: Segment, person: Person, at: datetime, viewing: UUID) -> Marked:
    """A JPEG picture of frames to be played one after the other; each is marked, and carries its moment."""
    who = f"{_name(person)}  {at:%Y-%m-%d %H:%M} UTC  {str(viewing)[-8:]}"
    room = 24 + math.ceil(_font(13).getlength(who + _told(segment.ends)))
    mode = "RGB" if segment.bands == 3 else "L"
    width, height = max(segment.width, room), segment.height + _BAND
    columns = min(_PLAYED_COLUMNS, len(segment.frames))
    rows = math.ceil(len(segment.frames) / columns)
    sheet = Image.new(mode, (columns * width, rows * height))
    mask = _mask((segment.width, segment.height), who)
    white = Image.new(mode, mask.size, _white(mode))
    for place, (moment, pixels) in enumerate(zip(segment.moments, segment.frames, strict=True)):
        row, column = divmod(place, columns)
        picture = Image.composite(white, Image.frombytes(mode, mask.size, pixels), mask)
        _banded(sheet, picture, f"{who}  {_told(moment)}", (column * width, row * height), width)
    return Marked(_written(sheet, segment.level), columns, width, height)


def _banded(onto: Image.Image, picture: Image.Image, words: str, place: tuple[int, int], width: int) -> None:
    left, top = place
    onto.paste(picture, (left + (width - picture.width) // 2, top))
    where = (left + 6, top + picture.height + 4)
    ImageDraw.Draw(onto).text(where, words, fill=_white(onto.mode), font=_font(13))


def _written(picture: Image.Image, level: Level) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=_QUALITY[level])
    return written.getvalue()


def _told(moment: float) -> str:
    return f"{int(moment // 60)}:{moment % 60:04.1f}"


def _white(mode: str) -> int | tuple[int, int, int]:
    return 255 if mode == "L" else (255, 255, 255)


def _label(picture: Image.Image, moments: Sequence[float], gutter: int, matched: Sequence[Span]) -> None:
    columns = min(COLUMNS, math.ceil(math.sqrt(len(moments))))
    rows = math.ceil(len(moments) / columns)
    width, height = (picture.width + gutter) // columns, (picture.height + gutter) // rows
    draw, bands = ImageDraw.Draw(picture), len(picture.getbands())
    white, black = (shade if bands == 1 else (shade,) * bands for shade in (255, 0))
    for place, moment in enumerate(moments):
        row, column = divmod(place, columns)
        left, top = column * width, row * height
        told = _told(moment)
        if any(span.start <= moment <= span.end for span in matched):
            told += " *"
            right, bottom = left + width - gutter - 1, top + height - gutter - 1
            draw.rectangle((left, top, right, bottom), outline=white, width=3)
        end = left + draw.textlength(told, font=_font(13))
        draw.rectangle((left, top, end + 6, top + 17), fill=black)
        draw.text((left + 3, top + 1), told, fill=white, font=_font(13))


def _watermarked(picture: Image.Image, words: str) -> Image.Image:
    """Faint words across it, so that a photograph of the screen says whose screen it was."""
    mask = _mask(picture.size, words)
    return Image.composite(Image.new(picture.mode, picture.size, _white(picture.mode)), picture, mask)


def _mask(size: tuple[int, int], words: str) -> Image.Image:
    mask = Image.new("L", size)
    draw, font = ImageDraw.Draw(mask), _font(20)
    step_y, step_x = 180, max(360, int(draw.textlength(words, font=font)) + 60)
    for row, y in enumerate(range(20, size[1], step_y)):
        for x in range(-(row % 2) * step_x // 2, size[0], step_x):
            draw.text((x, y), words, fill=36, font=font)
    return mask


def _name(person: Person) -> str:
    """What the font can write: the name, or the address, which is plain."""
    name = str(person)
    return name if name.isascii() else person.email.encode("ascii", "replace").decode()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
