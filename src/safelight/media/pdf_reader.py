"""Takes the pictures out of PDF with PDFium; runs in a sandboxed child, on a descriptor.

A picture that lies in the document as a JPEG file comes back as a member, ``!page=3/image=1``, since others
may have listed that very file. Any other picture is hashed here, ``#page=3/image=1``. A page that has not
exactly one picture is drawn and hashed as well, ``#page=3``: what it shows may be made of strips or strokes.
So is one with annotations, which may show pictures of their own.
"""

from __future__ import annotations

import codecs
import ctypes
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a warm parent has one thread
import numpy as np

from safelight.media.descriptor import Descriptor
from safelight.native import _pdq
from safelight.types import UnscannedReason

try:
    import pypdfium2 as pdfium
    from pypdfium2 import raw
except (ImportError, OSError):
    pdfium = None

MISSING: Final = "pypdfium2 is not installed; install safelight[media]"

DRAWN_SIDE: Final = 640
"""Pixels of the longer side of a drawn page: ten times what PDQ looks at."""

MAX_DEPTH: Final = 8
"""Of forms within forms that pictures are looked for in."""

_FILES: Final = frozenset({"DCTDecode", "JPXDecode"})
"""Filters whose input is a picture file as it was before it came into the document."""

if pdfium is not None:
    _EMPTY = pdfium.PdfDocument.new()  # loads what PDFium loads when first used
    _EMPTY.new_page(10, 10).render(scale=1).to_numpy()
    _EMPTY.close()

for _encoding in ("ascii", "latin-1", "utf-8", "utf-16-le"):
    codecs.lookup(_encoding)  # a child has no file system to load them from

# A callback needs an executable page, which a child may not map: this one sees to it that there is one.
_KEPT = ctypes.CFUNCTYPE(None)(lambda: None)

Message = str | bytes


def read(fd: int, *, max_pixels: int, max_parts: int, payload: bytes = b"{}") -> Iterator[Message]:
    """Yield the pictures, pages and attachments of a PDF, then ``end``; at most ``max_parts`` pages.

    The payload is JSON: ``only`` is the one member that is wanted (from 1), and nothing is drawn then.
    """
    reader = _Reader(max_pixels, max_parts, json.loads(payload).get("only"))
    if pdfium is None:
        yield _problem(UnscannedReason.NOT_INSTALLED, MISSING)
    else:
        yield from reader.document(fd)
    yield json.dumps({"end": {"parts": reader.parts}})


class _Reader:
    """One document; a fault costs the picture or page it is in."""

    def __init__(self, max_pixels: int, max_pages: int, only: int | None = None) -> None:
        self._only = only
        self._members = 0
        self._max_pixels = max_pixels
        self._max_pages = max_pages
        self._seen: set[bytes] = set()
        self.parts = 0

    def document(self, fd: int) -> Iterator[Message]:
        try:
            document = pdfium.PdfDocument(Descriptor(fd))
            pages = len(document)
        except pdfium.PdfiumError as error:
            locked = getattr(error, "err_code", 0) == raw.FPDF_ERR_PASSWORD
            if locked:
                yield _problem(UnscannedReason.ENCRYPTED, "the document needs a password")
            else:
                yield _problem(UnscannedReason.DAMAGED, str(error))
            return
        if not pages:
            yield _problem(UnscannedReason.EMPTY, "the document has no pages that can be read")
        for number in range(min(pages, self._max_pages)):
            where = (("page", str(number + 1)),)
            try:
                yield from self._page(document[number], where)
            except pdfium.PdfiumError as error:
                yield _problem(UnscannedReason.DAMAGED, str(error), where)
        if pages > self._max_pages:
            detail = f"more than {self._max_pages:,} pages; the first ones were looked at"
            yield _problem(UnscannedReason.TOO_MANY_PARTS, detail)
        yield from self._attachments(document)

    def _page(self, page: Any, where: tuple[tuple[str, str], ...]) -> Iterator[Message]:  # noqa: ANN401
        images = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=MAX_DEPTH))
        for number, image in enumerate(images, 1):
            there = (*where, ("image", str(number)))
            try:
                yield from self._image(image, there)
            except (pdfium.PdfiumError, ValueError) as error:
                yield _problem(UnscannedReason.DAMAGED, str(error), there)
        if self._only is not None or (len(images) == 1 and not raw.FPDFPage_GetAnnotCount(page)):
            return
        width, height = page.get_size()
        if not (0 < width < 1e7 and 0 < height < 1e7):
            yield _problem(UnscannedReason.DAMAGED, "the page's size makes no sense", where)
            return
        drawn = page.render(scale=DRAWN_SIDE / max(width, height), rev_byteorder=True, no_smoothtext=False)
        yield from self._hashed(drawn, where)

    def _image(self, image: Any, where: tuple[tuple[str, str], ...]) -> Iterator[Message]:  # noqa: ANN401
        data = image.get_data(decode_simple=False)
        digest = hashlib.blake2b(data).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        if list(image.get_filters()) in [[name] for name in _FILES]:
            yield from self._member("/".join(f"{key}={value}" for key, value in where), bytes(data))
            return
        if self._only is not None:
            return
        width, height = image.get_px_size()
        if width * height > self._max_pixels:
            detail = f"{width} x {height} pixels; at most {self._max_pixels} are allowed"
            yield _problem(UnscannedReason.TOO_MANY_PIXELS, detail, where)
            return
        yield from self._hashed(image.get_bitmap(), where)

    def _hashed(self, bitmap: Any, where: tuple[tuple[str, str], ...]) -> Iterator[Message]:  # noqa: ANN401
        pixels = bitmap.to_numpy()
        if bitmap.n_channels > 1:
            pixels = pixels[..., 2::-1] if not bitmap.rev_byteorder else pixels[..., :3]
        height, width, *channels = pixels.shape
        pixels = np.ascontiguousarray(pixels).tobytes()
        hashes, quality, _ = _pdq.hash(pixels, width, height, *(channels or [1]))
        self.parts += 1
        told = {
            "selectors": where,
            "width": width,
            "height": height,
            "quality": quality,
            "hashes": [value.hex() for value in hashes],
        }
        yield json.dumps({"picture": told})

    def _attachments(self, document: Any) -> Iterator[Message]:  # noqa: ANN401
        for number in range(document.count_attachments()):
            name = f"attachment-{number + 1}"
            try:
                attachment = document.get_attachment(number)
                # One that is named like a picture of a page would be taken for it.
                label = _label(attachment.get_name())
                name = name if label.startswith("page=") else label or name
                data = bytes(attachment.get_data())
            except (pdfium.PdfiumError, ValueError) as error:
                yield _problem(UnscannedReason.DAMAGED, str(error), member=name)
                continue
            yield from self._member(name, data)

    def _member(self, name: str, data: bytes) -> Iterator[Message]:
        self._members += 1
        if self._only not in (None, self._members):
            return
        self.parts += 1
        yield json.dumps({"member": {"name": name}})
        yield data
        yield json.dumps({"member_end": {"whole": True}})


def _label(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:1024]


def _problem(
    reason: UnscannedReason,
    detail: str,
    selectors: tuple[tuple[str, str], ...] = (),
    member: str | None = None,
) -> str:
    body = {"reason": reason.value, "detail": detail[:200], "selectors": selectors, "member": member}
    return json.dumps({"problem": body})
