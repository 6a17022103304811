"""Reads one file's evidence of origin; runs in a sandboxed child, on a descriptor."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, Final, cast

import numpy as np
from PIL import Image, ImageFile

from safelight.media.descriptor import Descriptor
from safelight.media.pillow_decoder import FORMATS
from safelight.provenance import manifest
from safelight.provenance.embedded import metadata as embedded
from safelight.provenance.embedded.camera import camera, preview_differs
from safelight.provenance.embedded.generators import generators
from safelight.provenance.embedded.labels import labels
from safelight.provenance.evidence import Evidence, Kind, told
from safelight.provenance.request import Request
from safelight.provenance.watermark import dwt_dct
from safelight.provenance.watermark.plugins import installed
from safelight.types import Grade

_LOSSLESS: Final = frozenset({"image/png", "image/webp", "image/bmp", "image/tiff"})
"""What the open mark is looked for in: hardly any survives JPEG (3 in 4 do without it)."""

_PIXELS: Final = frozenset({*_LOSSLESS, "image/jpeg", "image/avif", "image/heic", "image/heif", "image/gif"})
_VALUE: Final = 500
_PROMPT: Final = 8_000
_MOST: Final = 64

_PLUGINS: Final = tuple(installed())


def read(fd: int, *, max_pixels: int, max_parts: int, payload: bytes = b"") -> Iterator[str]:
    """Yield reply messages, ``end`` last: at most ``max_parts`` items, from at most ``max_pixels`` pixels."""
    request = Request.unpack(payload)
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for evidence in islice(_evidence(fd, request, max_pixels), min(_MOST, max_parts)):
            count += 1
            yield json.dumps({"evidence": _message(evidence)})
    yield json.dumps({"end": {"parts": count}})


def _message(evidence: Evidence) -> dict[str, Any]:
    detail = {
        name: value[: _PROMPT if name == "prompt" else _VALUE] for name, value in evidence.detail.items()
    }
    return {"kind": evidence.kind.value, "grade": evidence.grade.value, "detail": detail}


def _evidence(fd: int, request: Request, max_pixels: int) -> Iterator[Evidence]:
    stream = cast("IO[bytes]", Descriptor(fd))
    if request.mime in manifest.MIMES:
        yield from manifest.manifests(stream, request.mime, request.anchors)
    found = embedded.read_metadata(stream, request.mime)
    yield from labels(found, prompts=request.prompts)
    yield from generators(found, prompts=request.prompts)
    yield from camera(found)
    if found.unreadable:
        yield Evidence(Kind.UNREADABLE, Grade.DAMAGED, told(blocks=found.unreadable))
    if found.thumbnail:
        stream.seek(0)
        yield from preview_differs(stream, found.thumbnail, max_pixels)
    if request.mime in (_PIXELS if _PLUGINS else _LOSSLESS):
        yield from _marks(stream, request.mime, max_pixels)


def _marks(stream: IO[bytes], mime: str, max_pixels: int) -> Iterator[Evidence]:
    pixels = _pixels(stream, max_pixels)
    if pixels is None:
        return
    for decoded in dwt_dct.decode(pixels) if mime in _LOSSLESS else ():
        certainty = f"{decoded.agreeing} of {len(decoded.mark.bits)} bits"
        yield _mark("dwtDct", decoded.mark.software, certainty, "")
    for name, decode in _PLUGINS:
        for found in decode(pixels):
            yield _mark(name, found.software, found.certainty, found.payload)


def _mark(decoder: str, software: str, certainty: str, payload: str) -> Evidence:
    detail = told(decoder=decoder, software=software, certainty=certainty, payload=payload)
    return Evidence(Kind.WATERMARK, Grade.DECODED, detail)


def _pixels(stream: IO[bytes], max_pixels: int) -> np.ndarray[Any, np.dtype[np.uint8]] | None:
    stream.seek(0)
    Image.MAX_IMAGE_PIXELS = None  # checked here, before anything is allocated
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        with Image.open(stream, formats=FORMATS) as picture:
            if picture.width * picture.height > max_pixels:
                return None
            return np.asarray(picture.convert("RGB"))
    except Exception:  # noqa: BLE001 - a stranger's file makes decoders raise anything
        return None
