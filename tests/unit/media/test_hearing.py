"""What is listened to is all of the running time, never loud; a waveform tells how loud it is and no more."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Iterator

import numpy as np
import pytest
from sounds import RATE, encode, encode_tracks, hum, silence, song
from videos import Video

from safelight.media.hearing import QUIETER, Heard, Waveform, can_hear, heard_of, waveform_of
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sound_types import is_sound
from safelight.types import Problem, UnscannedReason


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(accept_partial=True) as made:
        yield made


def heard(sandbox: Sandbox, content: bytes, begins: float = 0.0) -> Heard | Problem:
    fd = sealed_memfd(content)
    try:
        return heard_of(fd, begins, sandbox)
    finally:
        os.close(fd)


def waveform(sandbox: Sandbox, content: bytes) -> Waveform | Problem:
    fd = sealed_memfd(content)
    try:
        return waveform_of(fd, sandbox)
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("form", "codec"),
    [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("adts", "aac"), ("matroska", "aac"), ("flac", "flac")],
)
def test_segments_follow_each_other_to_the_end(sandbox: Sandbox, form: str, codec: str) -> None:
    content, found = encode(song(3, 10), form, codec), [0.0]
    samples = b""
    while True:
        made = heard(sandbox, content, found[-1])
        assert isinstance(made, Heard), made
        assert made.counts
        assert not made.missing
        samples += made.samples
        found.append(made.ends)
        if made.ended:
            break
    assert found[1:-1] == [4.0, 8.0]
    assert found[-1] == pytest.approx(10, abs=0.2)
    if form == "wav":
        assert np.array_equal(np.frombuffer(samples, "<i2")[: 9 * RATE], song(3, 10)[: 9 * RATE])


def test_it_is_never_loud(sandbox: Sandbox) -> None:
    made = heard(sandbox, encode(hum(2)))
    assert isinstance(made, Heard)
    with wave.open(io.BytesIO(made.wav())) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, RATE, 2 * RATE)
        loudest = np.abs(np.frombuffer(file.readframes(2 * RATE), "<i2").astype(int)).max()
    assert 0 < loudest <= 32768 // QUIETER


def test_a_waveform_is_how_loud_it_is(sandbox: Sandbox) -> None:
    quiet_then_loud = np.concatenate([silence(3), hum(3)])
    made = waveform(sandbox, encode(quiet_then_loud, "mp3", "libmp3lame"))
    assert isinstance(made, Waveform)
    assert made.seconds == pytest.approx(6, abs=0.2)
    half = len(made.peaks) // 2
    assert max(made.peaks[: half - 3]) < 5
    assert min(made.peaks[half + 3 : -3]) > 100
    assert len(waveform(sandbox, encode(silence(200))).peaks) <= 1200  # type: ignore[union-attr]


def test_a_second_soundtrack_never_counts_and_what_has_none_is_a_problem(sandbox: Sandbox) -> None:
    two = heard(sandbox, encode_tracks([song(1, 2), song(2, 2)], "matroska", "aac"))
    assert isinstance(two, Heard)
    assert not two.counts
    for made in (heard(sandbox, Video(scenes=(1,), seconds=1.0).bytes()), heard(sandbox, b"no sound")):
        assert isinstance(made, Problem)
    late = heard(sandbox, encode(song(1, 2)), 50.0)
    assert isinstance(late, Problem)
    assert late.reason is UnscannedReason.TRUNCATED
    assert isinstance(waveform(sandbox, b"no sound"), Problem)
    assert (is_sound("audio/mpeg"), is_sound("video/mp4"), can_hear("video/mp4")) == (True, False, True)
