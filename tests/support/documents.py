"""PDF made on the spot, with PDFium and by hand."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw


@dataclass(frozen=True)
class Page:
    """Pictures side by side: JPEG files as they are, and bitmaps."""

    jpegs: tuple[bytes, ...] = ()
    bitmaps: tuple[Image.Image, ...] = ()
    width: float = 600
    height: float = 400


def pdf(pages: Iterable[Page], attachments: Mapping[str, bytes] | None = None) -> bytes:
    document = pdfium.PdfDocument.new()
    for page in pages:
        drawn = document.new_page(page.width, page.height)
        for number, picture in enumerate((*page.jpegs, *page.bitmaps)):
            image = pdfium.PdfImage.new(document)
            if isinstance(picture, bytes):
                image.load_jpeg(io.BytesIO(picture))
            else:
                image.set_bitmap(pdfium.PdfBitmap.from_pil(picture))
            image.set_matrix(pdfium.PdfMatrix().scale(200, 150).translate(200 * number, 0))
            drawn.insert_obj(image)
        drawn.gen_content()
    for name, content in (attachments or {}).items():
        document.new_attachment(name).set_data(content)
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def strips(picture: Image.Image, count: int = 8) -> bytes:
    """One page whose picture is made of strips that fit together."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(picture.width, picture.height)
    step = picture.height // count
    for number in range(count):
        top = number * step
        image = pdfium.PdfImage.new(document)
        strip = picture.crop((0, top, picture.width, top + step))
        image.set_bitmap(pdfium.PdfBitmap.from_pil(strip))
        at = pdfium.PdfMatrix().scale(picture.width, step).translate(0, picture.height - top - step)
        image.set_matrix(at)
        page.insert_obj(image)
    page.gen_content()
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def stamped(jpeg: bytes, stamp: Image.Image) -> bytes:
    """One page with one picture, and an annotation that shows another one over it."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(600, 400)
    picture = pdfium.PdfImage.new(document)
    picture.load_jpeg(io.BytesIO(jpeg))
    picture.set_matrix(pdfium.PdfMatrix().scale(200, 150))
    page.insert_obj(picture)
    page.gen_content()
    over = pdfium.PdfImage.new(document)
    over.set_bitmap(pdfium.PdfBitmap.from_pil(stamp))
    over.set_matrix(pdfium.PdfMatrix().scale(300, 200).translate(250, 150))
    annotation = raw.FPDFPage_CreateAnnot(page, raw.FPDF_ANNOT_STAMP)
    raw.FPDFAnnot_SetRect(annotation, raw.FS_RECTF(250, 350, 550, 150))
    assert raw.FPDFAnnot_AppendObject(annotation, over)
    over._detach_finalizer()  # the annotation owns it now
    raw.FPDFPage_CloseAnnot(annotation)
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


LOCKED = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/Length 40/P -4/O<%s>/U<%s>>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
""" % (b"5a" * 32, b"a5" * 32)
"""A document whose password nobody knows: its user entry is not the digest of any."""
