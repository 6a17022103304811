"""The header of a GGUF file: counted keys and values, counted tensors, then aligned data."""

from __future__ import annotations

from math import prod
from typing import Final

from safelight.media.model_formats.layout import MAX_TENSORS, Bounded, Layout, Malformed, Range, in_bounds

_BLOCKS: Final = {
    # ggml type: (elements a block, bytes a block), from ggml.h
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110),
    22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8),
    29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_DTYPES: Final = {0: "F32", 1: "F16", 28: "F64", 30: "BF16"}
_SCALARS: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY, _UINT32 = 8, 9, 4
_MAX_COUNT: Final = 10_000_000


def layout(fd: int) -> Layout:
    """The tensors of a GGUF file, versions 2 and 3. Raises :class:`Malformed`."""
    file = Bounded(fd)
    file.take(4)
    if file.number(4) not in (2, 3):
        raise Malformed("this version of GGUF is not known")
    tensors, keys = file.number(8), file.number(8)
    alignment = 32
    for _ in range(_count(keys)):
        key = _text(file)
        type_ = file.number(4)
        if key == "general.alignment" and type_ == _UINT32:
            alignment = file.number(4)
        else:
            _skip(file, type_, 0)
    if not 1 <= alignment <= 1 << 20:
        raise Malformed("the alignment makes no sense")
    faults = []
    if tensors > MAX_TENSORS:
        raise Malformed(f"more than {MAX_TENSORS:,} tensors")
    told = [_tensor(file) for _ in range(tensors)]
    first = -(-file.at // alignment) * alignment
    ranges = []
    for name, type_, shape, offset in told:
        elements, width = _BLOCKS.get(type_, (0, 0))
        if not elements or prod(shape) % elements:
            faults.append("a tensor is of a type that is not known, and was not hashed")
            continue
        size = prod(shape) // elements * width
        ranges.append(Range(name, _DTYPES.get(type_), first + offset, size))
    kept, wrong = in_bounds(ranges, first, file.size)
    return Layout(tuple(kept), tuple(dict.fromkeys((*faults, *wrong))))


def _tensor(file: Bounded) -> tuple[str, int, list[int], int]:
    name = _text(file)
    dimensions = file.number(4)
    if dimensions > 8:
        raise Malformed("a tensor has too many dimensions")
    shape = [file.number(8) for _ in range(dimensions)]
    return name, file.number(4), shape, file.number(8)


def _text(file: Bounded) -> str:
    return file.take(file.number(8)).decode("utf-8", "replace")


def _count(number: int) -> int:
    if number > _MAX_COUNT:
        raise Malformed("a count makes no sense")
    return number


def _skip(file: Bounded, type_: int, depth: int) -> None:
    if type_ == _STRING:
        file.take(file.number(8))
    elif type_ == _ARRAY:
        inner, count = file.number(4), _count(file.number(8))
        if depth > 3:
            raise Malformed("values are nested too deep")
        if inner in _SCALARS:
            file.take(_SCALARS[inner] * count)
        else:
            for _ in range(count):
                _skip(file, inner, depth + 1)
    elif type_ in _SCALARS:
        file.take(_SCALARS[type_])
    else:
        raise Malformed("a value is of a type that is not known")
