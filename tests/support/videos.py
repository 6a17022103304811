"""Videos made on the spot: drawn scenes that the camera glides over, in what PyAV writes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import av
import numpy as np
import numpy.typing as npt
from pictures import draw

WIDTH, HEIGHT = 192, 144
_GLIDE = 8
"""Pixels that the camera moves within a scene: a few bits of PDQ a second."""


@cache
def scene(seed: int) -> npt.NDArray[np.uint8]:
    """A drawn picture, larger than a frame by what the camera glides."""
    return np.asarray(draw(WIDTH + _GLIDE, HEIGHT + _GLIDE, seed))


@dataclass(frozen=True)
class Video:
    """What to make: ``scenes`` of ``seconds`` each. ``moments`` overrides when its frames are shown."""

    scenes: Sequence[int] = (1, 2, 3)
    seconds: float = 2.0
    fps: int = 12
    codec: str = "libx264"
    format: str = "mp4"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast", "bf": "2", "g": "24"})
    moments: Sequence[float] | None = None
    rotation: int = 0
    size: tuple[int, int] = (WIDTH, HEIGHT)

    def frames(self) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        """Each frame with its moment."""
        each = self.seconds
        whole = each * len(self.scenes)
        moments = self.moments or [n / self.fps for n in range(round(whole * self.fps))]
        for at in moments:
            number = min(int(at / each), len(self.scenes) - 1)
            glide = int((at - number * each) / each * _GLIDE)
            yield at, scene(self.scenes[number])[glide : glide + HEIGHT, glide : glide + WIDTH]

    def bytes(self) -> bytes:
        """The file."""
        policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
        try:
            return self._written()
        finally:
            # SVT-AV1 gives whoever encodes as root real-time priority, and so all that it starts later.
            os.sched_setscheduler(0, policy, parameter)

    def _written(self) -> bytes:
        file = io.BytesIO()
        with av.open(file, "w", format=self.format) as container:
            stream = container.add_stream(self.codec, rate=self.fps, options=dict(self.options))
            stream.width, stream.height = self.size
            stream.pix_fmt = "yuvj420p" if self.codec == "mjpeg" else "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            if self.codec in {"mpeg4", "mpeg2video", "mjpeg"}:
                stream.codec_context.time_base = Fraction(1, self.fps)
            base = stream.codec_context.time_base
            for at, pixels in self.frames():
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                if self.size != (WIDTH, HEIGHT):
                    frame = frame.reformat(*self.size)
                frame.time_base, frame.pts = base, round(at / base)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        content = file.getvalue()
        return turned(content, self.rotation) if self.rotation else content


def turned(mp4: bytes, degrees: int) -> bytes:
    """The same MP4 whose track header says that it is shown turned clockwise (ISO/IEC 14496-12, 8.3.2)."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    at = mp4.index(b"tkhd") + 4 + 40
    rows = (cosine << 16, sine << 16, 0, -sine << 16, cosine << 16, 0, 0, 0, 1 << 30)
    matrix = b"".join(value.to_bytes(4, "big", signed=True) for value in rows)
    return mp4[:at] + matrix + mp4[at + 36 :]
