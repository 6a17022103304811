"""Shows the pages of a document at a level; runs in a sandboxed child, on a descriptor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from PIL import Image

from safelight.media.descriptor import Descriptor
from safelight.media.pdf_reader import MISSING
from safelight.media.rendering_shape import CELLS, SAMPLES, Level
from safelight.media.rendering_sheet import evenly, laid_out, reduced, said
from safelight.types import UnscannedReason

try:
    import pypdfium2 as pdfium
except (ImportError, OSError):
    pdfium = None

_FINER = 4
"""A page is drawn so much larger than it is shown at a low level, so that averages are of the whole page."""


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:  # noqa: ARG001
    """One page of a PDF, or nine evenly chosen at levels 1 and 2; yields reply messages, ``end`` last.

    All pages together count as the whole file, unless it carries attachments, which is told.
    """
    asked = json.loads(payload)
    level, page = Level(asked["level"]), int(asked["page"])
    if pdfium is None:
        yield from _refused(UnscannedReason.NOT_INSTALLED, MISSING)
        return
    try:
        document = pdfium.PdfDocument(Descriptor(fd))
        parts = len(document)
        few = level <= Level.REDUCED and parts > 1
        pages = 1 if few else min(parts, max_parts)
        if not 0 < page <= pages:
            yield from _refused(UnscannedReason.TRUNCATED, "there is no such page")
            return
        shown = evenly(CELLS, parts) if few else [page - 1]
        cells = [_drawn(document[number], level, alone=len(shown) == 1) for number in shown]
        attachments = bool(document.count_attachments())
    except (pdfium.PdfiumError, ValueError):
        yield from _refused(UnscannedReason.DAMAGED, "the document cannot be drawn")
        return
    told: dict[str, object] = {
        "page": page,
        "pages": pages,
        "parts": parts,
        "missing": 0,
        "cut_short": parts > max_parts,
        "counts": parts <= max_parts,
        "attachments": attachments,
    }
    yield from said(laid_out(cells, len(cells)), told)


def _drawn(page: Any, level: Level, *, alone: bool) -> Image.Image:  # noqa: ANN401 - PDFium has no types
    width, height = page.get_size()
    if not (0 < width < 1e7 and 0 < height < 1e7):
        raise ValueError("the page's size makes no sense")
    side = min(2048, SAMPLES[level] * _FINER)
    bitmap = page.render(scale=side / max(width, height), rev_byteorder=True, no_smoothtext=False)
    pixels = bitmap.to_numpy()
    if pixels.ndim == 3:
        pixels = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., 0]
    mode = "RGB" if pixels.ndim == 3 else "L"
    drawn = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    return reduced(drawn, level, alone=alone)


def _refused(reason: UnscannedReason, detail: str) -> Iterator[str]:
    yield json.dumps({"problem": {"reason": reason.value, "detail": detail}})
    yield json.dumps({"end": {"parts": 0}})
