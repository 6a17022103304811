"""Times the hashing of video against vpdq in one run, on one processor, and compares the hashes.

The clip is made first: photographs that a camera glides over, 1280 x 720, 25 frames a second, H.264 as x264
writes it by default. vpdq decodes in its own process without protection; ours goes through the sandbox, and
the time of its processes is counted. Ends with RATIO and FIGURE lines; times are of the processor.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import vpdq

from hashing_pictures import photographs
from processor_time import processor_seconds
from safelight.frames import Frame, parse_frames
from safelight.media.sandbox.client import Sandbox
from safelight.media.video import look

WIDTH, HEIGHT, RATE = 1280, 720, 25
SCENE_SECONDS = 5
ROUNDS = 3


def make_clip(path: Path) -> None:
    """Each photograph for some seconds, gliding across by a pixel a frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        number = 0
        for photo in photographs("12mp"):
            for at in range(SCENE_SECONDS * RATE):
                view = photo.pixels[2 * at : 2 * at + 2 * HEIGHT : 2, 3 * at : 3 * at + 2 * WIDTH : 2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(view), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                number += 1
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def by_vpdq(path: Path) -> dict[int, str]:
    return {round(f.timestamp): f.hex for f in vpdq.computeHash(str(path), thread_count=1)}


def by_us(fd: int, sandbox: Sandbox) -> tuple[Frame, ...]:
    found = look(fd, sandbox)
    assert not found.problems, found.problems
    return parse_frames(found.signals[0].value)


def seconds(call: Callable[[], object], spent: Callable[[], float]) -> float:
    start = spent()
    call()
    return spent() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clip", type=Path, help="another video to hash, instead of the one made here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.clip or Path(folder, "clip.mp4")
        if not options.clip:
            make_clip(path)
        # Decoders take as many threads as there are processors: here, one.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        fd = os.open(path, os.O_RDONLY)
        with Sandbox() as sandbox:
            theirs, ours = by_vpdq(path), by_us(fd, sandbox)
            parents = list(sandbox.pids().values())
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(ROUNDS):
                times[0].append(seconds(lambda: by_vpdq(path), time.process_time))
                times[1].append(seconds(lambda: by_us(fd, sandbox), lambda: processor_seconds(parents)))
        os.close(fd)
        size = path.stat().st_size
    peer, mine = statistics.median(times[0]), statistics.median(times[1])
    same = [(frame, theirs[int(frame.seconds)]) for frame in ours if frame.seconds in theirs]
    apart = [(int(frame.value, 16) ^ int(other, 16)).bit_count() for frame, other in same]
    print(f"{size / 1e6:.1f} MB, load {os.getloadavg()[0]:.1f}; frames and seconds of processor time:")
    print(f"vpdq {len(theirs)} {peer:.2f}, safelight {len(ours)} {mine:.2f}")
    print(f"FIGURE vpdq_720p_frames_compared {len(same)}")
    print(f"FIGURE vpdq_720p_bits_apart_most {max(apart, default=0)}")
    print(f"FIGURE vpdq_720p_bits_apart_mean {statistics.fmean(apart or [0]):.1f}")
    print(f"RATIO vpdq_720p {peer / mine:.2f}")


if __name__ == "__main__":
    main()
