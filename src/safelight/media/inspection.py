"""Sends a file to the decoders of its kind; what no decoder takes is said, never passed over."""

from __future__ import annotations

from typing import Final

from safelight.media import image
from safelight.media.file import OpenedFile
from safelight.media.findings import Findings
from safelight.media.sandbox.client import Sandbox
from safelight.types import MediaKind, Problem, UnscannedReason

_NAMES: Final = {
    MediaKind.VIDEO: "video",
    MediaKind.AUDIO: "audio",
    MediaKind.ARCHIVE: "an archive",
    MediaKind.DOCUMENT: "a document",
    MediaKind.MODEL_FILE: "a model file",
    MediaKind.TEXT: "text",
}


def inspect(opened: OpenedFile, sandbox: Sandbox) -> Findings:
    """Everything that can be learnt from a file's content, decoded in the sandbox.

    What a file does wrong is in the findings' problems. Ask :meth:`OpenedFile.changed` when the last reader
    has finished. Raises :class:`~safelight.errors.SandboxError` when there is no sandbox to decode in.
    """
    if opened.size == 0:
        return _nothing(UnscannedReason.EMPTY, "the file has no bytes")
    if opened.mime in image.NATIVE | image.PILLOWS:
        return image.look(opened.fd, opened.mime, sandbox)
    if opened.kind is MediaKind.UNKNOWN:
        return _nothing(UnscannedReason.UNSUPPORTED, "its first bytes are of no format that is known here")
    name = _NAMES.get(opened.kind, "this image format")
    return _nothing(UnscannedReason.UNSUPPORTED, f"{name} ({opened.mime}) is not decoded by this version")


def _nothing(reason: UnscannedReason, detail: str) -> Findings:
    return Findings(problems=(Problem(reason, detail=detail),))
