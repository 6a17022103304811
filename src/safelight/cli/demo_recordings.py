"""Recordings of the demonstration: the camera glides over some photographs, and a few notes."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image

_RATE: Final = 10
_SCENE: Final = 2 * _RATE
_GLIDE: Final = 10
"""Pixels that the camera moves in a scene."""
_NOTES: Final = (262, 330, 392, 523, 440, 349)
"""Hertz."""
_SAMPLES: Final = 22_050


def tune(where: Path) -> None:
    """A WAVE file of a few notes, one a second."""
    time = np.arange(_SAMPLES) / _SAMPLES
    notes = [np.sin(2 * np.pi * hertz * time) * np.exp(-3 * time) for hertz in _NOTES]
    with wave.open(str(where), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SAMPLES)
        file.writeframes((np.concatenate(notes) * 20_000).astype("<i2").tobytes())


def film(where: Path, pictures: Sequence[Image.Image], *, size: tuple[int, int]) -> None:
    """An MP4 of two seconds a picture, of so many pixels, without sound."""
    with av.open(str(where), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=_RATE)
        stream.width, stream.height = width, height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _RATE)
        for number in range(_SCENE * len(pictures)):
            scene, step = divmod(number, _SCENE)
            larger = pictures[scene].convert("RGB").resize((width + _GLIDE, height + _GLIDE))
            at = _GLIDE * step // _SCENE
            seen = np.asarray(larger.crop((at, at, at + width, at + height)))
            frame = av.VideoFrame.from_ndarray(seen, format="rgb24")
            frame.pts, frame.time_base = number, stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
