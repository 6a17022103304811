"""Digests the tensors of model files; runs in a sandboxed child, on a descriptor, and unpickles nothing.

What the digests are: T1, the SHA-256 of a tensor's bytes as they lie in the file; T16, that of its cast to
16-bit floats. Tensors that many unrelated models share, because they are short or one repeated word, are left
out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a warm parent has one thread
import numpy as np

from safelight.media.model_formats import gguf, onnx, safetensors, torch_zip
from safelight.media.model_formats.layout import Layout, Malformed, Range
from safelight.media.order_sketch import sketch
from safelight.types import UnscannedReason

MINIMUM_BYTES: Final = 512
"""Shorter tensors (biases, scales, counters) are alike in models that have nothing to do with each other."""

_BLOCK: Final = 128 << 10
"""Bytes: small enough for the cache and for memory that is mapped already; page faults cost more."""
_FLOATS: Final = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
"""How their bytes are read; numpy knows no bfloat16, which is the upper half of a 32-bit float."""
_AUTOV1: Final = (0x100000, 0x10000)
"""Offset and length of what AutoV1 digests."""

FORMATS: Final[dict[str, Callable[[int], Layout]]] = {
    "application/x-safetensors": safetensors.layout,
    "application/x-pytorch": torch_zip.layout,
    "application/x-gguf": gguf.layout,
    "application/x-onnx": onnx.layout,
}

Message = dict[str, dict[str, object]]


def read(
    fd: int,
    *,
    max_pixels: int,  # noqa: ARG001 - what every decoder is given
    max_parts: int,
    payload: bytes = b"",
) -> Iterator[str]:
    """Yield a message for each tensor, one for the whole model, then ``end``. The payload: the MIME type."""
    count = 0
    for message in _model(fd, payload.decode("ascii", "replace"), max_parts):
        count += "tensor" in message
        yield json.dumps(message)
    yield json.dumps({"end": {"parts": count}})


def _model(fd: int, mime: str, max_tensors: int) -> Iterator[Message]:
    size = os.fstat(fd).st_size
    faults: list[str] = []
    try:
        layout = FORMATS[mime](fd)
        faults += layout.faults
    except Malformed as error:
        layout, faults = Layout(), [str(error)]
    count, budget = 0, 2 * size  # headers of overlapping tensors ask for more than there is
    for each in layout.ranges:
        budget -= each.size
        if budget < 0 or count == max_tensors:
            faults.append("the tensors are more than the file can hold; the first ones were hashed")
            break
        digested = _tensor(fd, each)
        if digested:
            count += 1
            yield {"tensor": digested}
    yield {"model": _whole(fd, size, layout)}
    for fault in faults:
        yield {"problem": {"reason": UnscannedReason.DAMAGED.value, "detail": f"model header: {fault}"}}


def _tensor(fd: int, range_: Range) -> dict[str, Any] | None:
    """What a tensor digests to; None for one that tells models apart from nothing."""
    if range_.size < MINIMUM_BYTES:
        return None
    t1, t16 = hashlib.sha256(), hashlib.sha256()
    float_ = _FLOATS.get(range_.dtype or "")
    if float_ and range_.size % np.dtype(float_).itemsize:
        float_ = None
    word, varied = b"", False
    for block in _blocks(fd, range_.at, range_.size):
        word = word or block[:8]
        varied = varied or block != (word * (len(block) // 8 + 1))[: len(block)]
        t1.update(block)
        if float_ and float_ != "<f2":
            with np.errstate(all="ignore"):
                t16.update(_cast(np.frombuffer(block, float_)).tobytes())
    if not varied:
        return None
    told: dict[str, Any] = {
        "name": range_.name.encode("utf-8", "replace").decode()[:200] or "unnamed",
        "bytes": range_.size,
        "t1": t1.hexdigest(),
    }
    if float_:
        told["t16"] = t1.hexdigest() if float_ == "<f2" else t16.hexdigest()
        if (drawn := sketch(fd, range_, float_)) is not None:
            told["sketch"] = drawn
    return told


def _cast(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """To 16-bit floats, those that numpy has no name for first to 32 bits."""
    if numbers.dtype == np.uint16:
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    return numbers.astype("<f2")


def _whole(fd: int, size: int, layout: Layout) -> dict[str, object]:
    told: dict[str, object] = {}
    if piece := os.pread(fd, _AUTOV1[1], _AUTOV1[0]):
        told["autov1"] = hashlib.sha256(piece).hexdigest()[:8]
    if layout.data_at is not None:
        data = hashlib.sha256()
        for block in _blocks(fd, layout.data_at, size - layout.data_at):
            data.update(block)
        told["autov3"] = data.hexdigest()[:12]
    return told


def _blocks(fd: int, at: int, size: int) -> Iterator[bytes]:
    while size and (block := os.pread(fd, min(_BLOCK, size), at)):
        if len(block) < size and len(block) % 8:  # a short read must not cut a number
            block = block[: len(block) // 8 * 8] or block
        at += len(block)
        size -= len(block)
        yield block
