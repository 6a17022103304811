"""Reduces pictures to what a level may show, and lays several on one sheet; runs where they are decoded."""

from __future__ import annotations

import base64
import importlib
import json
import math
from collections.abc import Iterator, Sequence
from typing import Final

from PIL import Image

from safelight.media.rendering_shape import COLUMNS, GUTTER, LEAST_REDUCTION, Level, cell_side

importlib.import_module(
    "PIL.ImageFile"
)  # what Pillow would load with the first pixels, without a file system

_BACKGROUND: Final = 128
_CHUNK: Final = 44_000
"""Bytes of pixels in one message: in base 64 they stay below 60,000."""


def evenly(number: int, among: int) -> list[int]:
    """So many of ``among`` things, from 0, the first and the last with them."""
    number = min(number, among)
    return [step * (among - 1) // max(number - 1, 1) for step in range(number)]


def reduced(picture: Image.Image, level: Level, *, alone: bool) -> Image.Image:
    """A picture in mode ``L`` or ``RGB`` as the level shows it, and no pixel more; never enlarged."""
    seen = picture.convert("RGB" if level is Level.ORIGINAL else "L")
    longest = max(seen.size)
    most = min(cell_side(level, alone=alone), max(1, longest // LEAST_REDUCTION[level]))
    if longest <= most:
        return seen
    width, height = (max(1, round(side * most / longest)) for side in seen.size)
    # Box averages whole areas: no edge of the original survives it.
    way = Image.Resampling.BOX if level <= Level.REDUCED else Image.Resampling.LANCZOS
    return seen.resize((width, height), way)


def laid_out(cells: Sequence[Image.Image], number: int) -> Image.Image:
    """Reduced pictures, one or more, on a sheet with room for ``number``, row by row."""
    if number == 1:
        return cells[0]
    columns = min(COLUMNS, math.ceil(math.sqrt(number)))
    width, height = (max(cell.size[axis] for cell in cells) for axis in (0, 1))
    bands = len(cells[0].getbands())
    rows = math.ceil(number / columns)
    whole = (columns * (width + GUTTER) - GUTTER, rows * (height + GUTTER) - GUTTER)
    sheet = Image.new(cells[0].mode, whole, _BACKGROUND if bands == 1 else (_BACKGROUND,) * bands)
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        sheet.paste(cell, (column * (width + GUTTER), row * (height + GUTTER)))
    return sheet


def said(sheet: Image.Image, told: dict[str, object]) -> Iterator[str]:
    """The reply messages for a sheet, ``end`` last; ``told`` is what is known of it beside its size."""
    size = {"width": sheet.width, "height": sheet.height, "bands": len(sheet.getbands())}
    yield json.dumps({"sheet": {**told, **size}})
    yield from rows(sheet.tobytes())
    yield json.dumps({"end": {"parts": 1}})


def rows(pixels: bytes) -> Iterator[str]:
    """The reply messages that carry pixels."""
    for start in range(0, len(pixels), _CHUNK):
        yield json.dumps({"rows": {"data": base64.b64encode(pixels[start : start + _CHUNK]).decode()}})
