"""The pictures of the demonstration: photographs of things, animals and places, pictures we draw, and copies.

The photographs come with scikit-image; none of them shows a person. Everything else is drawn here, always the
same from the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from PIL.PngImagePlugin import PngInfo

PHOTOGRAPHS: Final = (
    "brick.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "moon.png",
    "motorcycle_left.png",
    "rocket.jpg",
)

SIZE: Final = (640, 480)
"""Width and height of drawn pictures, and about the size that photographs are brought to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of copy: what was done to the original, and how it was saved."""

    name: str
    suffix: str
    change: Callable[[Image.Image], Image.Image]
    options: dict[str, Any]

    def save(self, original: Image.Image, where: Path) -> Path:
        """Write the copy; returns its path."""
        path = where.with_name(f"{where.name}.{self.suffix}")
        self.change(original).save(path, **self.options)
        return path


def _same(picture: Image.Image) -> Image.Image:
    return picture


def _scaled(factor: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.resize(
        (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
    )


def _warmer(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB", matrix=(1.1, 0, 0, 6, 0, 1, 0, 0, 0, 0, 0.85, 0))


def _as_generators_write() -> PngInfo:
    """Metadata as a generating program writes it. It is ours: no program made these pictures."""
    told = PngInfo()
    told.add_text(
        "parameters",
        "shapes on a gradient\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 640x480, "
        "Model hash: a1b2c3d4e5, Model: demonstration_v1, Version: v1.9.4",
    )
    return told


KINDS: Final = (
    Kind("recompressed", "q80.jpg", _same, {"quality": 80}),
    Kind("recompressed", "q40.jpg", _same, {"quality": 40}),
    Kind("resized", "smaller.jpg", _scaled(0.75), {"quality": 90}),
    Kind("resized", "larger.jpg", _scaled(1.5), {"quality": 90}),
    Kind("recoloured", "warm.jpg", _warmer, {"quality": 90}),
    Kind("recoloured", "grey.jpg", ImageOps.grayscale, {"quality": 90}),
    Kind("recoloured", "bright.jpg", lambda p: ImageEnhance.Brightness(p).enhance(1.2), {"quality": 90}),
    Kind("mirrored or turned", "mirror.jpg", ImageOps.mirror, {"quality": 90}),
    Kind(
        "mirrored or turned", "turned.jpg", lambda p: p.transpose(Image.Transpose.ROTATE_90), {"quality": 90}
    ),
    Kind("converted", "webp", _same, {"quality": 80}),
    Kind("converted", "palette.gif", lambda p: p.quantize(64), {}),
    Kind("converted", "cmyk.jpg", lambda p: p.convert("CMYK"), {"quality": 90}),
    Kind("converted", "tiff", _same, {"compression": "tiff_lzw"}),
    Kind(
        "labelled as generated",
        "labelled.png",
        _same,
        {"pnginfo": _as_generators_write(), "compress_level": 1},
    ),
)
"""Ordinary edits, such as sending, saving and converting make."""


def photographs() -> Iterator[tuple[str, Image.Image]]:
    """Each photograph with its name, at most :data:`SIZE` wide, in RGB."""
    folder = resources.files("skimage").joinpath("data")
    for name in PHOTOGRAPHS:
        with folder.joinpath(name).open("rb") as file, Image.open(file) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail(SIZE, Image.Resampling.LANCZOS)
        yield Path(name).stem, picture


def drawn(number: int) -> Image.Image:
    """A picture of coloured shapes over a gradient; another number, another picture."""
    rng = np.random.default_rng(number)
    width, height = SIZE
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    lean = rng.uniform(-1, 1, (3, 2))
    colours = [128 + 100 * (a * (across - 0.5) + b * (down - 0.5)) for a, b in lean]
    picture = Image.fromarray(np.stack(colours, axis=-1).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        centre = rng.uniform((0, 0), SIZE)
        corners = [tuple(centre + rng.normal(0, 60, 2)) for _ in range(rng.integers(3, 7))]
        pen.polygon(corners, fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
    return picture
