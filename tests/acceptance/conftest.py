"""The real command, run as its users run it, on files made on the spot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image, ImageDraw

SCHEMA = json.loads(resources.files("safelight.schemas").joinpath("observation-1.json").read_text())


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing of this machine's user is seen."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "SAFELIGHT_WORKSPACE": str(tmp_path / "workspace"),
        "SAFELIGHT_KEYS": str(tmp_path / "keys"),
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def command() -> list[str]:
    return [str(Path(sys.executable).with_name("safelight"))]


@pytest.fixture
def safelight(home: dict[str, str], command: list[str]) -> Callable[..., Ended]:
    """Run ``safelight`` to its end."""

    def run(*arguments: str | bytes | Path) -> Ended:
        done = subprocess.run([*command, *arguments], env=home, capture_output=True, timeout=120, check=False)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def observations() -> Callable[[str], list[dict[str, Any]]]:
    """The lines of a results file, each held against the published schema."""
    validator = jsonschema.Draft202012Validator(SCHEMA)

    def read(text: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            validator.validate(line)
        return lines

    return read


@pytest.fixture
def draw() -> Callable[[int], Image.Image]:
    """A picture of coloured shapes; another number, another picture."""

    def make(number: int) -> Image.Image:
        rng = np.random.default_rng(number)
        picture = Image.new("RGB", (320, 240), tuple(int(c) for c in rng.integers(0, 256, 3)))
        pen = ImageDraw.Draw(picture)
        for _ in range(30):
            corners = [tuple(point) for point in rng.uniform((0, 0), (320, 240), (3, 2)).tolist()]
            pen.polygon(corners, fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
        return picture

    return make
