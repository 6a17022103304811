"""Tiny random model files of every format, written by hand without the formats' own libraries."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import types
import zipfile
from typing import Any

import numpy as np

Tensors = dict[str, np.ndarray[Any, Any]]


def tensors(seed: int = 1, count: int = 12, dtype: str = "<f4") -> Tensors:
    """``count`` random matrices, and two tensors that tell nothing: a short one and a constant one."""
    random = np.random.default_rng(seed)
    made: Tensors = {
        f"layer.{n}.weight": random.standard_normal((40, 40)).astype(dtype) for n in range(count)
    }
    return {**made, "short": np.arange(8, dtype=dtype), "constant": np.ones(1000, dtype)}


_NAMES = {"<f2": "F16", "<u2": "BF16", "<f4": "F32", "<f8": "F64"}
"""For lack of a bfloat16 in numpy, unsigned numbers stand for its bits."""


def safetensors(tensors: Tensors, metadata: dict[str, str] | None = None) -> bytes:
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, tensor in tensors.items():
        size = tensor.nbytes
        dtype = _NAMES[tensor.dtype.str]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values())


_STORAGES = {"<f2": "HalfStorage", "<f4": "FloatStorage", "<f8": "DoubleStorage"}


def pytorch(tensors: Tensors) -> bytes:
    """As ``torch.save`` lays a state dictionary out, with stand-ins for torch's classes."""
    torch = types.ModuleType("torch")
    kinds = {name: type(name, (), {"__module__": "torch"}) for name in _STORAGES.values()}
    for name, kind in kinds.items():
        setattr(torch, name, kind)

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            if not isinstance(obj, np.ndarray):
                return None
            number = next(str(n) for n, tensor in enumerate(tensors.values()) if tensor is obj)
            return ("storage", kinds[_STORAGES[obj.dtype.str]], number, "cpu", obj.size)

    file, code = io.BytesIO(), io.BytesIO()
    sys.modules["torch"] = torch
    try:
        Pickler(code, protocol=2).dump(tensors)
    finally:
        del sys.modules["torch"]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", code.getvalue())
        for number, tensor in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{number}", tensor.tobytes())
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def gguf(tensors: Tensors) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    types_ = {"<f4": 0, "<f2": 1, "<f8": 28}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 2)
    head += text("general.architecture") + struct.pack("<I", 8) + text("tiny")
    head += text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    data = b""
    for name, tensor in tensors.items():
        data += bytes(-len(data) % 32)
        head += text(name) + struct.pack("<I", tensor.ndim) + struct.pack(f"<{tensor.ndim}Q", *tensor.shape)
        head += struct.pack("<IQ", types_[tensor.dtype.str], len(data))
        data += tensor.tobytes()
    return head + bytes(-len(head) % 32) + data


def onnx(tensors: Tensors) -> bytes:
    def varint(value: int) -> bytes:
        out = b""
        while value > 0x7F:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    def field(number: int, content: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(content)) + content

    types_ = {"<f4": 1, "<f2": 10, "<f8": 11}
    graph = b""
    for name, tensor in tensors.items():
        inner = b"\x10" + varint(types_[tensor.dtype.str]) + field(8, name.encode())
        graph += field(5, inner + field(9, tensor.tobytes()))
    return b"\x08\x08" + field(2, b"tests") + field(7, graph)
