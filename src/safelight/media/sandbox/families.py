"""Which program decodes what: one lean warm parent a family, since every fork copies what its parent maps."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safelight.media.sandbox.messages import (
    IMAGE_MESSAGES,
    PROVENANCE_MESSAGES,
    RENDERING_MESSAGES,
    MessageSet,
)
from safelight.native import _confine


@dataclass(frozen=True, slots=True)
class Family:
    """A warm parent's command line, without the descriptors it is given, and what its children may say."""

    name: str
    command: tuple[str, ...]
    messages: MessageSet


def python_family(name: str, handler: str, messages: MessageSet, *, threads: bool = False) -> Family:
    """A family whose decoder is a Python function, named ``module:function``.

    ``threads`` allows its children to start threads, for libraries that cannot do without.
    """
    command = (sys.executable, "-I", "-m", "safelight.media.sandbox.python_parent", "--handler", handler)
    return Family(name, (*command, "--threads") if threads else command, messages)


IMAGE: Final = Family(
    "image", (str(Path(_confine.__file__).with_name("safelight-image-worker")),), IMAGE_MESSAGES
)
"""The native decoders: JPEG, PNG, WebP. What they leave they defer to :data:`PILLOW`."""

PILLOW: Final = python_family("pillow", "safelight.media.pillow_decoder:decode", IMAGE_MESSAGES, threads=True)
"""Every other picture, animations included. The AVIF and HEIC decoders start threads."""

PROVENANCE: Final = python_family(
    "provenance", "safelight.provenance.reader:read", PROVENANCE_MESSAGES, threads=True
)
"""Readers of evidence of origin, of every kind of file that has fields for it."""

RENDERING: Final = python_family(
    "rendering", "safelight.media.rendering_decoder:decode", RENDERING_MESSAGES, threads=True
)
"""Makes the reduced pictures that a person is shown (:mod:`safelight.media.rendering`)."""

FAMILIES: Final = (IMAGE, PILLOW, PROVENANCE, RENDERING)
