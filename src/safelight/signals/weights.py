"""The hashes by which model files are known: the short ones of hosting sites, and those of their tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from safelight.signals.signal_type import HexadecimalType
from safelight.types import WHOLE, Part, Signal

AUTOV1: Final = HexadecimalType(
    name="autov1",
    title="an AutoV1",
    digits=8,
    harmless=("e3b0c442",),
)
"""The first 8 digits of the SHA-256 of 64 KiB at offset 1 MiB: weak, a lead at most."""

AUTOV2: Final = HexadecimalType(
    name="autov2",
    title="an AutoV2",
    digits=10,
    harmless=("e3b0c44298",),
)
"""The first 10 digits of the file's SHA-256. The example is that of nothing."""

AUTOV3: Final = HexadecimalType(
    name="autov3",
    title="an AutoV3",
    digits=12,
    harmless=("e3b0c44298fc",),
)
"""The first 12 digits of the SHA-256 of what follows a safetensors file's header."""

_OF_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

T1: Final = HexadecimalType(name="t1", title="a T1", digits=64, harmless=(_OF_NOTHING,))
"""The SHA-256 of a tensor's bytes, little-endian, as they lie in the file."""

T16: Final = HexadecimalType(name="t16", title="a T16", digits=64, harmless=(_OF_NOTHING,))
"""The SHA-256 of a tensor cast to 16-bit floats; the same for copies in 16, 32 and 64 bits.

bfloat16 is cast too.
"""

TSID: Final = HexadecimalType(name="tsid", title="a TSID", digits=64, harmless=(_OF_NOTHING,))
"""The SHA-256 of the sorted T1 of all tensors that are worth telling by: names and order do not change it."""

SKETCH: Final = HexadecimalType(
    name="sketch",
    title="a sketch",
    digits=64,
    harmless=("9d3c51a0b7e2466f8813c4d95a0e7bf1266ac8f0d15b394e72a98c03f64de581",),
)
"""Which of two elements is the larger, for 256 pairs of a tensor's elements: bits that scaling, rounding and
small changes keep. Taken of the *up* matrices of LoRA alone, which begin as zeros: what they have in common
was trained. The example is of no tensor."""

SKETCH_DISTANCE: Final = 40
"""Bits of 256 up to which two sketches are alike; those of unrelated tensors differ in some 128."""

TENSORS: Final = frozenset({T1.name, T16.name, SKETCH.name})
"""Types that speak of one tensor: a match of one is weighed with those of the others, never told alone."""

WEIGHTS: Final = TENSORS | {AUTOV1.name, AUTOV2.name, AUTOV3.name, TSID.name}
"""Types that speak of model files."""


@dataclass(frozen=True, slots=True)
class TensorDigest:
    """One tensor worth telling models by: its size in bytes, T1, T16 of floats, and the sketch of LoRA's."""

    name: str
    size: int
    t1: str
    t16: str | None = None
    sketch: str | None = None

    def signals(self) -> tuple[Signal, ...]:
        """As signals of the tensor's address, ``model.safetensors!tensor=NAME``."""
        part = Part((f"tensor={self.name}",))
        told = ((T1.name, self.t1), (T16.name, self.t16), (SKETCH.name, self.sketch))
        return tuple(Signal(type_, value, part=part) for type_, value in told if value is not None)


def tsid_of(t1: Iterable[str]) -> str | None:
    """The SHA-256 of the sorted T1 of a model's tensors, with multiplicity; None without tensors."""
    told = b"".join(bytes.fromhex(each) for each in sorted(t1))
    return hashlib.sha256(told).hexdigest() if told else None


@dataclass(frozen=True, slots=True)
class ModelDigests:
    """What a model is known by beside the digests of its file. AutoV1 and AutoV3 are of one file only."""

    tensors: tuple[TensorDigest, ...] = ()
    autov1: str | None = None
    autov3: str | None = None

    @property
    def tsid(self) -> str | None:
        """That of all tensors; None without any."""
        return tsid_of(tensor.t1 for tensor in self.tensors)

    def signals(self) -> tuple[Signal, ...]:
        """Those of the whole model, then those of its tensors."""
        told = ((AUTOV1.name, self.autov1), (AUTOV3.name, self.autov3), (TSID.name, self.tsid))
        whole = tuple(Signal(type_, value) for type_, value in told if value is not None)
        return whole + tuple(signal for tensor in self.tensors for signal in tensor.signals())


def autov2(sha256: str, part: Part = WHOLE) -> Signal:
    """The AutoV2 of a file whose SHA-256 is known."""
    return Signal(AUTOV2.name, sha256[: AUTOV2.digits], part=part)


CLAIMED: Final = Part(selectors=(("claimed", "model"),))
"""The part of a hash that a file only *names*: its metadata claim that such a model made it."""

_BY_DIGITS: Final = {10: AUTOV2.name, 12: AUTOV3.name, 64: AUTOV2.name}


def claimed_model(text: str) -> Signal | None:
    """A model hash that metadata names, as a signal to look up in lists of models; None for other lengths.

    Programs write AutoV2 (10 digits), AutoV3 (12) or the whole SHA-256 (64), whose beginning is AutoV2. Never
    a signal of type SHA-256: what a file names is not what it is, and must not match as if it were.
    """
    name = _BY_DIGITS.get(len(text))
    if name is None:
        return None
    return Signal(name, text[: AUTOV2.digits] if name == AUTOV2.name else text, part=CLAIMED)
