"""The pictures that the native decoders leave to Pillow; runs in a sandboxed child, on a descriptor.

The warm parent imports this module, so that everything it needs is loaded before a child loses the file
system. A fault in a file costs the frame it is in, never the frames before it.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import struct
import warnings
from collections.abc import Iterator
from typing import IO, Final, cast

import pi_heif
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from safelight.media.as_seen import as_seen
from safelight.media.descriptor import Descriptor
from safelight.native import _pdq
from safelight.types import UnscannedReason

FORMATS: Final = (
    *("AVIF", "BMP", "CUR", "DDS", "GIF", "HEIF", "ICNS", "ICO", "JPEG", "JPEG2000"),
    *("PCX", "PNG", "PPM", "PSD", "QOI", "SGI", "TIFF", "WEBP"),
)
"""What is tried. Not EPS, which runs a program, nor formats that no browser and no phone writes."""

for _name in ("Cur", "Dds", "Icns", "Ico", "Jpeg2K", "Mpo", "Pcx", "Psd", "Qoi", "Sgi", "Tiff", "WebP"):
    importlib.import_module(f"PIL.{_name}ImagePlugin")
importlib.import_module("PIL.ImageCms")  # converts LAB
Image.preinit()
pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_SELECTOR: Final = {"TIFF": "page", "MPO": "image", "HEIF": "image"}
"""What one picture of many is called; in animations ``frame``. They are counted from 1."""

_LONGEST: Final = 1e9
"""Milliseconds; a frame that claims to be shown longer says nothing."""

_FLATTENED: Final = frozenset({"PSD"})
"""Formats whose further frames are the layers of the first."""

_ORIENTATION_TAG: Final = 0x0112

Message = dict[str, dict[str, object]]
"""One reply, as ``native/image/replies.hpp`` describes them."""

Selectors = tuple[tuple[str, str], ...]


class _TooManyPixelsError(Exception):
    pass


def decode(fd: int, *, max_pixels: int, max_parts: int) -> Iterator[str]:
    """Decode and hash every distinct picture in a file; yields reply messages, ``end`` last.

    ``fd`` is read by position and not closed. A picture that declares more than ``max_pixels`` is refused
    before it is allocated; frames after the first ``max_parts`` are not looked at, and the replies say so.
    """
    parts = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for message in _pictures(fd, max_pixels, max_parts):
            parts += "picture" in message
            yield json.dumps(message)
    yield json.dumps({"end": {"parts": parts}})


class Opened:
    """A file's pictures, one at a time."""

    def __init__(self, fd: int, max_pixels: int) -> None:
        self._fd = fd
        self._max_pixels = max_pixels
        self._at = 0
        self.image = self._open()
        self.many = self.image.format not in _FLATTENED and bool(getattr(self.image, "is_animated", False))
        self.selector = _SELECTOR.get(self.image.format or "", "frame")

    def _open(self) -> Image.Image:
        # Sizes are checked here, with a message that names them; Pillow checks pictures inside icons.
        Image.MAX_IMAGE_PIXELS = None
        image = Image.open(cast("IO[bytes]", Descriptor(self._fd)), formats=FORMATS)
        self._check(image)
        Image.MAX_IMAGE_PIXELS = self._max_pixels
        return image

    def _check(self, image: Image.Image) -> None:
        width, height = image.size
        if width * height > self._max_pixels:
            detail = f"{width} x {height} pixels; at most {self._max_pixels} are allowed"
            raise _TooManyPixelsError(detail)

    def seek(self, number: int) -> None:
        """Go to a picture, from 0. Raises ``EOFError`` past the last."""
        self.image.seek(number)
        self._at = number

    def load(self) -> bool:
        """Decode the pixels; true if some are missing because the data ends, and black in their place."""
        self._check(self.image)
        try:
            self.image.load()
        except (OSError, EOFError, struct.error) as error:
            if _reason(error) is not UnscannedReason.TRUNCATED:
                raise
        else:
            return False
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            self.image = self._open()  # anew: half a load leaves a GIF without its palette
            if self.many:
                self.image.seek(self._at)
            self.image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        return True


def _pictures(fd: int, max_pixels: int, max_parts: int) -> Iterator[Message]:
    try:
        opened = Opened(fd, max_pixels)
    except Exception as error:  # noqa: BLE001 - a stranger's file makes plugins raise anything
        yield say_error(error)
        return
    seen: set[bytes] = set()
    if not opened.many:
        yield from _picture(opened, (), seen)
        return
    at = 0.0
    for number in itertools.count():
        selectors = ((opened.selector, str(number + 1)),)
        try:
            opened.seek(number)
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - as above
            yield say_error(error, selectors)
            return
        if number == max_parts:
            detail = f"more than {max_parts:,} {opened.selector}s; the first ones were hashed"
            yield _say_problem(UnscannedReason.TOO_MANY_PARTS, detail)
            return
        yield from _picture(opened, selectors, seen, at if opened.selector == "frame" else None)
        at += _shown_for(opened.image)


def _shown_for(image: Image.Image) -> float:
    """Seconds that a frame is shown for; where it does not say, as browsers have it."""
    milliseconds = image.info.get("duration")
    if not isinstance(milliseconds, int | float) or not 10 < milliseconds < _LONGEST:
        return 0.1
    return float(milliseconds) / 1000


def _picture(
    opened: Opened, selectors: Selectors, seen: set[bytes], at: float | None = None
) -> list[Message]:
    """What one picture hashes to, unless it was seen before, and what was wrong with it."""
    messages: list[Message] = []
    try:
        truncated = opened.load()
        orientation = orientation_of(opened.image)
        for over, picture in as_seen(opened.image):
            pixels = picture.tobytes()
            digest = hashlib.blake2b(pixels)
            digest.update(repr((picture.mode, picture.size)).encode())
            if digest.digest() not in seen:
                seen.add(digest.digest())
                where = selectors if over is None else (*selectors, ("over", over))
                messages.append(_say_picture(picture, pixels, orientation, where))
                if at is not None:
                    messages[-1]["picture"]["at"] = round(at, 3)
        if truncated:
            messages.append(_say_problem(UnscannedReason.TRUNCATED, "the image data ends early", selectors))
    except Exception as error:  # noqa: BLE001 - as in _pictures
        messages.append(say_error(error, selectors))
    return messages


def orientation_of(image: Image.Image) -> int:
    """EXIF's, 1-8, where the decoder left the turning to us; XMP's is not what viewers go by.

    The HEIF and TIFF decoders turn pictures themselves and leave no EXIF here that says otherwise; the AVIF
    decoder writes the container's turn into it.
    """
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        return 1
    try:
        tags = Image.Exif()
        tags.load(exif)
        value = tags.get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - as in _pictures; metadata must not keep a picture from being hashed
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _say_picture(picture: Image.Image, pixels: bytes, orientation: int, selectors: Selectors) -> Message:
    width, height = picture.size
    channels = len(picture.getbands())
    hashes, quality, _ = _pdq.hash(pixels, width, height, channels, width * channels, orientation)
    if orientation >= 5:
        width, height = height, width
    fields = {
        "width": width,
        "height": height,
        "quality": quality,
        "hashes": [value.hex() for value in hashes],
    }
    return {"picture": {"selectors": selectors, **fields}}


def _say_problem(reason: UnscannedReason, detail: str, selectors: Selectors = ()) -> Message:
    return {"problem": {"reason": reason.value, "detail": detail[:200], "selectors": selectors}}


def say_error(error: Exception, selectors: Selectors = ()) -> Message:
    """The reply that tells why a picture could not be decoded."""
    if isinstance(error, UnidentifiedImageError):  # its text names an object in memory
        return _say_problem(UnscannedReason.DAMAGED, "no decoder recognises the image data", selectors)
    return _say_problem(_reason(error), str(error) or type(error).__name__, selectors)


def _reason(error: Exception) -> UnscannedReason:
    if isinstance(error, MemoryError):
        return UnscannedReason.OUT_OF_MEMORY
    if isinstance(error, _TooManyPixelsError | Image.DecompressionBombError | Image.DecompressionBombWarning):
        return UnscannedReason.TOO_MANY_PIXELS
    if isinstance(error, EOFError | struct.error) or "truncated" in str(error).lower():
        return UnscannedReason.TRUNCATED
    return UnscannedReason.DAMAGED


def _skip_chunk(stream: PngImagePlugin.PngStream, _position: int, length: int) -> bytes:
    assert stream.fp is not None
    return stream.fp.read(length)


# Text and colour profiles do not change a hash, and Pillow refuses the whole picture when one is a bomb.
for _chunk in ("chunk_tEXt", "chunk_zTXt", "chunk_iTXt", "chunk_iCCP"):
    setattr(PngImagePlugin.PngStream, _chunk, _skip_chunk)
