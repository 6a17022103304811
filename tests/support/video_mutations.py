"""Broken copies of small videos for the decoder: ``python video_mutations.py SEED COUNT``.

Run as a program, since what is looked for would end it. Prints how many files ended in which way.
"""

from __future__ import annotations

import collections
import json
import os
import random
import resource
import sys
from typing import Any

from mutations import mutated
from videos import Video

from safelight.media.video_decoder import decode

MAX_PIXELS = 1_000_000
MEMORY = 2 << 30

_SMALL: dict[str, Any] = {"scenes": (1, 2), "seconds": 0.34, "size": (48, 32)}
_FAST = {"preset": "ultrafast", "bf": "1", "g": "4"}
CORPUS = (
    Video(**_SMALL, options=_FAST),
    Video(**_SMALL, options=_FAST, rotation=90),
    Video(**_SMALL, options=_FAST, format="matroska"),
    Video(**_SMALL, options=_FAST, format="mpegts"),
    Video(**_SMALL, options=_FAST, format="flv"),
    Video(**_SMALL, codec="mpeg4", options={"g": "4"}, format="avi"),
    Video(**_SMALL, codec="mpeg2video", fps=25, options={"g": "4"}, format="mpeg"),
    Video(**_SMALL, codec="libvpx", options={"deadline": "realtime"}, format="webm"),
    Video(**_SMALL, codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}, format="webm"),
    Video(**_SMALL, codec="mjpeg", options={}, format="mov"),
)
"""Every container and codec that is common, in frames small enough to break many."""


def main(seed: int, count: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: collections.Counter[str] = collections.Counter()
    files = [video.bytes() for video in CORPUS]
    random_ = random.Random(seed)
    for _ in range(count):
        fd = os.memfd_create("video")
        os.write(fd, mutated(files, random_))
        try:
            replies = [json.loads(m) for m in decode(fd, max_pixels=MAX_PIXELS, max_parts=1000)]
        except MemoryError:
            outcomes["out_of_memory"] += 1
            continue
        finally:
            os.close(fd)
        *said, end = replies
        frames = [message["frame"] for message in said if "frame" in message]
        assert end == {"end": {"parts": len(frames)}}
        outcomes.update(message["problem"]["reason"] for message in said if "problem" in message)
        outcomes.update(hashed=bool(frames))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
