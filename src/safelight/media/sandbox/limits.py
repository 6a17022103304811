"""What one file may cost. Every limit exists because a small file can ask for far more than its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from safelight.errors import UsageError

MAX_WALL_SECONDS: Final = 3600
"""The longest that a decoder may be given."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What decoding one file may use; beyond it the file, or the part, is *unscanned* with the reason.

    ``wall_seconds`` (to an hour, from the fork on) ends decoders that hang. ``cpu_seconds`` (1-3600) ends
    those that compute for ever in several threads. 20 seconds are some fifty times what the slowest large
    photograph took.

    ``memory_bytes`` (1 MiB to 1 TiB) of address space beyond what the warm parent maps. 1 GiB holds a picture
    of ``max_pixels`` in 8-bit RGBA twice over.

    ``max_pixels`` of one picture or frame, as its header declares them: 128 million let the 108-megapixel
    pictures of telephones pass, and stop the 13,000 x 13,000 pixels that fit into 200 kB of PNG.

    ``max_parts`` frames, pages or members: 3,000 are two minutes of animation at 25 frames a second.

    ``max_file_bytes``: nothing larger is given to a decoder.

    What a file holds is bounded over all its depths together: ``max_members`` of archives and documents,
    ``max_unpacked_bytes`` of them, none above ``max_member_bytes``, and containers within containers to
    ``max_depth`` (1: a container's members are looked at, and those that are containers are not opened).
    ``total_seconds`` (to a day) bound the time over all of them, and that of a video: no further member, and
    no further stretch of a video, is begun after it.

    ``max_video_seconds`` of playing time are looked at of one video, in as many children as ``total_seconds``
    allow; each of them may take some times ``wall_seconds``.

    Raises :class:`~safelight.errors.UsageError` for values outside these ranges.
    """

    wall_seconds: float = 20.0
    cpu_seconds: int = 20
    memory_bytes: int = 1 << 30
    max_pixels: int = 128_000_000
    max_parts: int = 3_000
    max_file_bytes: int = 4 << 30
    max_members: int = 10_000
    max_member_bytes: int = 1 << 30
    max_unpacked_bytes: int = 2 << 30
    max_depth: int = 4
    total_seconds: float = 1800.0
    max_video_seconds: int = 12 * 3600

    def __post_init__(self) -> None:
        """Refuse what the warm parent would refuse later, where the operator can still see why."""
        for name, least, most in (
            ("wall_seconds", 0.001, MAX_WALL_SECONDS),
            ("cpu_seconds", 1, MAX_WALL_SECONDS),
            ("memory_bytes", 1 << 20, 1 << 40),
            ("max_pixels", 1, 1 << 40),
            ("max_parts", 1, 1 << 20),
            ("max_file_bytes", 1, 1 << 50),
            ("max_members", 1, 1 << 20),
            ("max_member_bytes", 1, 1 << 50),
            ("max_unpacked_bytes", 1, 1 << 50),
            ("max_depth", 1, 16),
            ("total_seconds", 0.001, 24 * 3600),
            ("max_video_seconds", 1, 1 << 20),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise UsageError(f"The sandbox limit {name} is {value}; give a value from {least} to {most}.")
