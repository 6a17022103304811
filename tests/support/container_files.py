"""A small file of every format that is unpacked or read for tensors, to be broken in every way."""

from __future__ import annotations

import io
import zipfile

import libarchive
from documents import Page, pdf, strips
from locked_archives import rar4, rar5
from models import gguf, onnx, pytorch, safetensors, tensors
from pictures import draw, encode

_PNG = encode(draw(24, 20), "PNG")
_JPEG = encode(draw(24, 20), "JPEG")
_MEMBERS = {"inner/pic.png": _PNG, "other.jpg": _JPEG, "note.txt": b"words " * 40}
_TENSORS = {name: tensor[:6, :30] if tensor.ndim > 1 else tensor for name, tensor in tensors(1, 3).items()}


def _archive(format_: str, filter_: str | None = None) -> bytes:
    file = io.BytesIO()
    with libarchive.custom_writer(file.write, format_, filter_) as archive:
        for name, content in _MEMBERS.items():
            archive.add_file_from_memory(name, len(content), content)
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _MEMBERS.items():
            archive.writestr(name, content)
    return file.getvalue()


def corpus() -> dict[str, list[bytes]]:
    """By family of decoders."""
    return {
        "archive": [
            _zip(),
            _archive("7zip"),
            rar5(_MEMBERS, {"note.txt"}),
            rar4(_MEMBERS, {"note.txt"}),
            *(_archive("pax", name) for name in (None, "gzip", "bzip2", "xz", "zstd", "lz4")),
        ],
        "document": [
            pdf([Page(jpegs=(_JPEG,)), Page(bitmaps=(draw(24, 20),))], {"a.png": _PNG}),
            strips(draw(24, 24), 3),
        ],
        "model": [write(_TENSORS) for write in (safetensors, pytorch, gguf, onnx)],
    }
