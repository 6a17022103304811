"""What a person is shown of a recording, by what is asked for; runs in a sandboxed child.

One warm parent has FFmpeg loaded for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

from safelight.media import hearing_decoder, playing_decoder, rendering_video

_MAKERS: Final[dict[str, Callable[..., Iterator[str]]]] = {
    "stills": rendering_video.decode,
    "watch": playing_decoder.decode,
    "listen": hearing_decoder.decode,
    "peaks": hearing_decoder.peaks,
}


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:
    """Reply messages, ``end`` last: what ``make`` of the payload says, or stills."""
    make = _MAKERS[json.loads(payload).get("make", "stills")]
    return make(fd, max_pixels=max_pixels, max_parts=max_parts, payload=payload)
