"""Shows pictures at a level; runs in a sandboxed child, on a descriptor."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image

from safelight.media.as_seen import as_seen
from safelight.media.pillow_decoder import Opened, orientation_of, say_error
from safelight.media.rendering_shape import CELLS, Level
from safelight.media.rendering_sheet import evenly, laid_out, reduced, said

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
    yield from said(sheet, told)


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
            cells.append(_as_viewers_show(opened.image, level, alone=len(shown) == 1))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as in decode
            failed = failed or error
    if failed is not None and not cells:
        raise failed
    missing = len(shown) - len(cells)
    told: dict[str, object] = {
        "page": page,
        "pages": pages,
        "parts": parts,
        "missing": missing,
        "cut_short": cut_short,
        "counts": parts == looked_at and not missing,
    }
    return laid_out(cells, len(shown)), told


def _shown(parts: int, level: Level, page: int, selector: str) -> tuple[list[int], int]:
    """Which pictures are on a page, from 0, and how many pages there are."""
    few = level <= Level.REDUCED and parts > 1
    size = CELLS if few or selector == "frame" else 1
    pages = 1 if few else math.ceil(parts / size)
    if not 0 < page <= pages:
        raise EOFError("there is no such page")
    if few:
        return evenly(CELLS, parts), pages
    start = (page - 1) * size
    return list(range(start, min(start + size, parts))), pages


def _as_viewers_show(image: Image.Image, level: Level, *, alone: bool) -> Image.Image:
    orientation = orientation_of(image)
    laid = [picture for _over, picture in as_seen(image)]
    # Over white and over black, half of each: on a middle grey neither white nor black drawings vanish.
    seen = laid[0] if len(laid) == 1 else Image.blend(laid[0], laid[1], 0.5)
    small = reduced(seen, level, alone=alone)
    return small.transpose(_TURNS[orientation]) if orientation in _TURNS else small
