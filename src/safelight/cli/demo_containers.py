"""What pictures and models of the demonstration come in: an archive, a document, and tiny model files."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Tensors = dict[str, NDArray[np.floating]]

_LAYERS: Final = 12
_NAMES: Final = {"<f2": "F16", "<f4": "F32"}


def archive(where: Path, pictures: dict[str, bytes]) -> None:
    """A ZIP with the first of these pictures, and with the others in a compressed tar inside it."""
    (first, content), *others = pictures.items()
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tar:
        for name, data in others:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    with zipfile.ZipFile(where, "w") as bag:
        bag.writestr(f"pictures/{first}", content)
        bag.writestr("more.tar.gz", inner.getvalue())


def document(where: Path, *pages: Image.Image) -> None:
    """A PDF with a picture on each page."""
    first, *others = pages
    first.save(where, "PDF", save_all=True, append_images=others)


def model(number: int) -> Tensors:
    """Layers of noise; another number, another model."""
    random = np.random.default_rng(number)
    return {f"layer.{n}.weight": random.standard_normal((40, 40)).astype("<f4") for n in range(_LAYERS)}


def half(tensors: Tensors) -> Tensors:
    """The same model in half the precision, in another order."""
    return {name: tensors[name].astype("<f2") for name in reversed(tensors)}


def save_model(where: Path, tensors: Tensors) -> None:
    """As a safetensors file: the length of a header in JSON, the header, the tensors' bytes."""
    header: dict[str, object] = {}
    at = 0
    for name, tensor in tensors.items():
        there = [at, at + tensor.nbytes]
        header[name] = {"dtype": _NAMES[tensor.dtype.str], "shape": [*tensor.shape], "data_offsets": there}
        at = there[1]
    text = json.dumps(header).encode()
    where.write_bytes(
        len(text).to_bytes(8, "little") + text + b"".join(tensor.tobytes() for tensor in tensors.values())
    )
