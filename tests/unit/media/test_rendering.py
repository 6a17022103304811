"""A rendering shows what its level says and no pixel more, whatever is in the file or in its decoder."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from documents import Page, pdf
from pictures import draw, encode
from PIL import Image
from videos import Video

from safelight.media import rendering
from safelight.media.rendering import Level, Rendering, can_render, render
from safelight.media.rendering_shape import SAMPLES
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import RENDERING_MESSAGES
from safelight.media.sandbox.protocol import Collector, Reply
from safelight.types import Problem, UnscannedReason

MP4 = "video/mp4"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(accept_partial=True) as made:
        yield made


def shown(
    sandbox: Sandbox, content: bytes, level: Level, page: int = 1, *, mime: str = "image/png", **also: Any
) -> Rendering | Problem:
    fd = sealed_memfd(content)
    try:
        return render(fd, mime, level, page, sandbox, **also)
    finally:
        os.close(fd)


def animation(frames: int, format_: str = "GIF") -> bytes:
    pictures = [draw(120, 90, seed=number) for number in range(frames)]
    return encode(pictures[0], format_, save_all=True, append_images=pictures[1:])


@pytest.fixture(scope="module")
def large() -> bytes:
    return encode(draw(260, 130).resize((2600, 1300)), "JPEG")


@pytest.mark.parametrize("level", [Level.TINY, Level.REDUCED, Level.GREY, Level.ORIGINAL])
def test_each_level_has_its_own_pixels_and_colours(sandbox: Sandbox, level: Level, large: bytes) -> None:
    made = shown(sandbox, large, level)
    assert isinstance(made, Rendering)
    assert (made.width, made.height) == (SAMPLES[level], SAMPLES[level] // 2)
    assert made.bands == (3 if level is Level.ORIGINAL else 1)
    assert len(made.pixels) == made.width * made.height * made.bands
    assert (made.page, made.pages, made.parts, made.missing) == (1, 1, 1, 0)


def test_a_tiny_picture_is_reduced_too(sandbox: Sandbox) -> None:
    made = shown(sandbox, encode(draw(40, 40), "PNG"), Level.TINY)
    assert isinstance(made, Rendering)
    assert made.width == 10


def test_level_one_is_the_mean_of_areas_and_keeps_no_edge(sandbox: Sandbox) -> None:
    stripes = np.zeros((320, 320, 3), np.uint8)
    stripes[:, ::2] = 255
    made = shown(sandbox, encode(Image.fromarray(stripes), "PNG"), Level.TINY)
    assert isinstance(made, Rendering)
    assert np.ptp(np.frombuffer(made.pixels, np.uint8)) <= 2


def test_it_is_turned_as_viewers_turn_it(sandbox: Sandbox) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = shown(sandbox, encode(draw(400, 200), "JPEG", exif=exif), Level.GREY)
    assert isinstance(made, Rendering)
    assert (made.width, made.height) == (200, 400)


def test_black_and_white_drawings_on_nothing_are_both_seen(sandbox: Sandbox) -> None:
    for colour in (0, 255):
        drawing = Image.new("LA", (64, 64), (colour, 0))
        drawing.paste((colour, 255), (16, 16, 48, 48))
        made = shown(sandbox, encode(drawing, "PNG"), Level.GREY)
        assert isinstance(made, Rendering)
        assert np.ptp(np.frombuffer(made.pixels, np.uint8)) > 100


def test_an_animation_is_nine_frames_a_page_and_every_one_of_them_comes(sandbox: Sandbox) -> None:
    content = animation(20)
    low = shown(sandbox, content, Level.TINY)
    assert isinstance(low, Rendering)
    assert (low.pages, low.parts) == (1, 20)
    assert isinstance(shown(sandbox, content, Level.TINY, 2), Problem)
    pages = [shown(sandbox, content, Level.GREY, page) for page in (1, 2, 3)]
    assert all(isinstance(page, Rendering) and page.pages == 3 for page in pages)
    assert len({page.pixels for page in pages if isinstance(page, Rendering)}) == 3
    assert isinstance(shown(sandbox, content, Level.GREY, 4), Problem)


def test_pages_of_a_document_come_one_by_one(sandbox: Sandbox) -> None:
    made = shown(sandbox, animation(3, "TIFF"), Level.ORIGINAL, 2)
    assert isinstance(made, Rendering)
    assert (made.page, made.pages, made.width, made.height) == (2, 3, 120, 90)


def test_what_is_cut_short_says_so_and_what_is_no_picture_is_a_problem(sandbox: Sandbox) -> None:
    whole = encode(draw(), "JPEG")
    made = shown(sandbox, whole[: len(whole) // 2], Level.GREY)
    assert isinstance(made, Rendering)
    assert made.cut_short
    none = shown(sandbox, b"no picture at all", Level.GREY)
    assert isinstance(none, Problem)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with Sandbox(accept_partial=True, limits=Limits(max_pixels=10_000)) as small:
        made = shown(small, encode(draw(200, 200), "PNG"), Level.TINY)
    assert isinstance(made, Problem)
    assert made.reason is UnscannedReason.TOO_MANY_PIXELS


def test_pages_of_a_pdf_come_one_by_one_and_attachments_beside_them_are_told(sandbox: Sandbox) -> None:
    pages = [Page(bitmaps=(draw(300, 200, seed=number),)) for number in range(3)]
    for attachments in (None, {"a.txt": b"more"}):
        content = pdf(pages, attachments)
        low = shown(sandbox, content, Level.TINY, mime="application/pdf")
        assert isinstance(low, Rendering)
        assert (low.pages, low.parts, low.bands) == (1, 3, 1)
        assert max(low.width, low.height) <= 3 * 32 + 2 * 4
        made = shown(sandbox, content, Level.ORIGINAL, 3, mime="application/pdf")
        assert isinstance(made, Rendering)
        assert (made.page, made.pages, made.width, made.bands, made.counts) == (3, 3, 2048, 3, True)
        assert made.attachments is bool(attachments)
    assert isinstance(shown(sandbox, content, Level.GREY, 4, mime="application/pdf"), Problem)
    assert isinstance(shown(sandbox, b"%PDF-1.7 no more", Level.GREY, mime="application/pdf"), Problem)


def test_a_video_is_stills_which_never_count(sandbox: Sandbox) -> None:
    content = Video(scenes=(1, 2, 3), seconds=8.0).bytes()
    low = shown(sandbox, content, Level.TINY, mime=MP4, moments=(13.5,))
    assert isinstance(low, Rendering)
    assert (low.pages, low.counts, low.bands) == (1, False, 1)
    assert any(13.4 <= moment <= 13.6 for moment in low.moments)
    assert len(low.moments) == 9
    assert max(low.width, low.height) <= 3 * 32 + 2 * 4
    pages = [shown(sandbox, content, Level.ORIGINAL, page, mime=MP4) for page in (1, 2, 3)]
    told = [page.moments for page in pages if isinstance(page, Rendering)]
    assert [len(moments) for moments in told[:2]] == [9, 9]
    assert 0 < len(told[2]) < 9
    assert sorted(sum(told, ())) == list(sum(told, ()))
    assert isinstance(shown(sandbox, content, Level.GREY, 4, mime=MP4), Problem)


def test_a_turned_video_is_shown_as_players_turn_it(sandbox: Sandbox) -> None:
    first = []
    for degrees in (0, 90):
        made = shown(sandbox, Video(scenes=(1,), seconds=1.0, rotation=degrees).bytes(), Level.GREY, mime=MP4)
        assert isinstance(made, Rendering)
        sheet = np.frombuffer(made.pixels, np.uint8).reshape(made.height, made.width)
        first.append(sheet[:144, :192] if degrees == 0 else sheet[:192, :144])
    assert np.abs(np.rot90(first[0], -1).astype(int) - first[1]).mean() < 8


@pytest.mark.parametrize("content", [b"", b"no video", Video(scenes=(1,), seconds=1.0).bytes()[:400]])
def test_what_is_no_video_is_a_problem(sandbox: Sandbox, content: bytes) -> None:
    assert isinstance(shown(sandbox, content, Level.TINY, mime=MP4), Problem)


def told(level_bands: int, width: int, height: int, pixels: bytes, page: int = 1) -> Reply:
    collector = Collector(RENDERING_MESSAGES, Limits())
    sheet = {
        "page": page, "pages": page, "parts": 1, "missing": 0, "cut_short": False, "counts": True,
        "width": width, "height": height, "bands": level_bands,
    }  # fmt: skip
    collector.add(json.dumps({"sheet": sheet}).encode())
    for start in range(0, len(pixels), 40_000):
        data = base64.b64encode(pixels[start : start + 40_000]).decode()
        collector.add(json.dumps({"rows": {"data": data}}).encode())
    reply = collector.add(b'{"end":{"parts":1}}')
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("bands", "width", "height", "number"),
    [(1, 640, 480, 640 * 480), (3, 32, 24, 3 * 32 * 24), (1, 32, 24, 32 * 24 + 1), (1, 32, 24, 0)],
)
def test_a_decoder_that_was_taken_over_shows_no_more_than_the_level(
    bands: int, width: int, height: int, number: int
) -> None:
    believed = rendering._believed(told(bands, width, height, bytes(number)), Level.TINY, 1)
    assert isinstance(believed, Problem)
    assert believed.reason is UnscannedReason.BAD_REPLY


def test_another_page_than_asked_for_is_not_believed() -> None:
    assert isinstance(rendering._believed(told(1, 8, 8, bytes(64), page=2), Level.TINY, 1), Problem)


def test_what_can_be_shown() -> None:
    assert can_render("image/jpeg")
    assert can_render("image/gif")
    assert can_render("application/pdf")
    assert can_render("video/mp4")
    assert not can_render("audio/mpeg")
    assert not can_render("application/zip")
    assert not can_render("text/plain")
