"""Chromaprint, the fingerprint that re-encoded copies and excerpts of a sound keep for the most part.

A fingerprint follows how the twelve notes of the scale rise and fall, whatever the octave, some eight times a
second (Jang et al., "Pairwise Boosted Audio Fingerprint", 2009; Lalinský, "How does Chromaprint work?",
2011). It tells one recording from others, not a voice or a tune.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from safelight.signals.signal_type import refuse_other_than_hexadecimal
from safelight.types import WHOLE, Part, Signal, Span, Unhashable, UnhashableReason
from safelight.values import ITEM_DIGITS, LEAST_ITEMS, MOST_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safelight.sounds import Items

SILENCE: Final = 33
"""Sounds whose samples all lie within this of 32,768 (-60 dB) are called silent."""


@dataclass(frozen=True, slots=True)
class SoundType:
    """One of Chromaprint's algorithms: an item every ``step`` seconds, each of ``reach`` seconds of sound.

    Values are the items in order, 8 hexadecimal digits each, most significant first.
    """

    name: str
    title: str
    algorithm: int
    step: float
    reach: float
    harmless: tuple[str, ...]
    max_distance: int = 0

    def canonical(self, text: str) -> str:
        """The value in lower case."""
        value = text.strip().lower()
        refuse_other_than_hexadecimal(value, self.title)
        items, rest = divmod(len(value), ITEM_DIGITS)
        if rest or not LEAST_ITEMS <= items <= MOST_ITEMS:
            raise ValueError(
                f"{self.title} has {ITEM_DIGITS} hexadecimal digits for each of {LEAST_ITEMS} to "
                f"{MOST_ITEMS} items; this has {len(value)} digits"
            )
        return value

    def examples(self) -> tuple[str, ...]:
        """Values of harmless things."""
        return self.harmless


_RATE: Final = 11025

CHROMAPRINT: Final = SoundType(
    name="chromaprint",
    title="a Chromaprint",
    algorithm=1,
    step=1365 / _RATE,
    reach=28666 / _RATE,
    harmless=(
        (
            "93f808b6929bc886968afc86978bbe858f899e858d8c9ea48c5c9ee5983dda6d"
            "98276a2f982f2f2f992f6c3ef93f643ef91d641af90de50afb4ced0b7b4ceb0b"
        ),
    ),
)
"""Chromaprint's usual algorithm (TEST2), for sounds of 4 seconds and more. The examples are of made notes."""

CHROMAPRINT_SHORT: Final = SoundType(
    name="chromaprint_short",
    title="a short Chromaprint",
    algorithm=4,
    step=1024 / _RATE,
    reach=20480 / _RATE,
    harmless=(
        (
            "97899ea497889ea49d48beb4983c9ec49829de64982b5a24b82a2a25b83b2927"
            "b83b383ea91b283ee91d6c5eebcd64cf6b8d64cd698de7cd69cde6496805f609"
        ),
    ),
)
"""Its algorithm TEST5, with shorter windows: for clips of 3 seconds and more, and what may hold them."""

SOUND_TYPES: Final = {each.name: each for each in (CHROMAPRINT, CHROMAPRINT_SHORT)}

SHORT_SECONDS: Final = 30
"""Sounds up to this long have both fingerprints, so that shorter clips are found in them as well."""


def sound_part(stream: int, seconds: float = 0, within: Part = WHOLE) -> Part:
    """Where a fingerprint is of: ``#audio=1``, and ``#audio=1/t=501.8`` for a later piece of a long sound."""
    part = within.select(audio=stream)
    return part.select(t=f"{seconds:.1f}") if seconds else part


def spans(signal: Signal, agreements: Iterable[tuple[int, int, int]]) -> tuple[Span, ...]:
    """When items agree, in tenths of seconds: each is (start, end) in the fingerprint, and where listed."""
    kind = SOUND_TYPES[signal.type]
    at = float(dict(signal.part.selectors).get("t", 0))
    return tuple(
        Span(
            round(at + start * kind.step, 1),
            round(at + (end - 1) * kind.step + kind.reach, 1),
            round(listed * kind.step, 1),
        )
        for start, end, listed in agreements
    )


def sound_signal(kind: SoundType, items: Items, loudest: int, part: Part) -> Signal | Unhashable:
    """What the library computed for one piece of sound, as a signal or the reason for having none.

    ``loudest`` is the largest sample, 0-32,768. Raises ``ValueError`` for more than
    :data:`~safelight.values.MOST_ITEMS` items.
    """
    from safelight.sounds import packed, tells  # noqa: PLC0415 - NumPy, which the types do without

    if len(items) > MOST_ITEMS:
        raise ValueError(f"a piece of sound has at most {MOST_ITEMS} items")
    if loudest <= SILENCE:
        return Unhashable(kind.name, UnhashableReason.SILENT, part=part)
    if len(items) < LEAST_ITEMS:
        return Unhashable(kind.name, UnhashableReason.TOO_SHORT, part=part)
    if not tells(items):
        return Unhashable(kind.name, UnhashableReason.TOO_STEADY, part=part)
    return Signal(kind.name, packed(items).hex(), part=part)
