"""Broken copies of small sounds for the decoder of sound: ``python sound_mutations.py SEED COUNT``.

Run as a program, since what is looked for would end it: the decoder runs here without its sandbox. Prints how
many files ended in which way.
"""

from __future__ import annotations

import collections
import json
import os
import random
import resource
import sys

import numpy as np
from mutations import mutated
from sounds import encode, encode_tracks, song

from safelight.media.audio_decoder import decode
from safelight.media.sandbox.descriptors import sealed_memfd
from safelight.media.sandbox.messages import AUDIO_MESSAGES, Ended, ProblemFound, SoundFound

MEMORY = 3 << 30
"""Address space of this process in bytes; beyond it the decoder has to say so."""

FORMS = (
    ("wav", "pcm_s16le"),
    ("wav", "adpcm_ima_wav"),
    ("flac", "flac"),
    ("mp3", "libmp3lame"),
    ("ogg", "libopus"),
    ("ogg", "flac"),
    ("ipod", "aac"),
    ("adts", "aac"),
    ("aiff", "pcm_s16be"),
    ("caf", "pcm_s16be"),
    ("matroska", "aac"),
    ("mpegts", "mp2"),
    ("avi", "pcm_u8"),
    ("asf", "wmav2"),
)


def corpus() -> list[bytes]:
    samples = song(1, 0.4)
    files = [
        encode(samples, form, codec, bit_rate=64_000, rate=48000 if codec == "libopus" else 22050)
        for form, codec in FORMS
    ]
    long = song(1, 2.5)
    files += [encode(long), encode(long, "flac", "flac"), encode(long, "mp3", "libmp3lame", 64_000)]
    return [*files, encode_tracks([samples, samples[::-1].copy()], "matroska", "flac")]


def main(seed: int, count: int) -> None:
    random_ = random.Random(seed)
    files = corpus()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: collections.Counter[str] = collections.Counter()
    for _ in range(count):
        outcomes.update(ended(mutated(files, random_)))
    print(json.dumps(outcomes))


def ended(content: bytes) -> set[str]:
    fd = sealed_memfd(content)
    try:
        said = [AUDIO_MESSAGES.read(message.encode()) for message in decode(fd, max_pixels=1, max_parts=1)]
    except MemoryError:
        return {"out_of_memory"}
    finally:
        os.close(fd)
    assert isinstance(said[-1], Ended)
    told = {body.reason.value for body in said if isinstance(body, ProblemFound)}
    if any(isinstance(body, SoundFound) and body.items for body in said):
        told.add("fingerprinted")
    return told or {"nothing"}


if __name__ == "__main__":
    np.seterr(all="raise")
    main(int(sys.argv[1]), int(sys.argv[2]))
