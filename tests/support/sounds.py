"""Sounds made on the spot, each from a number: notes, babble that is no speech, and what says nothing."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import av
import numpy as np
import numpy.typing as npt

RATE = 22050
Samples = npt.NDArray[np.int16]


@cache
def song(seed: int, seconds: float = 12) -> Samples:
    """Notes of a scale with overtones, one to three at a time, now and then a drum."""
    random = np.random.default_rng(seed)
    out = np.zeros(int((seconds + 3) * RATE))
    scale = np.array([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10]])[random.integers(2)]
    root, beat = random.integers(40, 60), random.uniform(0.18, 0.5)
    overtones = random.uniform(0.1, 1, 6) / np.arange(1, 7) ** random.uniform(0.5, 1.5)
    at = 0.0
    while at < seconds:
        length = beat * random.choice([0.5, 1, 1, 2, 3])
        time = np.arange(int(min(1.5 * length, 2) * RATE)) / RATE
        for _ in range(random.integers(1, 4)):
            note = root + 12 * random.integers(3) + random.choice(scale)
            pitch = 440 * 2 ** ((note - 69) / 12) * np.arange(1, 7)
            heard = overtones * (pitch < RATE / 2)
            wave = heard @ np.sin(2 * np.pi * pitch[:, None] * time)
            wave *= np.exp(-time * random.uniform(1, 6)) * np.minimum(1, time / 0.01) * random.uniform(0.3, 1)
            out[int(at * RATE) :][: len(wave)] += wave
        if random.random() < 0.5:
            drum = random.normal(0, 0.5, RATE // 10) * np.exp(-np.arange(RATE // 10) / RATE * 40)
            out[int(at * RATE) :][: len(drum)] += drum
        at += length
    whole = _level(out[: int(seconds * RATE)])
    whole.flags.writeable = False  # it is kept for whoever asks next
    return whole


def babble(seed: int, seconds: float = 12) -> Samples:
    """Syllables of no language: a gliding buzz through three resonances, hisses, pauses."""
    random = np.random.default_rng(seed)
    out = np.zeros(int((seconds + 1) * RATE))
    pitch, at = random.uniform(90, 220), 0.0
    overtones = np.arange(1, 30)[np.arange(1, 30) * pitch < RATE / 2.2]
    while at < seconds:
        time = np.arange(int(random.uniform(0.08, 0.35) * RATE)) / RATE
        glide = 1 + 0.15 * np.sin(2 * np.pi * random.uniform(1, 4) * time + random.uniform(0, 6))
        phase = 2 * np.pi * pitch * np.cumsum(glide) / RATE
        resonances = random.uniform([300, 900, 2200], [850, 2200, 3200])
        away = (pitch * overtones[:, None] - resonances) / np.array([80, 120, 200])
        wave = (1 / (1 + away**2)).sum(axis=1) @ np.sin(overtones[:, None] * phase)
        if random.random() < 0.2:
            wave = random.normal(0, 0.5, len(time))
        out[int(at * RATE) :][: len(time)] += wave * np.hanning(len(time))
        at += len(time) / RATE + (random.uniform(0.1, 0.6) if random.random() < 0.2 else 0)
    return _level(out[: int(seconds * RATE)])


def silence(seconds: float = 12) -> Samples:
    return np.zeros(int(seconds * RATE), np.int16)


def hum(seconds: float = 12) -> Samples:
    """Mains, with its overtones."""
    time = np.arange(int(seconds * RATE)) / RATE
    return _level(sum(np.sin(2 * np.pi * 50 * n * time) / n for n in range(1, 6)))


def noise(seed: int, seconds: float = 12) -> Samples:
    """White noise."""
    return _level(np.random.default_rng(seed).normal(size=int(seconds * RATE)))


def _level(wave: Any) -> Samples:
    levelled: Samples = (wave / np.abs(wave).max() * 0.7 * 32767).astype(np.int16)
    return levelled


def encode(
    samples: Samples,
    form: str = "wav",
    codec: str = "pcm_s16le",
    bit_rate: int | None = None,
    rate: int = RATE,
) -> bytes:
    """A sound file of FFmpeg's format and codec of these names; ``rate`` in samples a second."""
    return encode_tracks([samples], form, codec, bit_rate, rate)


def encode_tracks(
    tracks: list[Samples], form: str, codec: str, bit_rate: int | None = None, rate: int = RATE
) -> bytes:
    """A file with several soundtracks."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        streams = [container.add_stream(codec, rate=rate) for _ in tracks]
        for stream in streams:
            stream.layout = "mono"
            if bit_rate:
                stream.bit_rate = bit_rate
        for stream, samples in zip(streams, tracks, strict=True):
            resampler = av.AudioResampler(stream.format.name, "mono", rate)
            for at in range(0, len(samples), 4096):
                frame = av.AudioFrame.from_ndarray(samples[None, at : at + 4096], "s16", "mono")
                frame.sample_rate, frame.pts = RATE, at
                for each in resampler.resample(frame):
                    container.mux(stream.encode(each))
            for each in resampler.resample(None):
                container.mux(stream.encode(each))
            container.mux(stream.encode(None))
    return file.getvalue()
