"""The initializers of an ONNX file: a walk over its protocol buffer that keeps nothing but places."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from safelight.media.model_formats.layout import MAX_TENSORS, Layout, Malformed, Range

# Field numbers of onnx.proto3.
_GRAPH, _INITIALIZER = 7, 5
_DATA_TYPE, _FLOATS, _NAME, _RAW, _EXTERNAL, _DOUBLES = 2, 4, 8, 9, 14, 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPES: Final = {
    1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 9: "BOOL", 10: "F16", 11: "F64",
    12: "U32", 13: "U64", 16: "BF16",
}  # fmt: skip
_MAX_FIELDS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    value: int  # of a varint
    at: int
    size: int  # of bytes


class _Message:
    """Reads a protocol buffer by position, through a small window."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size
        self._window = b""
        self._from = 0
        self._fields = 0

    def bytes(self, at: int, count: int) -> bytes:
        if not self._from <= at <= at + count <= self._from + len(self._window):
            self._from, self._window = at, os.pread(self._fd, max(count, 1 << 16), at)
        return self._window[at - self._from : at - self._from + count]

    def fields(self, at: int, end: int) -> Iterator[_Field]:
        while at < end:
            self._fields += 1
            if self._fields > _MAX_FIELDS:
                raise Malformed("it has more fields than a model has")
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            value = size = 0
            if wire == _VARINT:
                value, at = self._varint(at, end)
            elif wire == _BYTES:
                size, at = self._varint(at, end)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise Malformed("a field is of a kind that is not known")
            if at + size > end:
                raise Malformed("a field is longer than what holds it")
            yield _Field(number, value, at, size)
            at += size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        for byte in self.bytes(at, min(10, end - at)):
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
        raise Malformed("a number does not end")


def layout(fd: int) -> Layout:
    """The tensors of an ONNX model that lie in the file itself. Raises :class:`Malformed`."""
    message = _Message(fd)
    ranges: list[Range] = []
    faults: list[str] = []
    try:
        for field in message.fields(0, message.size):
            if field.number == _GRAPH and field.size:
                _graph(message, field, ranges, faults)
    except Malformed as error:
        faults.append(str(error))
    return Layout(tuple(ranges), tuple(dict.fromkeys(faults)))


def _graph(message: _Message, graph: _Field, ranges: list[Range], faults: list[str]) -> None:
    for field in message.fields(graph.at, graph.at + graph.size):
        if field.number != _INITIALIZER or not field.size:
            continue
        if len(ranges) == MAX_TENSORS:
            faults.append(f"more than {MAX_TENSORS:,} tensors; the first ones were hashed")
            return
        dtype, name, data = 0, "", None
        for inner in message.fields(field.at, field.at + field.size):
            if inner.number == _DATA_TYPE:
                dtype = inner.value
            elif inner.number == _NAME:
                name = message.bytes(inner.at, min(inner.size, 1000)).decode("utf-8", "replace")
            elif inner.number in (_RAW, _FLOATS, _DOUBLES) and inner.size > 8:
                data = inner
            elif inner.number == _EXTERNAL and inner.value == 1:
                faults.append("tensors lie in another file; scan that one too")
        if data:
            ranges.append(Range(name, _DTYPES.get(dtype), data.at, data.size))
