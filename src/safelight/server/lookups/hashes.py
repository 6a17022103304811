"""What a platform tells of a file that it keeps: hashes that nobody here computed, and so only claims."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from safelight.frames import LEAST_QUALITY, VPDQ, parse_frames
from safelight.server.ids import now
from safelight.signals.audio import CHROMAPRINT, CHROMAPRINT_SHORT, SoundType, sound_part, sound_signal
from safelight.signals.digest import Digests
from safelight.signals.pdq import MINIMUM_QUALITY
from safelight.sounds import WINDOW, items_of
from safelight.types import MediaKind, Observation, Signal, Unhashable, UnhashableReason
from safelight.values import ITEM_DIGITS, MOST_ITEMS

ITEMS_A_SEARCH: Final = 240
"""Items of a sound, some thirty seconds, that count as one look-up; of a video each frame does."""
_LOUD: Final = 32_768
"""Whether it was silent, who computed the fingerprint knows; that it tells something is asked here too."""


@dataclass(frozen=True, slots=True)
class ToldHashes:
    """Hexadecimal, in lower case. ``pdq_quality`` is 0-100 and means nothing without ``pdq``.

    ``vpdq`` is the text form of :mod:`safelight.frames`; sounds are items of eight digits each, any number.
    """

    sha256: str
    md5: str | None = None
    sha1: str | None = None
    pdq: str | None = None
    pdq_quality: int = 100
    vpdq: str | None = None
    chromaprint: str | None = None
    chromaprint_short: str | None = None

    def observation(self) -> Observation:
        """What there is to compare: nothing was seen of the file, so its kind and size are not known."""
        told = (("md5", self.md5), ("sha1", self.sha1), ("sha256", self.sha256))
        signals = [Signal(type_, value) for type_, value in told if value]
        unhashable: tuple[Unhashable, ...] = ()
        if self.pdq and self.pdq_quality >= MINIMUM_QUALITY:
            signals.append(Signal("pdq", self.pdq, self.pdq_quality))
        elif self.pdq:
            unhashable = (Unhashable("pdq", UnhashableReason.TOO_PLAIN, self.pdq_quality),)
        likeness = [*self._video(), *self._sounds()]
        signals += [each for each in likeness if isinstance(each, Signal)]
        unhashable += tuple(each for each in likeness if isinstance(each, Unhashable))
        return Observation("", 0, MediaKind.UNKNOWN, "", now(), signals=tuple(signals), unhashable=unhashable)

    def _video(self) -> Iterator[Signal | Unhashable]:
        if self.vpdq is None:
            return
        best = max(frame.quality for frame in parse_frames(self.vpdq))
        if best < LEAST_QUALITY:
            yield Unhashable(VPDQ, UnhashableReason.TOO_PLAIN, best)
        else:
            yield Signal(VPDQ, self.vpdq, best)

    def _sounds(self) -> Iterator[Signal | Unhashable]:
        """In overlapping pieces, as the sound of a file is told; one reason where none of them can be."""
        for kind, told in ((CHROMAPRINT, self.chromaprint), (CHROMAPRINT_SHORT, self.chromaprint_short)):
            if told is None:
                continue
            pieces = [_piece(kind, at, items) for at, items in _pieces(told)]
            if any(isinstance(piece, Signal) for piece in pieces):
                yield from (piece for piece in pieces if isinstance(piece, Signal))
            else:
                yield pieces[0]

    @property
    def searches(self) -> int:
        """How many look-ups it counts as: one, or one for each look of a video and each stretch of sound."""
        looks = 0
        if self.vpdq is not None:
            looks = len({f.value for f in parse_frames(self.vpdq) if f.quality >= LEAST_QUALITY})
        digits = len(self.chromaprint or "") + len(self.chromaprint_short or "")
        return max(1, looks + -(-digits // (ITEM_DIGITS * ITEMS_A_SEARCH)))

    def are_of(self, digests: Digests) -> bool:
        """Whether a file with these digests is the one that was meant."""
        pairs = ((self.sha256, digests.sha256), (self.md5, digests.md5), (self.sha1, digests.sha1))
        return all(told is None or told == found for told, found in pairs)

    def to_json(self) -> str:
        """For sealing: what says which file it is."""
        return json.dumps({"sha256": self.sha256, "md5": self.md5, "sha1": self.sha1})

    @classmethod
    def from_json(cls, text: str) -> ToldHashes:
        """Read :meth:`to_json` back."""
        return cls(**json.loads(text))


def _pieces(told: str) -> Iterator[tuple[int, str]]:
    """Pieces that are short enough, each with where it begins; none falls between two of them."""
    step = MOST_ITEMS - WINDOW
    last = max(1, -(-(len(told) // ITEM_DIGITS - WINDOW) // step))
    for at in range(0, last * step, step):
        yield at, told[at * ITEM_DIGITS : (at + MOST_ITEMS) * ITEM_DIGITS]


def _piece(kind: SoundType, at: int, told: str) -> Signal | Unhashable:
    return sound_signal(kind, items_of(bytes.fromhex(told)), _LOUD, sound_part(1, at * kind.step))
