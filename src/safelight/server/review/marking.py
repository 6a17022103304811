"""Puts on every rendering who asked for it and when, and makes of its pixels what a browser shows.

It is encoded from plain pixels, so nothing of the original file, such as its metadata, can come along.
"""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont

from safelight.media.rendering import Level, Rendering
from safelight.server.people.models import Person

MIME: Final = "image/jpeg"
_SHOWN_AT: Final = {Level.TINY: 8, Level.REDUCED: 4}
"""By how much the few pixels of low levels are enlarged, smoothly, so that they can be seen at all."""
_BAND: Final = 22
_LEAST_WIDTH: Final = 240
_QUALITY: Final = {Level.TINY: 70, Level.REDUCED: 80, Level.GREY: 90, Level.ORIGINAL: 92}


def marked(rendering: Rendering, person: Person, at: datetime, viewing: UUID) -> bytes:
    """A JPEG picture: the rendering over a band that names the reviewer, the time and the viewing."""
    picture = Image.frombytes(
        "RGB" if rendering.bands == 3 else "L", (rendering.width, rendering.height), rendering.pixels
    )
    factor = _SHOWN_AT.get(rendering.level, 1)
    if factor > 1:
        size = (picture.width * factor, picture.height * factor)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    words = f"{_name(person)}  {at:%Y-%m-%d %H:%M} UTC  {str(viewing)[-8:]}"
    if rendering.level >= Level.GREY:
        picture = _watermarked(picture, words)
    whole = Image.new(picture.mode, (max(picture.width, _LEAST_WIDTH), picture.height + _BAND))
    whole.paste(picture, ((whole.width - picture.width) // 2, 0))
    white = 255 if picture.mode == "L" else (255, 255, 255)
    ImageDraw.Draw(whole).text((6, picture.height + 4), words, fill=white, font=_font(13))
    written = io.BytesIO()
    whole.save(written, "JPEG", quality=_QUALITY[rendering.level])
    return written.getvalue()


def _watermarked(picture: Image.Image, words: str) -> Image.Image:
    """Faint words across it, so that a photograph of the screen says whose screen it was."""
    mask = Image.new("L", picture.size)
    draw, font = ImageDraw.Draw(mask), _font(20)
    step_y, step_x = 180, max(360, int(draw.textlength(words, font=font)) + 60)
    for row, y in enumerate(range(20, picture.height, step_y)):
        for x in range(-(row % 2) * step_x // 2, picture.width, step_x):
            draw.text((x, y), words, fill=36, font=font)
    white = Image.new(picture.mode, picture.size, 255 if picture.mode == "L" else (255, 255, 255))
    return Image.composite(white, picture, mask)


def _name(person: Person) -> str:
    """What the font can write: the name, or the address, which is plain."""
    name = str(person)
    return name if name.isascii() else person.email.encode("ascii", "replace").decode()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
