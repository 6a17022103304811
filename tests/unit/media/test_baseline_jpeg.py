"""Our own JPEG decoder gives libjpeg-turbo's pixels, every one, and leaves to it what it does not take."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jpeg_mutations import decoded
from pictures import draw, encode, native, oracle
from PIL import Image, ImageOps

from safelight.native import _images, _pdq

SIZES = [(1, 1), (3, 3), (4, 4), (5, 4), (6, 9), (8, 8), (15, 16), (17, 17), (33, 31), (64, 64), (7, 300)]
SIZES += [(300, 7), (127, 129), (255, 257), (641, 479)]

needs_own_decoder = pytest.mark.skipif(not _images.own_jpeg_decoder(), reason="a processor without AVX2")


def noise(width: int, height: int) -> Image.Image:
    """At quality 100 of it every coefficient is there, and colours overflow."""
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))


def assert_as_pillow(content: bytes, *, ours: bool | None = None) -> None:
    found = decoded(content, by_library=False)
    assert found is not None
    pixels, ending, detail, kept = found
    assert (ending, detail) == (0, "")
    assert pixels == Image.open(io.BytesIO(content)).tobytes()
    assert ours is None or kept is ours


@needs_own_decoder
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "options",
    [
        {"quality": 100},
        {"quality": 85},
        {"quality": 10},
        {"subsampling": 0},
        {"subsampling": 1, "quality": 95},
        {"restart_marker_blocks": 1},
        {"restart_marker_blocks": 7, "optimize": True},
        {"restart_marker_rows": 1},
    ],
    ids=str,
)
def test_pixels_are_pillows(options: dict, size: tuple[int, int]) -> None:
    ours = size[0] >= 5 or options.get("subsampling") == 0  # narrower, chroma is not smoothed
    for picture in (draw(*size), noise(*size)):
        assert_as_pillow(encode(picture, "JPEG", **options), ours=ours)
        options_of_grey = {key: value for key, value in options.items() if key != "subsampling"}
        assert_as_pillow(encode(picture.convert("L"), "JPEG", **options_of_grey), ours=True)


@needs_own_decoder
def test_of_a_large_picture_only_a_few_rows_exist() -> None:
    large = draw(300, 286).resize((2101, 2003))
    for subsampling in (0, 1, 2):
        content = encode(large, "JPEG", subsampling=subsampling)
        assert_as_pillow(content, ours=False)  # its rows are not kept


def resampled(content: bytes, component: int, factors: int) -> bytes:
    """With other sampling factors in its frame header: other pictures, but whole ones."""
    changed = bytearray(content)
    changed[content.index(b"\xff\xc0") + 11 + 3 * component] = factors
    return bytes(changed)


@needs_own_decoder
def test_grey_with_any_sampling_factors() -> None:
    grey = encode(draw().convert("L"), "JPEG")
    for factors in (0x11, 0x21, 0x12, 0x22, 0x44):
        assert_as_pillow(resampled(grey, 0, factors), ours=True)


@pytest.mark.parametrize(
    "content",
    [
        encode(draw(), "JPEG", progressive=True),
        encode(draw(), "JPEG", keep_rgb=True),
        encode(draw(4, 60), "JPEG"),
    ],
    ids=["progressive", "RGB", "narrow"],
)
def test_what_is_left_to_libjpeg_turbo(content: bytes) -> None:
    assert_as_pillow(content, ours=False)


@needs_own_decoder
@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-2],
        lambda content: content[:-40] + b"\xff\xd9",
        lambda content: content[:-40] + b"\xff\xd3" + content[-40:],
        lambda content: content[:-40] + b"\xff\xff" + content[-40:],
        lambda content: content + bytes(100),
        lambda content: content.replace(b"\xff\xd1", b"\xff\xd5", 1),
        lambda content: content.replace(b"\xff\xd1", b"\xff\xff\xff\xd1", 1),
        lambda content: content.replace(b"\xff\xd1", b"\0\xff\xd1", 1),
        lambda content: resampled(content, 0, 0x41),
        lambda content: resampled(content, 0, 0x12),
        lambda content: resampled(content, 1, 0x21),
    ],
    ids=range(12),
)
def test_what_is_odd_is_as_libjpeg_turbo_shows_it(change: object) -> None:
    assert callable(change)
    for options in ({}, {"restart_marker_blocks": 5}):
        content = change(encode(draw(), "JPEG", **options))
        ours, library = decoded(content, by_library=False), decoded(content, by_library=True)
        assert ours is not None
        assert library is not None
        assert ours[:3] == library[:3]


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_every_instruction_set_gives_the_same_hashes(isa: str, tmp_path: Path) -> None:
    content = encode(draw(641, 479), "JPEG")
    (tmp_path / "picture.jpg").write_bytes(content)
    program = "import os, sys; from safelight.native import _images as i;"
    program += "print(i.hash_unprotected(os.open(sys.argv[1], os.O_RDONLY), 10**8)[0])"
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "picture.jpg"],
        env={**os.environ, "SAFELIGHT_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    if "this CPU offers at most" in run.stdout + run.stderr:
        pytest.skip(f"this CPU has no {isa}")
    assert run.returncode == 0, run.stderr
    assert native(content).only["hashes"][0] in run.stdout


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_that_needs_the_exact_pass_hashes_as_the_reference_does(orientation: int) -> None:
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    tiles = np.stack([(x * 8 + y * c) % 256 // 32 * 32 for c in (3, 5, 7)], axis=2).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(Image.fromarray(tiles), "JPEG", quality=95, exif=exif)
    assert not _pdq.stream(np.asarray(Image.open(io.BytesIO(content))), 640, 480, 3)[2]
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert native(content).only["hashes"] == oracle(upright)[0]
