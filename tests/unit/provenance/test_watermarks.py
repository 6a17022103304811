"""Open marks are decoded where they survive, and nowhere else; other decoders can be plugged in."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from decoders import family
from marking import marked
from pictures import draw
from PIL import Image

from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.families import Family
from safelight.media.sandbox.messages import PROVENANCE_MESSAGES
from safelight.provenance import examine
from safelight.provenance.watermark.dwt_dct import MARKS, decode
from safelight.types import Grade


def photograph(width: int = 512, height: int = 512, seed: int = 3) -> np.ndarray:
    """Shapes in colour with the noise of a sensor, away from black and white, where marks are clipped."""
    chance = np.random.default_rng(seed)
    picture = np.asarray(draw(width, height, seed).convert("RGB")).astype(np.float64)
    return np.clip(picture * 0.6 + 50 + chance.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def lossless(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: mark.software)
def test_each_mark_is_found_and_is_no_other(evidence, mark):
    content = lossless(marked(photograph(), mark.bits))
    found = evidence(content, "image/png")["watermark"]
    assert found.grade is Grade.DECODED
    assert found.detail["software"] == mark.software
    assert found.detail["decoder"] == "dwtDct"
    assert f"of {len(mark.bits)} bits" in found.detail["certainty"]
    assert mark.software in found.summary


@pytest.mark.parametrize(
    ("form", "mime"), [("WEBP", "image/webp"), ("TIFF", "image/tiff"), ("BMP", "image/bmp")]
)
def test_marks_are_found_in_every_lossless_format(evidence, form, mime):
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    content = lossless(marked(photograph(), MARKS[2].bits), form, **options)
    assert evidence(content, mime)["watermark"].detail["software"] == "Stable Diffusion XL"


def test_messages_and_thresholds_are_those_that_were_measured():
    assert [(mark.software, len(mark.bits), mark.least) for mark in MARKS] == [
        ("Stable Diffusion 1", 136, 123),
        ("Stable Diffusion 2", 32, 32),
        ("Stable Diffusion XL", 48, 44),
        ("FLUX", 46, 42),
    ]


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((512, 512, 3), np.uint8),
        np.full((512, 512, 3), 255, np.uint8),
        np.repeat(np.arange(512, dtype=np.uint16)[None, :, None] // 2, 512, 0).repeat(3, 2).astype(np.uint8),
        photograph(),
        photograph(7, 7),
        photograph(8, 4000),
    ],
)
def test_pictures_without_a_mark_have_none(pixels):
    assert list(decode(pixels)) == []


def test_random_crops_of_photographs_have_no_mark():
    chance = np.random.default_rng(11)
    pictures = [photograph(700, 700, seed) for seed in range(6)]
    for _ in range(200):
        top, left, size = chance.integers(0, 180), chance.integers(0, 180), chance.integers(260, 500)
        crop = pictures[chance.integers(6)][top : top + size, left : left + size]
        assert list(decode(crop)) == []


def test_a_plugged_in_decoder_runs_in_the_sandbox():
    """``tests/support`` holds a package that announces one."""
    told = family("safelight.provenance.reader:read", "--threads", name="provenance")
    content = lossless(np.full((64, 64, 3), (1, 2, 3), np.uint8))
    fd = sealed_memfd(content)
    try:
        with Sandbox([Family(told.name, told.command, PROVENANCE_MESSAGES)], accept_partial=True) as sandbox:
            found, problems = examine(fd, "image/png", sandbox)
    finally:
        os.close(fd)
    assert problems == ()
    [item] = found
    assert item.grade is Grade.DECODED
    assert item.detail == {
        "decoder": "colour",
        "software": "A Licensed Program",
        "certainty": "every pixel",
        "payload": "7",
    }
