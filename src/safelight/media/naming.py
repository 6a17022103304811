"""What a file's name claims that it is: nothing is decided by it, but that the content differs is noted."""

from __future__ import annotations

import mimetypes
from typing import Final

from safelight.types import MediaKind

_TYPES: Final = mimetypes.MimeTypes()  # the module's own table, whatever the machine's files say
_FAMILIES: Final = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "text": MediaKind.TEXT,
}
_ENDINGS: Final = {
    MediaKind.ARCHIVE: "zip 7z rar tar tgz tbz2 txz zst gz bz2 xz cab",
    MediaKind.DOCUMENT: "pdf epub docx xlsx pptx odt ods odp rtf doc",
    MediaKind.MODEL_FILE: "safetensors ckpt pt pth gguf onnx",
    MediaKind.IMAGE: "heic heif avif webp jxl jp2",
    MediaKind.VIDEO: "mkv webm flv m4v",
    MediaKind.AUDIO: "flac ogg opus m4a amr",
}
_BY_ENDING: Final = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}


def claimed_kind(name: str) -> MediaKind | None:
    """The family that a file name's ending stands for; None where it stands for none."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    if not (stem and dot):
        return None
    if kind := _BY_ENDING.get(ending.lower()):
        return kind
    mime, _ = _TYPES.guess_type(f"name.{ending}", strict=False)
    return _FAMILIES.get((mime or "").partition("/")[0])


def mismatch(name: str, kinds: frozenset[MediaKind]) -> MediaKind | None:
    """What the name claims, where the content is nothing of the kind."""
    claimed = claimed_kind(name)
    return claimed if claimed is not None and kinds and claimed not in kinds else None
