"""The folder of the demonstration: originals, copies and what these come in, other pictures, broken files."""

from __future__ import annotations

import shutil
import struct
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from PIL import Image

from safelight.cli.demo_containers import archive, document, half, model, save_model
from safelight.cli.demo_pictures import KINDS, drawn, photographs
from safelight.cli.demo_recordings import film, tune

DRAWN_ORIGINALS: Final = 10
OTHERS: Final = 30
_OTHER_NUMBERS: Final = 1000
"""The first number of a drawn picture that is no original."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was made: the originals by name, a model, and the folder to scan, a subfolder for each kind."""

    originals: dict[str, Path]
    model: Path
    folder: Path
    files: int


def make_corpus(where: Path) -> Corpus:
    """Write everything beneath ``where``; the originals stay outside the folder to scan."""
    originals, folder = where / "originals", where / "pictures"
    originals.mkdir()
    listed: dict[str, Path] = {}
    for name, picture in _originals():
        listed[name] = originals / f"{name}.png"
        picture.save(listed[name], compress_level=1)
        _copies(name, picture, listed[name], folder)
    listed["film"] = originals / "film.mp4"
    _film(listed["film"], _made(folder / "moving pictures") / "film.smaller.mp4")
    _animation(folder / "moving pictures" / "shapes.gif")
    listed["tune"] = originals / "tune.wav"
    tune(listed["tune"])
    shutil.copyfile(listed["tune"], _made(folder / "sounds") / "tune.wav")
    original_model = originals / "model.safetensors"
    save_model(original_model, model(1))
    _inside(_made(folder / "inside other files"), folder)
    save_model(_made(folder / "model files") / "half precision.safetensors", half(model(1)))
    save_model(folder / "model files" / "another.safetensors", model(2))
    _others(_made(folder / "other pictures"))
    _broken(_made(folder / "broken files"))
    return Corpus(listed, original_model, folder, sum(path.is_file() for path in folder.rglob("*")))


def _originals() -> list[tuple[str, Image.Image]]:
    shapes = [(f"shapes-{number}", drawn(number)) for number in range(DRAWN_ORIGINALS)]
    return [*photographs(), *shapes]


def _copies(name: str, picture: Image.Image, original: Path, folder: Path) -> None:
    shutil.copyfile(original, _made(folder / "the same file") / f"{name}.png")
    for kind in KINDS:
        kind.save(picture, _made(folder / kind.name) / name)


def _film(original: Path, copy: Path) -> None:
    scenes = [picture for _name, picture in islice(photographs(), 1, 4)]
    film(original, scenes, size=(320, 240))
    film(copy, scenes, size=(240, 180))


def _animation(where: Path) -> None:
    first, *others = (drawn(number) for number in range(DRAWN_ORIGINALS))
    first.save(where, save_all=True, append_images=others, duration=500)


def _inside(where: Path, folder: Path) -> None:
    copies = ("recompressed/rocket.q80.jpg", "resized/coffee.smaller.jpg", "the same file/moon.png")
    archive(where / "holiday.zip", {Path(name).name: (folder / name).read_bytes() for name in copies})
    with Image.open(folder / "recompressed" / "motorcycle_left.q80.jpg") as picture:
        document(where / "album.pdf", drawn(_OTHER_NUMBERS - 1), picture)


def _others(folder: Path) -> None:
    for number in range(OTHERS):
        suffix = ("jpg", "png", "webp")[number % 3]
        drawn(_OTHER_NUMBERS + number).save(folder / f"other-{number}.{suffix}")
    Image.new("RGB", (400, 300), (90, 120, 160)).save(folder / "plain.png")


def _broken(folder: Path) -> None:
    whole = drawn(_OTHER_NUMBERS + OTHERS)
    whole.save(folder / "cut short.jpg", quality=90)
    with (folder / "cut short.jpg").open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    (folder / "text.jpg").write_text("This is text, whatever its name says.\n")
    (folder / "empty.png").touch()
    (folder / "huge.png").write_bytes(_png_that_says(50_000, 50_000))


def _png_that_says(width: int, height: int) -> bytes:
    """A tiny PNG whose header declares more pixels than anybody should allocate."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
