"""What a person is shown of a recording, by what is asked for; runs in a sandboxed child.

One warm parent has FFmpeg loaded for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from safelight.media import playing_decoder, rendering_video


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:
    """Reply messages, ``end`` last: seconds to be watched where ``payload`` says when they begin, or stills."""
    made = playing_decoder if "begins" in json.loads(payload) else rendering_video
    return made.decode(fd, max_pixels=max_pixels, max_parts=max_parts, payload=payload)
