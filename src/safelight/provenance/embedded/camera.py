"""What cameras and editing programs write; a generated picture can carry all of it, so it is only claimed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Final

import numpy as np
from PIL import Image, ImageOps

from safelight.provenance.embedded.metadata import Metadata
from safelight.provenance.evidence import Evidence, Kind, joined, told
from safelight.types import Grade

_MAKE, _MODEL, _SOFTWARE = 271, 272, 305
_TAKEN, _MAKER_NOTE, _LENS, _SERIAL, _GPS = 0x9003, 0x927C, 0xA434, 0xA431, 0x8825
_XMP: Final = "http://ns.adobe.com/xap/1.0/"

_GRAPHS: Final = ("workflow:", "prompt:")
_SIDE: Final = 24
DIFFERS_BELOW: Final = 0.5
"""Correlation of preview and picture, both laid on 24 x 24 grey pixels. Of 13 benign photographs, own
previews had 0.95 and more, 0.90 after recolouring, and previews of another at most 0.28 in 156 pairs."""


def camera(metadata: Metadata) -> Iterator[Evidence]:
    """Make, model, time and the traces of a camera; then the editing programs."""
    make, model = metadata.exif_text(_MAKE), metadata.exif_text(_MODEL)
    if any(text.lower().startswith(_GRAPHS) for text in (make, model)):
        make = model = ""  # ComfyUI hides its graph there
    taken = metadata.exif_text(_TAKEN)
    note = _MAKER_NOTE in metadata.exif
    if make or model or taken or note:
        yield Evidence(
            Kind.CAMERA,
            Grade.CLAIMED,
            told(
                make=make,
                model=model,
                taken=taken,
                lens=metadata.exif_text(_LENS),
                serial=metadata.exif_text(_SERIAL),
                maker_note="present" if note else "",
                location="present" if _GPS in metadata.exif else "",
            ),
        )
    texts = dict(metadata.texts)
    named = [metadata.exif_text(_SOFTWARE), *metadata.xmp_values(_XMP, "CreatorTool")]
    named += [texts.get("Software", ""), texts.get("iptc:2:65", "")]
    if software := joined(named):
        yield Evidence(Kind.EDITOR, Grade.CLAIMED, told(software=software))


def preview_differs(stream: IO[bytes], thumbnail: bytes, max_pixels: int) -> Iterator[Evidence]:
    """Whether the embedded preview shows something else; nothing where either cannot be decoded."""
    try:
        with Image.open(stream) as picture, Image.open(io.BytesIO(thumbnail), formats=["JPEG"]) as preview:
            if picture.width * picture.height > max_pixels or preview.width * preview.height > 1 << 20:
                return
            picture.draft("L", (8 * _SIDE, 8 * _SIDE))
            alike = _correlation(picture.convert("L"), preview.convert("L"))
    except Exception:  # noqa: BLE001 - a stranger's file makes decoders raise anything
        return
    if alike is not None and alike < DIFFERS_BELOW:
        yield Evidence(Kind.THUMBNAIL, Grade.CLAIMED, told(likeness=f"{alike:.2f}"))


def _correlation(picture: Image.Image, preview: Image.Image) -> float | None:
    # Cameras letterbox previews of 4:3; the bars say nothing about the picture.
    wide = picture.width / picture.height
    fitted = ImageOps.fit(preview, _within(preview.size, wide))
    one, other = (np.asarray(p.resize((_SIDE, _SIDE)), dtype=np.float64).ravel() for p in (picture, fitted))
    if one.std() < 4 or other.std() < 4:
        return None  # too plain to compare
    return float(np.corrcoef(one, other)[0, 1])


def _within(size: tuple[int, int], wide: float) -> tuple[int, int]:
    width, height = size
    return (
        (width, max(1, round(width / wide)))
        if width / height < wide
        else (max(1, round(height * wide)), height)
    )
