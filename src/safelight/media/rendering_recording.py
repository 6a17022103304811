"""What a person is shown of a recording, by what is asked for; runs in a sandboxed child.

One warm parent has FFmpeg loaded for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from safelight.media import playing_decoder, rendering_video


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:
    """Reply messages, ``end`` last: what is to be watched where ``payload`` says from when on, or stills."""
    played = "begins" in json.loads(payload)
    make: Callable[..., Iterator[str]] = playing_decoder.decode if played else rendering_video.decode
    return make(fd, max_pixels=max_pixels, max_parts=max_parts, payload=payload)
