"""What operators are told is not opened is what is not opened."""

from __future__ import annotations

import re
from pathlib import Path

from safelight.media import image, model_file, sniff, sound_types, video
from safelight.media.inspection import CONTAINERS
from safelight.types import MediaKind

PAGE = Path(__file__).parents[3] / "docs" / "operator" / "scanning.md"


def test_every_known_format_that_is_not_opened_is_named() -> None:
    known = {format_.mime: format_.kind for format_ in sniff.FORMATS} | {"text/plain": MediaKind.TEXT}
    opened = image.NATIVE | image.PILLOWS | video.MIMES | sound_types.MIMES | model_file.MIMES | CONTAINERS
    [paragraph] = re.findall(r"\*\*Not opened\*\*.*?\n\n", PAGE.read_text(), re.DOTALL)
    named = set(re.findall(r"`(\w+/[\w.+-]+)`", paragraph))
    assert named == known.keys() - opened | {"application/octet-stream"}
