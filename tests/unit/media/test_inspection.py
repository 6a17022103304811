"""From an opened file to findings, through the real sandbox: the right decoder, the right words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from heic import heic
from pictures import distance, draw, encode, oracle
from PIL import Image

from safelight.frames import parse_frames
from safelight.media import Findings, OpenedFile, inspect, open_media
from safelight.media.sandbox.client import Sandbox
from safelight.types import UnhashableReason, UnscannedReason


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def look(content: bytes, sandbox: Sandbox) -> Findings:
    with open_media(content) as opened:
        assert isinstance(opened, OpenedFile)
        return inspect(opened, sandbox)


FORMATS = {
    "JPEG": encode(draw(), "JPEG"),
    "CMYK JPEG": encode(draw().convert("CMYK"), "JPEG"),
    "PNG": encode(draw(), "PNG"),
    "WebP": encode(draw(), "WEBP"),
    "GIF": encode(draw(), "GIF"),
    "AVIF": encode(draw(), "AVIF"),
    "HEIC": heic(draw()),
    "TIFF": encode(draw(), "TIFF", compression="tiff_lzw"),
    "LAB TIFF": encode(draw().convert("LAB"), "TIFF"),
    "BMP": encode(draw(), "BMP"),
    "JPEG 2000": encode(draw(), "JPEG2000"),
    "icon": encode(draw(256, 256).resize((200, 200)), "ICO", sizes=[(200, 200)]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_of_any_format_yields_one_signal(name: str, sandbox: Sandbox) -> None:
    findings = look(FORMATS[name], sandbox)
    assert findings.problems == ()
    [signal], [picture] = findings.signals, findings.pictures
    assert (signal.type, str(signal.part), str(picture.part)) == ("pdq", "", "")
    assert len(signal.variants) == 7
    assert signal.quality is not None
    assert signal.quality >= 50
    if name != "icon":
        assert (picture.width, picture.height) == (320, 240)
        assert distance(signal.value, oracle(draw())[0][0]) <= 10


def test_plain_and_tiny_pictures_are_unhashable_not_failures(sandbox: Sandbox) -> None:
    for content in (
        encode(Image.new("RGB", (200, 200), "grey"), "PNG"),
        encode(Image.new("L", (200, 200)), "BMP"),
    ):
        findings = look(content, sandbox)
        assert findings.problems == findings.signals == ()
        assert [u.reason for u in findings.unhashable] == [UnhashableReason.TOO_PLAIN]
        assert len(findings.pictures) == 1
    findings = look(encode(draw(1, 1), "PNG"), sandbox)
    assert [u.reason for u in findings.unhashable] == [UnhashableReason.TOO_SMALL]
    assert findings.problems == ()


def test_frames_carry_their_address(sandbox: Sandbox) -> None:
    frames = [draw(90, 90, seed) for seed in range(3)]
    findings = look(encode(frames[0], "WEBP", save_all=True, append_images=frames[1:]), sandbox)
    pictures = [signal for signal in findings.signals if signal.type == "pdq"]
    assert [str(signal.part) for signal in pictures] == ["#frame=1", "#frame=2", "#frame=3"]


@pytest.mark.parametrize("format_", ["WEBP", "GIF", "PNG"])
def test_an_animation_is_a_video_of_its_distinct_frames(format_: str, sandbox: Sandbox) -> None:
    one, two, three = (draw(90, 90, seed) for seed in range(3))
    shown = [two, two, one, three]
    how = {"save_all": True, "append_images": shown, "duration": [400, 300, 300, 200, 500]}
    content = encode(one, format_, **how, **({"lossless": True} if format_ == "WEBP" else {}))
    findings = look(content, sandbox)
    (video,) = (signal for signal in findings.signals if signal.type == "vpdq")
    assert (str(video.part), video.quality) == ("", 100)
    assert [frame.seconds for frame in parse_frames(video.value)] == [0, 0.4, 1.2]
    pictures = [signal.value for signal in findings.signals if signal.type == "pdq"]
    assert [frame.value for frame in parse_frames(video.value)] == pictures
    # One picture is no animation.
    assert {signal.type for signal in look(encode(one, format_), sandbox).signals} == {"pdq"}


def test_what_no_decoder_takes_is_named(sandbox: Sandbox) -> None:
    for content, words in (
        (b"plain text", "text (text/plain) is not decoded"),
        (b"MThd\0\0\0\x06" + bytes(40), "audio (audio/midi) is not decoded"),
        (b"\xff\x0a" + bytes(40), "this image format (image/jxl) is not decoded"),
        (bytes(range(200)), "its first bytes are of no format that is known here"),
    ):
        findings = look(content, sandbox)
        assert [problem.reason for problem in findings.problems] == [UnscannedReason.UNSUPPORTED]
        assert words in findings.problems[0].detail


def test_an_empty_file_is_its_own_outcome(sandbox: Sandbox) -> None:
    assert [problem.reason for problem in look(b"", sandbox).problems] == [UnscannedReason.EMPTY]


def test_the_package_page_exports_what_it_lists() -> None:
    from safelight import media

    assert all(getattr(media, name) for name in media.__all__)
    with pytest.raises(AttributeError):
        _ = media.nothing  # type: ignore[attr-defined]  # that is the point
