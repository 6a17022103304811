"""The header of a safetensors file: a length, then JSON; malformed ones are read as far as possible."""

from __future__ import annotations

import json
from math import prod
from typing import Any, Final

from safelight.media.model_formats.layout import (
    MAX_HEADER,
    MAX_TENSORS,
    Bounded,
    Layout,
    Malformed,
    Range,
    in_bounds,
)

WIDTHS: Final = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
"""Bytes of one element (safetensors format description)."""


def layout(fd: int) -> Layout:
    """The tensors of a safetensors file. Raises :class:`Malformed` where not even the length makes sense."""
    file = Bounded(fd)
    length = file.number(8)
    if length > MAX_HEADER or 8 + length > file.size:
        raise Malformed("the header is longer than the file, or than any real one")
    data_at = 8 + length
    faults: list[str] = []
    try:
        pairs = json.loads(file.take(length).decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return Layout(faults=("the header is not JSON",), data_at=data_at)
    if not isinstance(pairs, _Pairs):
        return Layout(faults=("the header is not an object",), data_at=data_at)
    if len(pairs) > MAX_TENSORS:
        faults.append(f"more than {MAX_TENSORS:,} tensors; the first ones were hashed")
        pairs = _Pairs(pairs[:MAX_TENSORS])
    if pairs.repeats():
        faults.append("the header has a key twice")
    ranges = []
    for name, entry in pairs:
        if name == "__metadata__":
            continue
        try:
            one = _range(name, entry, data_at)
        except (KeyError, TypeError, ValueError):
            faults.append("an entry of the header is malformed")
            continue
        ranges.append(one)
        if one.dtype in WIDTHS and one.size != _declared(entry, WIDTHS[one.dtype]):
            faults.append("a tensor's shape does not fit its bytes")
    kept, wrong = in_bounds(ranges, data_at, file.size)
    if not wrong and sum(each.size for each in kept) != file.size - data_at:
        wrong.append("there are bytes that no tensor owns")
    return Layout(tuple(kept), tuple(dict.fromkeys((*faults, *wrong))), data_at)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with what a dictionary would silently drop."""

    def repeats(self) -> bool:
        names = [name for name, _ in self]
        return len(names) != len(set(names)) or any(
            value.repeats() for _, value in self if isinstance(value, _Pairs)
        )


def _range(name: str, entry: object, data_at: int) -> Range:
    if not isinstance(entry, _Pairs):
        raise TypeError
    fields = dict(entry)
    start, end = fields["data_offsets"]
    if type(start) is not int or type(end) is not int:
        raise TypeError
    dtype = fields["dtype"]
    return Range(name, dtype if isinstance(dtype, str) else None, data_at + start, end - start)


def _declared(entry: object, width: int) -> int | None:
    shape = dict(entry).get("shape") if isinstance(entry, _Pairs) else None
    if not isinstance(shape, list) or len(shape) > 32 or any(type(side) is not int for side in shape):
        return None
    return prod(shape) * width
