"""Reduces pictures to what a level may show; runs in a sandboxed child, on a descriptor."""

from __future__ import annotations

import base64
import json
import math
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image

from safelight.media.as_seen import as_seen
from safelight.media.pillow_decoder import Opened, orientation_of, say_error
from safelight.media.rendering_shape import CELLS, COLUMNS, GUTTER, LEAST_REDUCTION, Level, cell_side

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's orientation, 2-8."""
_BACKGROUND: Final = 128
_CHUNK: Final = 44_000
"""Bytes of pixels in one message: in base 64 they stay below 60,000."""


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:
    """One page of a file at one level, as ``payload`` asks; yields reply messages, ``end`` last.

    ``fd`` is read by position and not closed.
    """
    asked = json.loads(payload)
    level, page = Level(asked["level"]), int(asked["page"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            sheet, told = _sheet(Opened(fd, max_pixels), level, page, max_parts)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's file makes plugins raise anything
            yield json.dumps(say_error(error))
            yield json.dumps({"end": {"parts": 0}})
            return
    yield json.dumps({"sheet": told})
    pixels = sheet.tobytes()
    for start in range(0, len(pixels), _CHUNK):
        yield json.dumps({"rows": {"data": base64.b64encode(pixels[start : start + _CHUNK]).decode()}})
    yield json.dumps({"end": {"parts": 1}})


def _sheet(opened: Opened, level: Level, page: int, max_parts: int) -> tuple[Image.Image, dict[str, object]]:
    parts = int(getattr(opened.image, "n_frames", 1)) if opened.many else 1
    looked_at = min(parts, max_parts)
    shown, pages = _shown(looked_at, level, page, opened.selector)
    cells, cut_short, failed = [], parts > looked_at, None
    for number in shown:
        try:
            if opened.many:
                opened.seek(number)
            cut_short |= opened.load()
            cells.append(_reduced(opened.image, level, alone=len(shown) == 1))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as in decode
            failed = failed or error
    if failed is not None and not cells:
        raise failed
    sheet = _laid_out(cells, len(shown))
    told: dict[str, object] = {
        "page": page, "pages": pages, "parts": parts, "missing": len(shown) - len(cells),
        "cut_short": cut_short, "width": sheet.width, "height": sheet.height, "bands": len(sheet.getbands()),
    }  # fmt: skip
    return sheet, told


def _shown(parts: int, level: Level, page: int, selector: str) -> tuple[list[int], int]:
    """Which pictures are on a page, from 0, and how many pages there are."""
    if level <= Level.REDUCED and parts > 1:
        number = min(CELLS, parts)
        chosen = [step * (parts - 1) // max(number - 1, 1) for step in range(number)]
        return (chosen if page == 1 else [], 1)
    size = CELLS if selector == "frame" else 1
    start = (page - 1) * size
    if not 0 <= start < parts:
        raise EOFError("there is no such page")
    return list(range(start, min(start + size, parts))), math.ceil(parts / size)


def _reduced(image: Image.Image, level: Level, *, alone: bool) -> Image.Image:
    """The loaded picture as the level shows it, and no pixel more."""
    orientation = orientation_of(image)
    laid = [picture for _over, picture in as_seen(image)]
    # Over white and over black, half of each: on a middle grey neither white nor black drawings vanish.
    seen = laid[0] if len(laid) == 1 else Image.blend(laid[0], laid[1], 0.5)
    seen = seen.convert("RGB" if level is Level.ORIGINAL else "L")
    longest = max(seen.size)
    most = min(cell_side(level, alone=alone), max(1, longest // LEAST_REDUCTION[level]))
    if longest > most:
        size = [max(1, round(side * most / longest)) for side in seen.size]
        # Box averages whole areas: no edge of the original survives it.
        way = Image.Resampling.BOX if level <= Level.REDUCED else Image.Resampling.LANCZOS
        seen = seen.resize((size[0], size[1]), way)
    return seen.transpose(_TURNS[orientation]) if orientation in _TURNS else seen


def _laid_out(cells: list[Image.Image], number: int) -> Image.Image:
    if number == 1:
        return cells[0]
    columns = min(COLUMNS, math.ceil(math.sqrt(number)))
    width, height = (max(cell.size[axis] for cell in cells) for axis in (0, 1))
    mode = cells[0].mode
    grey = (_BACKGROUND,) * len(cells[0].getbands())
    rows = math.ceil(number / columns)
    whole = (columns * (width + GUTTER) - GUTTER, rows * (height + GUTTER) - GUTTER)
    sheet = Image.new(mode, whole, grey if len(grey) > 1 else grey[0])
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        sheet.paste(cell, (column * (width + GUTTER), row * (height + GUTTER)))
    return sheet
