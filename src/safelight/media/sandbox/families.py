"""Which program decodes what: one lean warm parent a family, since every fork copies what its parent maps."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safelight.media.sandbox.messages import (
    ARCHIVE_MESSAGES,
    AUDIO_MESSAGES,
    DOCUMENT_MESSAGES,
    IMAGE_MESSAGES,
    MODEL_MESSAGES,
    PROVENANCE_MESSAGES,
    RECORDING_MESSAGES,
    RENDERING_MESSAGES,
    VIDEO_MESSAGES,
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

ARCHIVE: Final = python_family("archive", "safelight.media.archive_reader:unpack", ARCHIVE_MESSAGES)
"""What takes archives apart; its members are looked at by the families of their own kinds."""

MODEL: Final = python_family("model", "safelight.media.model_reader:read", MODEL_MESSAGES)
"""Readers of model files."""

DOCUMENT: Final = python_family("document", "safelight.media.pdf_reader:read", DOCUMENT_MESSAGES)
"""What takes the pictures and attachments out of PDF, and draws its pages."""

AUDIO: Final = python_family("audio", "safelight.media.audio_decoder:decode", AUDIO_MESSAGES)
"""Fingerprints the soundtracks of whatever FFmpeg opens."""

VIDEO: Final = python_family("video", "safelight.media.video_decoder:decode", VIDEO_MESSAGES)
"""FFmpeg, for moving pictures."""

RENDERING: Final = python_family(
    "rendering", "safelight.media.rendering_decoder:decode", RENDERING_MESSAGES, threads=True
)
"""Makes the reduced pictures that a person is shown (:mod:`safelight.media.rendering`)."""

RENDERING_DOCUMENT: Final = python_family(
    "rendering_document", "safelight.media.rendering_document:decode", RENDERING_MESSAGES
)
"""The same of documents, with PDFium."""

RENDERING_RECORDING: Final = python_family(
    "rendering_recording", "safelight.media.rendering_recording:decode", RECORDING_MESSAGES
)
"""Stills of videos, and recordings to be watched or listened to, with FFmpeg."""

FAMILIES: Final = (
    IMAGE,
    PILLOW,
    PROVENANCE,
    ARCHIVE,
    DOCUMENT,
    MODEL,
    VIDEO,
    AUDIO,
    RENDERING,
    RENDERING_DOCUMENT,
    RENDERING_RECORDING,
)
