"""The benign files of the quality trial: of each medium some that are listed, copies of them, and others."""

from __future__ import annotations

import io
import itertools
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import skimage.data
from models import gguf, pytorch, safetensors, tensors
from PIL import Image
from sounds import RATE, Samples, babble, encode, song

from hashing_pictures import PHOTOGRAPHS
from safelight.lists import ListStore
from safelight.media.sandbox.client import Sandbox
from safelight.scan.fingerprints import entries, fingerprint
from safelight.types import ListEntry

Copies = Iterator[tuple[str, str, bytes]]
"""What was done, to which of the listed ones, and the file."""


@dataclass(frozen=True)
class Medium:
    """One medium's trial; ``types`` are the signals compared, ``measured`` says whether distances are."""

    name: str
    types: frozenset[str]
    originals: Callable[[], Iterator[tuple[str, bytes]]]
    copies: Callable[[], Copies]
    others: Callable[[], Iterator[bytes]]
    compared: str
    measured: bool = True
    entries: Callable[[bytes, str, Sandbox, ListStore], Iterable[ListEntry]] | None = None


OTHERS = ("rocket", "hubble_deep_field", "moon", "coins", "page", "grass", "clock", "text")


@cache
def views(names: tuple[str, ...]) -> dict[str, Image.Image]:
    """Each photograph and its four quarters."""
    found = {}
    for name in names:
        taken = getattr(skimage.data, name)()
        image = Image.fromarray(np.asarray(taken[0] if isinstance(taken, tuple) else taken)).convert("RGB")
        width, height = image.width // 2, image.height // 2
        found[name] = image.resize((640, 480))
        for x, y in itertools.product((0, 1), (0, 1)):
            quarter = image.crop((x * width, y * height, (x + 1) * width, (y + 1) * height))
            found[f"{name}-{x}{y}"] = quarter.resize((640, 480))
    return found


def file_of(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def listed_pictures() -> Iterator[tuple[str, bytes]]:
    for key, image in views(PHOTOGRAPHS).items():
        yield key, file_of(image, "PNG")


def copied_pictures() -> Copies:
    for key, image in views(PHOTOGRAPHS).items():
        yield "JPEG, quality 75", key, file_of(image, "JPEG", quality=75)
        yield "JPEG, quality 40", key, file_of(image, "JPEG", quality=40)
        yield "WebP, quality 60", key, file_of(image, "WEBP", quality=60)
        yield "half the size", key, file_of(image.resize((320, 240)), "JPEG", quality=85)
        yield "grey", key, file_of(image.convert("L"), "JPEG", quality=85)
        yield "turned by 90 degrees", key, file_of(image.transpose(Image.Transpose.ROTATE_90), "PNG")


def other_pictures() -> Iterator[bytes]:
    for image in views(OTHERS).values():
        yield file_of(image, "JPEG", quality=85)


CLIP_SECONDS = 6


def clip(image: Image.Image, codec: str, width: int, height: int) -> bytes:
    """A camera that glides over a photograph."""
    rate = 10
    large = np.asarray(image.resize((1280, 960)))
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 500_000
        stream.codec_context.time_base = Fraction(1, rate)
        for number in range(CLIP_SECONDS * rate):
            view = Image.fromarray(large[4 * number :, 6 * number :][:640, :854]).resize((width, height))
            frame = av.VideoFrame.from_image(view)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def listed_videos() -> Iterator[tuple[str, bytes]]:
    for name in PHOTOGRAPHS:
        yield name, clip(views(PHOTOGRAPHS)[name], "libx264", 640, 480)


def copied_videos() -> Copies:
    for name in PHOTOGRAPHS:
        yield "MPEG-4", name, clip(views(PHOTOGRAPHS)[name], "mpeg4", 640, 480)
        yield "VP9, half the size", name, clip(views(PHOTOGRAPHS)[name], "libvpx-vp9", 320, 240)


def other_videos() -> Iterator[bytes]:
    for name in OTHERS:
        yield clip(views(OTHERS)[name], "mpeg4", 640, 480)


SECONDS = 20
SOUNDS = 20
FORMS: dict[str, tuple[str, str, int | None, int]] = {
    "MP3, 128 kbit/s": ("mp3", "libmp3lame", 128_000, 44100),
    "MP3, 64 kbit/s": ("mp3", "libmp3lame", 64_000, 44100),
    "AAC, 64 kbit/s": ("ipod", "aac", 64_000, 44100),
    "Opus, 24 kbit/s": ("ogg", "libopus", 24_000, 48000),
    "telephone (A-law, 8 kHz)": ("wav", "pcm_alaw", None, 8000),
}


@cache
def recorded(first: int) -> dict[str, Samples]:
    """Tunes and babble, from that number on."""
    numbers = range(first, first + SOUNDS)
    tunes = {f"tune-{n}": song(n, SECONDS) for n in numbers}
    return tunes | {f"babble-{n}": babble(n, SECONDS) for n in numbers}


def listed_sounds() -> Iterator[tuple[str, bytes]]:
    for key, samples in recorded(0).items():
        yield key, encode(samples)


def copied_sounds() -> Copies:
    around = babble(999, 2 * SECONDS)
    for key, samples in recorded(0).items():
        for what, form in FORMS.items():
            yield what, key, encode(samples, *form)
        ten = np.concatenate([around[: 8 * RATE], samples[5 * RATE : 15 * RATE], around[20 * RATE :]])
        yield "10 seconds within another sound", key, encode(ten, "mp3", "libmp3lame", 64_000, 44100)
        brief = samples[5 * RATE : int(9.5 * RATE)]
        yield "4.5 seconds alone", key, encode(brief, "mp3", "libmp3lame", 64_000, 44100)


def other_sounds() -> Iterator[bytes]:
    for samples in recorded(1000).values():
        yield encode(samples, "mp3", "libmp3lame", 64_000, 44100)


Tensors = dict[str, npt.NDArray[np.float32]]


def listed_models() -> Iterator[tuple[str, bytes]]:
    for seed in range(5):
        yield f"model-{seed}", safetensors(tensors(seed, 20))


def model_entries(content: bytes, key: str, sandbox: Sandbox, store: ListStore) -> Iterable[ListEntry]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return list(entries(fingerprint([Path(file.name)], sandbox), "quality", key, store))


def copied_models() -> Copies:
    for seed in range(5):
        key, weights = f"model-{seed}", tensors(seed, 20)
        yield "another container (.ckpt)", key, pytorch(weights)
        yield "another container (GGUF)", key, gguf(weights)
        yield "16-bit floats", key, safetensors({name: each.astype("<f2") for name, each in weights.items()})
        half = {name: each + 1 if n % 2 else each for n, (name, each) in enumerate(weights.items())}
        yield "every second tensor changed", key, safetensors(half)
        yield "three shards, in a ZIP", key, sharded(weights)


def sharded(weights: Tensors) -> bytes:
    """A model in three files of a folder, none of which has half of it."""
    file, names = io.BytesIO(), list(weights)
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(3):
            some = {name: weights[name] for name in names[number::3]}
            archive.writestr(f"model/model-{number + 1:05d}-of-00003.safetensors", safetensors(some))
    return file.getvalue()


def other_models() -> Iterator[bytes]:
    for seed in range(100, 120):
        yield safetensors(tensors(seed, 20))


WEIGHTS = frozenset({"t1", "t16", "tsid", "autov3"})

MEDIA = (
    Medium(
        *("picture", frozenset({"pdq"})),
        *(listed_pictures, copied_pictures, other_pictures),
        compared="PDQ, distance 31",
    ),
    Medium(
        *("video", frozenset({"vpdq"})),
        *(listed_videos, copied_videos, other_videos),
        compared="vPDQ, distance 31, 80 %",
    ),
    Medium(
        *("sound", frozenset({"chromaprint", "chromaprint_short"})),
        *(listed_sounds, copied_sounds, other_sounds),
        compared="Chromaprint, 15 % of the bits",
    ),
    Medium(
        *("model", WEIGHTS),
        *(listed_models, copied_models, other_models),
        compared="tensors, a tenth of the bytes",
        measured=False,
        entries=model_entries,
    ),
)
