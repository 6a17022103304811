"""Hashes a decoded frame: in its colours as the reference does, or by its luma alone to compare scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from av.video.reformatter import VideoReformatter

from safelight.native import _pdq

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_ORIENTATIONS: Final = {90: 8, 180: 3, 270: 6}
"""Degrees anticlockwise by which a frame is shown turned, as EXIF's orientation."""

_LUMA_FIRST: Final = frozenset(
    {
        "yuv420p",
        "yuvj420p",
        "yuv422p",
        "yuvj422p",
        "yuv444p",
        "yuvj444p",
        "yuv410p",
        "yuv411p",
        "nv12",
        "gray",
    }
)
"""Pixel formats whose first plane is luma in bytes."""

_ANOTHER_SCENE: Final = 80
"""Bits of 256 by which two frames differ where the scene changed: unrelated pictures differ by some 128."""

_MINIMUM_QUALITY: Final = 50
"""Below it a frame is too plain to tell a scene by."""


class FrameHasher:
    """Hashes the frames of one video; ``shown`` is the hash of the frame that was hashed last."""

    def __init__(self, shown: bytes | None = None) -> None:
        self.shown = shown
        self._reformatter = VideoReformatter()

    def hash(self, frame: VideoFrame) -> dict[str, object]:
        """The quality (0-100) and the eight dihedral hashes of a frame as it is shown, for a reply."""
        # One thread: the sandbox allows no others, and any number gives the same pixels.
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1)
        plane = rgb.planes[0]
        turned = _ORIENTATIONS.get(round(frame.rotation) % 360, 1)
        hashes, quality, _ = _pdq.hash(plane, rgb.width, rgb.height, 3, plane.line_size, turned)
        if quality >= _MINIMUM_QUALITY:
            self.shown = hashes[0]
        return {"quality": quality, "hashes": [each.hex() for each in hashes]}

    def another_scene(self, frame: VideoFrame) -> bool:
        """Whether a frame looks unlike the one hashed last."""
        if frame.format.name not in _LUMA_FIRST:
            frame = self._reformatter.reformat(frame, format="gray", threads=1)
        plane = frame.planes[0]
        turned = _ORIENTATIONS.get(round(frame.rotation) % 360, 1)
        hashes, quality, _ = _pdq.hash(plane, frame.width, frame.height, 1, plane.line_size, turned)
        if quality < _MINIMUM_QUALITY:
            return False
        return self.shown is None or _pdq.hamming(self.shown, hashes[0]) > _ANOTHER_SCENE
