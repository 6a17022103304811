"""What JPEG, PNG and WebP hash to natively is what the reference makes of Pillow's pixels: distance 0."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from pictures import distance, draw, encode, native, oracle, pillow
from PIL import Image, ImageOps

SIZES = [(320, 240), (333, 251), (64, 64), (63, 65), (640, 17), (5, 5), (1023, 769)]


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def assert_as_oracle(content: bytes, seen: Image.Image) -> None:
    picture = native(content).only
    hashes, quality = oracle(seen)
    assert picture["hashes"] == hashes
    assert picture["quality"] == quality
    assert (picture["width"], picture["height"]) == seen.size
    assert picture["selectors"] == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "options",
    [
        {"format_": "JPEG", "quality": 90},
        {"format_": "JPEG", "quality": 60, "progressive": True},
        {"format_": "JPEG", "quality": 85, "subsampling": 0},
        {"format_": "JPEG", "quality": 85, "subsampling": 1},
        {"format_": "JPEG", "quality": 75, "optimize": True, "restart_marker_blocks": 4},
        {"format_": "PNG"},
        {"format_": "WEBP", "quality": 80},
        {"format_": "WEBP", "lossless": True},
    ],
    ids=str,
)
def test_colour_pictures_hash_as_the_reference_does(options: dict, size: tuple[int, int]) -> None:
    content = encode(draw(*size), **options)
    assert_as_oracle(content, opened(content).convert("RGB"))


def test_colour_stored_as_rgb_in_a_jpeg() -> None:
    content = encode(draw(), "JPEG", keep_rgb=True)
    assert_as_oracle(content, opened(content))


@pytest.mark.parametrize("mode", ["L", "1"])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_grey_pictures(format_: str, mode: str) -> None:
    grey = draw().convert(mode)
    content = encode(grey if format_ == "PNG" else grey.convert("L"), format_)
    assert_as_oracle(content, opened(content).convert("RGB"))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_pictures(bits: int) -> None:
    content = encode(draw().quantize(1 << bits), "PNG", bits=bits)
    assert_as_oracle(content, opened(content).convert("RGB"))


def sixteen_bit_png(colour_type: int, samples: int) -> tuple[bytes, np.ndarray]:
    """A 16-bit PNG, which Pillow cannot write in colour, and its samples."""
    seen = np.asarray(draw(120, 90)).astype(np.uint16)[:, :, :samples]
    pixels = seen * 256 + np.random.default_rng(3).integers(0, 256, seen.shape, np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 120, 90, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, chunks)), seen.astype(np.uint8)


def chunk(kind_and_data: tuple[bytes, bytes]) -> bytes:
    kind, data = kind_and_data
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_sixteen_bits_show_their_high_byte() -> None:
    for colour_type, samples in ((0, 1), (2, 3)):
        content, high = sixteen_bit_png(colour_type, samples)
        assert_as_oracle(
            content, Image.fromarray(high.squeeze(), "L" if samples == 1 else "RGB").convert("RGB")
        )


def interlaced(image: Image.Image) -> bytes:
    """An Adam7 PNG of an RGB picture, which Pillow cannot write."""
    pixels = np.asarray(image)
    data = b""
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for row in pixels[y0::dy, x0::dx]:
            data += b"\0" + row.tobytes() if len(row) else b""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", *image.size, 8, 2, 0, 0, 1)),
        (b"IDAT", zlib.compress(data)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, chunks))


@pytest.mark.parametrize("size", [(320, 240), (61, 47)])
def test_an_interlaced_png(size: tuple[int, int]) -> None:
    content = interlaced(draw(*size))
    assert_as_oracle(content, opened(content))


def exif(orientation: int, *, big_endian: bool = False) -> bytes:
    order = ">" if big_endian else "<"
    entries = [(0x010F, 2, 4, b"abc\0"), (0x0112, 3, 1, struct.pack(order + "HH", orientation, 0))]
    ifd = struct.pack(order + "H", len(entries))
    ifd += b"".join(
        struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in entries
    )
    mark = b"MM\0*" if big_endian else b"II*\0"
    return b"Exif\0\0" + mark + struct.pack(order + "I", 8) + ifd + b"\0\0\0\0"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("options", [{"format_": "JPEG"}, {"format_": "PNG"}, {"format_": "WEBP"}], ids=str)
def test_exif_orientation_is_applied(options: dict, orientation: int) -> None:
    content = encode(draw(201, 133), **options, exif=exif(orientation, big_endian=orientation % 2 == 0))
    upright = ImageOps.exif_transpose(opened(content)).convert("RGB")
    assert_as_oracle(content, upright)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"Exif\0\0",
        exif(9),
        exif(0),
        exif(6)[:20],
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        exif(6).replace(b"II*", b"XX*"),
    ],
)
def test_a_bad_orientation_is_no_orientation(bad: bytes) -> None:
    content = encode(draw(100, 80), "JPEG", exif=bad)
    picture = native(content).only
    assert (picture["width"], picture["height"]) == (100, 80)


def assert_over_both(content: bytes, rgba: Image.Image, decode: Callable = native) -> None:
    replies = decode(content)
    assert not replies.problems
    assert len(replies.pictures) == 2
    for background, colour in (("white", (255, 255, 255, 255)), ("black", (0, 0, 0, 255))):
        flat = Image.alpha_composite(Image.new("RGBA", rgba.size, colour), rgba).convert("RGB")
        picture = replies.over(background)
        assert picture["hashes"] == oracle(flat)[0]
        assert picture["selectors"] == [["over", background]]


def see_through(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    ramp = np.add.outer(np.arange(image.height) * 2, np.arange(image.width)) % 256
    image.putalpha(Image.fromarray(ramp.astype(np.uint8), "L"))
    return image


@pytest.mark.parametrize("decode", [native, pillow])
@pytest.mark.parametrize(
    "options", [{"format_": "PNG"}, {"format_": "WEBP", "lossless": True}, {"format_": "WEBP"}], ids=str
)
def test_a_transparent_picture_hashes_over_white_and_over_black(options: dict, decode: Callable) -> None:
    content = encode(see_through(draw()), **options)
    assert_over_both(content, opened(content).convert("RGBA"), decode)


@pytest.mark.parametrize("decode", [native, pillow])
def test_grey_with_alpha_and_transparent_palettes(decode: Callable) -> None:
    grey = encode(see_through(draw()).convert("LA"), "PNG")
    assert_over_both(grey, opened(grey).convert("RGBA"), decode)
    palette = encode(draw().quantize(64), "PNG", transparency=bytes(range(0, 256, 4)))
    assert_over_both(palette, opened(palette).convert("RGBA"), decode)
    hole = draw()
    hole.paste((9, 8, 7), (50, 40, 220, 160))
    keyed = encode(hole, "PNG", transparency=(9, 8, 7))
    assert_over_both(keyed, opened(keyed).convert("RGBA"), decode)


def has_alpha(content: bytes) -> bool:
    return opened(content).convert("RGBA").getextrema()[3][0] < 255


@pytest.mark.parametrize("decode", [native, pillow])
def test_a_picture_whose_content_is_all_in_its_alpha(decode: Callable) -> None:
    alpha_only = Image.new("RGBA", (320, 240), (0, 0, 0, 0))
    alpha_only.putalpha(draw().convert("L"))
    content = encode(alpha_only, "PNG")
    assert_over_both(content, alpha_only, decode)
    assert decode(content).over("white")["quality"] >= 50
    assert decode(content).over("black")["quality"] == 0


@pytest.mark.parametrize("options", [{"format_": "PNG"}, {"format_": "WEBP", "lossless": True}], ids=str)
def test_an_opaque_alpha_channel_changes_nothing(options: dict) -> None:
    content = encode(draw().convert("RGBA"), **options)
    assert_as_oracle(content, opened(content).convert("RGB"))


def test_what_other_decoders_know_better_is_deferred() -> None:
    frames = [draw(64, 64, seed) for seed in range(3)]
    assert native(encode(draw().convert("CMYK"), "JPEG")).deferred
    assert native(encode(frames[0], "PNG", save_all=True, append_images=frames[1:])).deferred
    assert native(encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])).deferred
    assert native(encode(frames[0], "MPO", save_all=True, append_images=frames[1:])).deferred
    assert native(encode(draw(), "BMP")).deferred
    assert native(b"no picture at all").deferred


def test_a_png_of_one_frame_is_no_animation() -> None:
    assert_as_oracle(encode(draw(), "PNG", save_all=True), draw())


def test_too_small_a_picture_has_no_hash_and_says_its_size() -> None:
    picture = native(encode(draw(4, 9), "PNG")).only
    assert (picture["width"], picture["height"], picture["quality"]) == (4, 9, 0)


def test_the_photographs(shared_data: Path) -> None:
    paths = [p for p in (shared_data / "pdq").rglob("*.*") if p.suffix in {".jpg", ".png", ".webp"}]
    assert len(paths) > 20
    for path in paths:
        content = path.read_bytes()
        replies = native(content)
        if replies.deferred:
            assert path.name == "CMYK.jpg"
        elif not has_alpha(content):
            upright = ImageOps.exif_transpose(opened(content)).convert("RGB")
            bits, _ = pdqhash.compute(np.asarray(upright))  # of the eight, the quickest to compute
            assert replies.only["hashes"][0] == np.packbits(bits.astype(np.uint8)).tobytes().hex()


def test_every_mode_of_one_photograph_lands_near_it(shared_data: Path) -> None:
    modes = shared_data / "pdq" / "misc-images" / "modes"
    original = native((modes / "original.jpg").read_bytes()).only["hashes"][0]
    for path in modes.glob("*.[jpw]*"):
        replies = native(path.read_bytes())
        replies = pillow(path.read_bytes()) if replies.deferred else replies
        nearest = min(distance(original, picture["hashes"][0]) for picture in replies.pictures)
        assert nearest <= 10, path.name
