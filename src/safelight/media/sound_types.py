"""Which types of files are sounds: known without what looks at them."""

from __future__ import annotations

from typing import Final

MIMES: Final = frozenset(
    {
        "audio/aac",
        "audio/aiff",
        "audio/amr",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/vnd.wave",
        "audio/x-caf",
    }
)
"""What FFmpeg's demuxers are asked to open, beside videos."""


def is_sound(mime: str) -> bool:
    """Whether files of this type are sounds and nothing else."""
    return mime in MIMES
