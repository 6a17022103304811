"""Every other format, mode and frame hashes as a viewer shows it, and a fault costs one frame."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
from heic import heic
from pictures import distance, draw, encode, oracle, pillow
from PIL import Image, ImageFile, ImageOps


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def assert_as_oracle(content: bytes, seen: Image.Image) -> None:
    picture = pillow(content).only
    assert (picture["hashes"], picture["quality"]) == oracle(seen)
    assert (picture["width"], picture["height"]) == seen.size
    assert picture["selectors"] == []


@pytest.mark.parametrize(
    "options",
    [
        {"format_": "AVIF"},
        {"format_": "BMP"},
        {"format_": "GIF"},
        {"format_": "ICO", "sizes": [(200, 150)]},
        {"format_": "JPEG2000"},
        {"format_": "PCX"},
        {"format_": "PPM"},
        {"format_": "QOI"},
        {"format_": "SGI"},
        {"format_": "TIFF"},
        {"format_": "TIFF", "compression": "tiff_lzw"},
        {"format_": "TIFF", "compression": "jpeg"},
        {"format_": "DDS"},
    ],
    ids=str,
)
def test_formats(options: dict[str, Any]) -> None:
    content = encode(draw(200, 150), **options)
    assert_as_oracle(content, opened(content).convert("RGB"))


def test_heic() -> None:
    content = heic(draw())
    assert_as_oracle(content, opened(content).convert("RGB"))
    assert distance(pillow(content).only["hashes"][0], oracle(draw())[0][0]) <= 10


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LAB", "RGB"])
def test_modes_hash_near_the_original(mode: str) -> None:
    original = oracle(draw())[0][0]
    palette = {"palette": Image.Palette.ADAPTIVE} if mode == "P" else {}
    content = encode(draw().convert(mode, **palette), "TIFF")
    picture = pillow(content).only
    # Black and white dots keep the least.
    assert distance(original, picture["hashes"][0]) <= (24 if mode == "1" else 10)


def test_a_cmyk_jpeg_is_shown_as_pillow_shows_it() -> None:
    content = encode(draw().convert("CMYK"), "JPEG", quality=95)
    assert_as_oracle(content, opened(content).convert("RGB"))
    assert distance(pillow(content).only["hashes"][0], oracle(draw())[0][0]) <= 10


GREY = np.asarray(draw().convert("L"))


@pytest.mark.parametrize(
    "values",
    [
        GREY.astype(np.uint16) * 257,
        GREY.astype(np.uint16) * 256 + 77,
        GREY.astype(np.int32),
        GREY.astype(np.int32) * 257,
        GREY.astype(np.int32) * 65536 - 2**23,
        GREY.astype(np.float32),
        GREY.astype(np.float32) / 255,
        GREY.astype(np.float32) * 257,
        GREY.astype(np.float32) * 40 - 3000,
    ],
    ids=lambda v: f"{v.dtype} {v.min()}..{v.max()}",
)
def test_deep_greys_are_scaled_not_clipped(values: np.ndarray) -> None:
    picture = pillow(encode(Image.fromarray(values), "TIFF")).only
    assert distance(picture["hashes"][0], oracle(Image.fromarray(GREY, "L"))[0][0]) <= 4


def test_sixteen_bit_grey_shows_its_high_byte() -> None:
    noise = np.random.default_rng(5).integers(0, 256, GREY.shape).astype(np.uint16)
    for deep in (Image.fromarray(GREY.astype(np.uint16) * 256 + noise), big_endian(GREY, noise)):
        assert_as_oracle(encode(deep, "TIFF"), Image.fromarray(GREY, "L"))


def big_endian(high: np.ndarray, low: np.ndarray) -> Image.Image:
    data = (high.astype(">u2") * 256 + low).astype(">u2").tobytes()
    return Image.frombytes("I;16B", high.shape[::-1], data)


def test_floats_that_are_no_numbers_end_well() -> None:
    values = GREY.astype(np.float32)
    values[0, 0] = np.nan
    values[1, 1] = np.inf
    assert len(pillow(encode(Image.fromarray(values), "TIFF")).pictures) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "options", [{"format_": "AVIF"}, {"format_": "TIFF"}, {"format_": "JPEG", "quality": 95}], ids=str
)
def test_orientation_is_applied_once(options: dict[str, Any], orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    mode = "CMYK" if options["format_"] == "JPEG" else "RGB"
    content = encode(draw(201, 133).convert(mode), **options, exif=tags)
    upright = ImageOps.exif_transpose(opened(content)).convert("RGB")
    assert_as_oracle(content, upright)
    expected = (133, 201) if orientation >= 5 else (201, 133)
    assert upright.size == expected


@pytest.mark.parametrize(("quarter_turns", "orientation"), [(0, 1), (1, 8), (2, 3), (3, 6)])
def test_heic_orientation_is_applied_once(quarter_turns: int, orientation: int) -> None:
    # Telephones write the turn twice: as a property of the picture and in its EXIF.
    tags = Image.Exif()
    tags[0x0112] = orientation
    content = heic(draw(), quarter_turns=quarter_turns, exif=tags.tobytes())
    upright = draw().rotate(90 * quarter_turns, expand=True)
    picture = pillow(content).only
    assert (picture["width"], picture["height"]) == upright.size
    assert distance(picture["hashes"][0], oracle(upright)[0][0]) <= 10


def test_xmp_alone_does_not_turn_a_picture() -> None:
    xmp = b'<rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF>'
    content = encode(draw(200, 100).convert("CMYK"), "JPEG", xmp=xmp)
    assert pillow(content).only["width"] == 200


# -- many pictures in one file -------------------------------------------------------------------------------

ANIMATED = [
    {"format_": "GIF"},
    {"format_": "PNG"},
    {"format_": "WEBP", "lossless": True},
    {"format_": "AVIF", "quality": 100},
]


def animation(frames: list[Image.Image], **options: object) -> bytes:
    return encode(frames[0], **options, save_all=True, append_images=frames[1:], duration=100)


@pytest.mark.parametrize("options", ANIMATED, ids=str)
def test_every_distinct_frame_of_an_animation(options: dict[str, Any]) -> None:
    frames = [draw(120, 90, seed) for seed in range(4)]
    content = animation(frames, **options)
    replies = pillow(content)
    assert not replies.problems
    assert [p["selectors"] for p in replies.pictures] == [[["frame", str(n)]] for n in range(1, 5)]
    image = Image.open(io.BytesIO(content))
    for number, picture in enumerate(replies.pictures):
        image.seek(number)
        assert picture["hashes"] == oracle(image.convert("RGB"))[0]


@pytest.mark.parametrize("options", ANIMATED[:3], ids=str)
def test_a_frame_shown_again_is_hashed_once(options: dict[str, Any]) -> None:
    first, second = draw(60, 60, 1).quantize(16).convert("RGB"), draw(60, 60, 2).quantize(16).convert("RGB")
    replies = pillow(animation([first, second, first, second, first], **options))
    assert [p["selectors"] for p in replies.pictures] == [[["frame", "1"]], [["frame", "2"]]]


@pytest.mark.parametrize("options", ANIMATED[:3], ids=str)
def test_frames_beyond_the_cap_are_reported_and_the_first_ones_kept(options: dict[str, Any]) -> None:
    frames = [draw(40, 40, seed) for seed in range(6)]
    replies = pillow(animation(frames, **options), max_parts=4)
    assert len(replies.pictures) == 4
    assert replies.reasons == ["too_many_parts"]
    assert pillow(animation(frames, **options), max_parts=6).reasons == []


def test_transparent_frames_hash_over_both_backgrounds() -> None:
    frames = []
    for seed in (1, 2):
        frame = draw(80, 80, seed).convert("RGBA")
        frame.paste((0, 0, 0, 0), (20, 20, 60, 60))
        frames.append(frame)
    replies = pillow(animation(frames, format_="PNG", disposal=1, blend=0))
    assert [p["selectors"] for p in replies.pictures] == [
        [["frame", "1"], ["over", "white"]],
        [["frame", "1"], ["over", "black"]],
        [["frame", "2"], ["over", "white"]],
        [["frame", "2"], ["over", "black"]],
    ]


def test_pages_and_multi_picture_files() -> None:
    pages = [draw(90, 70, 1), draw(70, 90, 2)]
    for format_, name in (("TIFF", "page"), ("MPO", "image")):
        replies = pillow(encode(pages[0], format_, save_all=True, append_images=pages[1:]))
        assert [p["selectors"] for p in replies.pictures] == [[[name, "1"]], [[name, "2"]]]
        assert [(p["width"], p["height"]) for p in replies.pictures] == [(90, 70), (70, 90)]


def test_a_damaged_page_does_not_cost_the_others() -> None:
    pages = [draw(90, 70, seed) for seed in (1, 2, 3)]
    content = bytearray(
        encode(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    )
    whole = pillow(bytes(content))
    middle = Image.open(io.BytesIO(content))
    middle.seek(1)
    [strip] = middle.tag_v2[273]
    content[strip : strip + 40] = b"\xff" * 40
    replies = pillow(bytes(content))
    assert replies.reasons == ["damaged"]
    [problem] = replies.problems
    assert problem["selectors"] == [["page", "2"]]
    assert [p["hashes"] for p in replies.pictures] == [
        whole.pictures[0]["hashes"],
        whole.pictures[2]["hashes"],
    ]


# -- limits and faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["BMP", "GIF", "TIFF", "AVIF", "ICO"])
def test_a_picture_of_too_many_pixels_is_refused(format_: str) -> None:
    options = {"sizes": [(200, 200)]} if format_ == "ICO" else {}
    replies = pillow(encode(draw(200, 200), format_, **options), max_pixels=39_999)
    assert replies.reasons == ["too_many_pixels"]
    assert "200 x 200" in replies.problems[0]["detail"]
    assert not replies.pictures


def test_a_later_page_of_too_many_pixels_costs_only_itself() -> None:
    pages = [draw(50, 50, 1), draw(200, 200, 2), draw(50, 50, 3)]
    replies = pillow(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]), max_pixels=39_999)
    assert [picture["selectors"] for picture in replies.pictures] == [[["page", "1"]], [["page", "3"]]]
    assert replies.reasons == ["too_many_pixels"]
    assert "200 x 200" in replies.problems[0]["detail"]


@pytest.mark.parametrize("options", [{"format_": "GIF"}, {"format_": "BMP"}, {"format_": "TIFF"}], ids=str)
def test_what_can_be_read_of_a_truncated_picture_is_hashed(options: dict[str, Any]) -> None:
    content = encode(draw(), **options)
    if options["format_"] == "TIFF":  # the directory first, as scanners write it
        content = tiff_with_directory_first(draw())
    cut = content[: len(content) * 3 // 4]
    replies = pillow(cut)
    assert replies.reasons == ["truncated"]
    assert replies.pictures[0]["hashes"] == oracle(lenient(cut))[0]
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def lenient(content: bytes) -> Image.Image:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return opened(content).convert("RGB")
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def tiff_with_directory_first(image: Image.Image) -> bytes:
    width, height = image.size
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, 200), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, width * height * 3)]
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0" * 4
    return (b"II*\0\x08\0\0\0" + ifd).ljust(200, b"\0") + image.tobytes()


def test_a_bomb_of_text_beside_an_animation_costs_nothing() -> None:
    frames = [draw(40, 40, seed) for seed in range(2)]
    content = animation(frames, format_="PNG")
    bomb = zlib.compress(bytes(80_000_000), 9)
    chunks = b""
    for kind, data in ((b"zTXt", b"Comment\0\0" + bomb), (b"iCCP", b"x\0\0" + bomb)):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    replies = pillow(content[:33] + chunks + content[33:])
    assert not replies.problems
    assert [p["hashes"] for p in replies.pictures] == [p["hashes"] for p in pillow(content).pictures]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"BM" + bytes(60), b"\0\0\0\x18ftypheic" + bytes(40), b"no picture"]
)
def test_what_is_no_picture_is_one_problem(content: bytes) -> None:
    replies = pillow(content)
    assert len(replies.problems) == 1
    assert not replies.pictures


def test_postscript_is_never_run() -> None:
    replies = pillow(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n")
    assert replies.reasons == ["damaged"]


def test_the_warm_parent_loads_no_more_than_decoding_needs() -> None:
    # What it maps, every fork copies; what it holds, an attacker inside could read.
    program = "import sys, safelight.media.pillow_decoder; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"pydantic", "numpy", "sqlite3", "cryptography", "safelight.lists", "safelight.keys"}
