"""Bad input ends as an outcome with a reason, and never costs more than its limits."""

from __future__ import annotations

import io
import os
import resource
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pictures import MAX_PIXELS, Replies, draw, encode, native, oracle, pillow
from PIL import Image, ImageFile

from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.native import _images
from safelight.types import UnscannedReason


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


def lenient(content: bytes) -> Image.Image:
    """What Pillow shows of a file that ends early."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, *, bits: int = 8, colour: int = 0, level: int = 9) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    packed = zlib.compress(rows, level)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


# -- files that end early ------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.45, 0.6, 0.95])
@pytest.mark.parametrize(
    "options",
    [
        {"format_": "JPEG"},
        {"format_": "JPEG", "progressive": True},
        {"format_": "PNG"},
        {"format_": "PNG", "compress_level": 0},
    ],
    ids=str,
)
def test_what_can_be_read_of_a_truncated_picture_is_hashed_as_pillow_shows_it(
    options: dict, share: float
) -> None:
    content = encode(draw(), **options)
    cut = content[: int(len(content) * share)]
    replies = native(cut)
    assert replies.reasons == ["truncated"]
    assert replies.pictures[0]["hashes"] == oracle(lenient(cut))[0]


def test_what_can_be_read_of_a_truncated_webp_is_hashed() -> None:
    content = encode(draw(), "WEBP", quality=90)
    replies = native(content[: len(content) * 9 // 10])
    assert replies.reasons == ["truncated"]
    assert replies.pictures[0]["quality"] >= 50
    assert "row" in replies.problems[0]["detail"]


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_cut_anywhere_a_file_ends_with_a_reason_or_a_picture(format_: str) -> None:
    content = encode(draw(48, 36), format_)
    decode = native if format_ in {"JPEG", "PNG", "WEBP"} else pillow
    for size in range(0, len(content), max(1, len(content) // 150)):
        replies = decode(content[:size])
        assert replies.problems or replies.pictures or replies.deferred, size
        assert {"truncated", "damaged"} >= set(replies.reasons)
        picture_is_whole = not replies.problems and not replies.deferred
        assert not picture_is_whole or size > len(content) * 0.9, size


def test_a_missing_end_marker_alone_is_no_damage() -> None:
    content = encode(draw(), "JPEG")
    assert native(content[:-2]).only["hashes"] == native(content).only["hashes"]


# -- damage --------------------------------------------------------------------------------------------------


def test_a_wrong_checksum_is_reported_and_the_picture_hashed_all_the_same() -> None:
    content = bytearray(encode(draw(), "PNG"))
    whole = native(bytes(content)).only["hashes"]
    data = content.index(b"IDAT")
    length = struct.unpack(">I", content[data - 4 : data])[0]
    content[data + 4 + length] ^= 0xFF
    replies = native(bytes(content))
    assert replies.reasons == ["damaged"]
    assert "checksum" in replies.problems[0]["detail"]
    assert replies.pictures[0]["hashes"] == whole


def test_a_wrong_checksum_of_text_is_nobodys_business() -> None:
    content = encode(draw(), "PNG")
    bad_text = b"\0\0\0\x04tEXtabcd\0\0\0\0"
    assert native(content[:33] + bad_text + content[33:]).only["hashes"] == native(content).only["hashes"]


def test_corrupt_jpeg_data_is_reported_beside_what_a_viewer_shows() -> None:
    content = bytearray(encode(draw(), "JPEG", quality=90))
    middle = len(content) // 2
    content[middle : middle + 6] = b"\xff\xd5\xff\xd6\xff\xd7"
    replies = native(bytes(content))
    assert replies.reasons == ["damaged"]
    assert replies.pictures[0]["hashes"] == oracle(Image.open(io.BytesIO(content)).convert("RGB"))[0]


def test_padding_before_a_marker_is_no_damage() -> None:
    content = encode(draw(), "JPEG")
    assert native(content[:-2] + bytes(50) + content[-2:]).only["hashes"] == native(content).only["hashes"]


def test_a_corrupt_stream_under_right_checksums_is_told_from_a_wrong_checksum() -> None:
    rows = zlib.compress(bytes(240 * 321))
    content = png(320, 240, b"").replace(
        chunk(b"IDAT", zlib.compress(b"", 9)), chunk(b"IDAT", rows[:20] + b"\xff" * 9)
    )
    replies = native(content)
    assert replies.reasons == ["damaged"]
    assert "checksum" not in replies.problems[0]["detail"]


# -- bombs ---------------------------------------------------------------------------------------------------

BIG = 50_000


def jpeg_header(width: int, height: int) -> bytes:
    content = bytearray(encode(draw(16, 16), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def webp_header(width: int, height: int) -> bytes:
    content = bytearray(encode(draw(16, 16), "WEBP"))
    key_frame = content.index(b"\x9d\x01\x2a")
    content[key_frame + 3 : key_frame + 7] = struct.pack("<HH", width, height)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (jpeg_header(BIG, BIG), f"{BIG} x {BIG}"),
        (png(BIG, BIG, b""), f"{BIG} x {BIG}"),
        (png(13_000, 13_000, bytes(13_000 * 13_001)), "13000 x 13000"),
        (webp_header(16_000, 16_000), "16000 x 16000"),
        (png(1 << 30, 1, b""), f"{1 << 30} x 1"),
    ],
    ids=["jpeg", "png", "png of 13,000 x 13,000", "webp", "png line"],
)
def test_a_header_of_too_many_pixels_is_refused_before_anything_is_allocated(
    content: bytes, size: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    replies = native(content)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert replies.reasons == ["too_many_pixels"]
    assert size in replies.problems[0]["detail"]
    assert not replies.pictures
    assert grown < 20_000  # KiB
    assert len(content) < 300_000


def test_a_bomb_in_the_sandbox_costs_nobody_anything(sandbox: Sandbox) -> None:
    bomb = png(13_000, 13_000, bytes(13_000 * 13_001))
    findings = look(bomb, sandbox)
    assert [problem.reason for problem in findings.problems] == [UnscannedReason.TOO_MANY_PIXELS]
    assert look(encode(draw(), "PNG"), sandbox).signals


def test_a_bomb_of_text_does_not_keep_a_picture_from_being_hashed() -> None:
    content = encode(draw(), "PNG")
    bomb = zlib.compress(bytes(100_000_000), 9)
    chunks = chunk(b"zTXt", b"Comment\0\0" + bomb) + chunk(b"iCCP", b"x\0\0" + bomb) + chunk(b"iTXt", b"x")
    assert native(content[:33] + chunks + content[33:]).only["hashes"] == native(content).only["hashes"]


def test_a_million_tiny_chunks_end_quickly() -> None:
    content = encode(draw(), "PNG")
    tiny = chunk(b"teSt", b"")
    assert native(content[:33] + tiny * 100_000 + content[33:]).only["quality"] >= 50
    interleaved = (chunk(b"IDAT", b"") + tiny) * 10_000
    assert native(content[:33] + interleaved + content[33:]).reasons == ["damaged"]


ANIMATIONS: dict[str, Callable[[Image.Image, list[Image.Image]], bytes]] = {
    "GIF": lambda first, rest: encode(first, "GIF", save_all=True, append_images=rest, duration=20),
    "PNG": lambda first, rest: encode(first, "PNG", save_all=True, append_images=rest, duration=20),
    "WEBP": lambda first, rest: encode(
        first, "WEBP", save_all=True, append_images=rest, duration=20, lossless=True
    ),
}


@pytest.mark.parametrize("format_", ANIMATIONS)
def test_ten_thousand_frames(format_: str, sandbox: Sandbox) -> None:
    frames = []
    for number in range(10_000):
        frame = Image.new("L", (24, 24), number % 7)
        frame.putpixel((number % 24, number // 24 % 24), 200 + number % 50)
        frames.append(frame)
    findings = look(ANIMATIONS[format_](frames[0], frames[1:]), sandbox)
    assert [problem.reason for problem in findings.problems] == [UnscannedReason.TOO_MANY_PARTS]
    assert len(findings.pictures) == sandbox.limits.max_parts


NO_ROOM_FOR_THE_EXACT_PASS = """
import os, resource, sys
from safelight.native import _images
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (24 << 20),) * 2)
print("\\n".join(_images.hash_unprotected(os.open(sys.argv[1], os.O_RDONLY), 10**8)))
"""


def test_a_hash_that_rounding_may_have_decided_is_not_given_where_memory_ends(tmp_path: Path) -> None:
    # Of stripes the fast pass is never certain, and the exact one keeps the 30 MB of a turned picture.
    stripes = Image.new("RGB", (4000, 2500))
    for x in range(0, 4000, 8):
        stripes.paste((x % 251, x % 241, x % 199), (x, 0, x + 4, 2500))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    path.write_bytes(encode(stripes, "PNG", compress_level=1, exif=exif))
    command = [sys.executable, "-c", NO_ROOM_FOR_THE_EXACT_PASS, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    replies = Replies.parse(run.stdout.splitlines())
    assert replies.reasons == ["out_of_memory"]
    assert not replies.pictures
    assert native(path.read_bytes()).only["quality"] >= 0


# -- small and odd -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_one_pixel(format_: str) -> None:
    replies = (native if format_ in {"JPEG", "PNG", "WEBP"} else pillow)(encode(draw(1, 1), format_))
    assert replies.only["quality"] == 0


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"RIFF\xff\xff\xff\xffWEBPVP8 "]
)
def test_a_magic_number_alone(content: bytes) -> None:
    replies = native(content)
    assert not replies.pictures
    assert len(replies.problems) == 1


def test_text_named_jpg(sandbox: Sandbox) -> None:
    findings = look(b"This is not a photograph.\n", sandbox)
    assert [problem.reason for problem in findings.problems] == [UnscannedReason.UNSUPPORTED]


def test_a_descriptor_that_cannot_be_read_is_no_crash() -> None:
    assert Replies.parse(_images.hash_unprotected(-1, MAX_PIXELS)).deferred


def test_a_file_cut_off_while_it_is_decoded_is_no_crash(tmp_path: Path) -> None:
    contents = [encode(draw(800, 600), format_) for format_ in ("JPEG", "PNG", "WEBP")]
    path = tmp_path / "changing"
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            for content in contents:
                path.write_bytes(content)
                os.truncate(path, len(content) // 2)

    path.write_bytes(contents[0])
    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(100):
            fd = os.open(path, os.O_RDONLY)
            replies = Replies.parse(_images.hash_unprotected(fd, MAX_PIXELS))
            os.close(fd)
            assert replies.pictures or replies.problems or replies.deferred
    finally:
        done.set()
        writer.join()
