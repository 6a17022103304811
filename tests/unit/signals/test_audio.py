"""A piece of sound becomes a signal, or the reason for having none; and items become times."""

from __future__ import annotations

import numpy as np
import pytest

from safelight.signals import signal_type
from safelight.signals.audio import (
    CHROMAPRINT,
    CHROMAPRINT_SHORT,
    SOUND_TYPES,
    sound_part,
    sound_signal,
    spans,
)
from safelight.sounds import items_of
from safelight.types import Part, Signal, Span, Unhashable, UnhashableReason
from safelight.values import degenerate, pack

ITEMS = np.random.default_rng(1).integers(0, 1 << 32, 60, dtype=np.uint32)
PART = sound_part(1)


def test_a_sound_that_tells_is_a_signal() -> None:
    signal = sound_signal(CHROMAPRINT, ITEMS, 9000, PART)
    assert isinstance(signal, Signal)
    assert (signal.type, signal.part) == ("chromaprint", PART)
    assert items_of(bytes.fromhex(signal.value)).tolist() == ITEMS.tolist()
    assert signal_type("chromaprint").canonical(signal.value.upper()) == signal.value


@pytest.mark.parametrize(
    ("items", "loudest", "reason"),
    [
        (ITEMS, 33, UnhashableReason.SILENT),
        (ITEMS[:10], 9000, UnhashableReason.TOO_SHORT),
        (np.repeat(ITEMS[:1], 60), 9000, UnhashableReason.TOO_STEADY),
        (ITEMS[:0], 0, UnhashableReason.SILENT),
    ],
)
def test_a_sound_that_does_not_tell_has_a_reason(items, loudest, reason) -> None:
    assert sound_signal(CHROMAPRINT, items, loudest, PART) == Unhashable("chromaprint", reason, part=PART)


def test_a_piece_has_at_most_4096_items() -> None:
    with pytest.raises(ValueError, match="at most 4096"):
        sound_signal(CHROMAPRINT, np.zeros(4097, np.uint32), 1, PART)


def test_the_examples_of_the_types_could_be_listed() -> None:
    for kind in SOUND_TYPES.values():
        assert degenerate(kind.name, pack(kind.name, kind.examples()[0])) is None


def test_soundtracks_are_counted_and_later_pieces_say_when_they_begin() -> None:
    assert str(sound_part(1)) == "#audio=1"
    assert str(sound_part(2, 501.83, Part(("bag.zip", "clip.mp4")))) == "!bag.zip!clip.mp4#audio=2/t=501.8"


def test_items_are_told_as_seconds_of_the_file() -> None:
    early, late = Signal("chromaprint", "", part=PART), Signal("chromaprint", "", part=sound_part(1, 501.8))
    assert spans(early, [(0, 40, 81)]) == (Span(0.0, 7.4, 10.0),)
    assert spans(late, [(81, 121, 0)]) == (Span(511.8, 519.3, 0.0),)
    short = Signal("chromaprint_short", "", part=PART)
    assert spans(short, [(0, 11, 0)]) == (Span(0.0, 2.8, 0.0),)
    assert CHROMAPRINT_SHORT.step < CHROMAPRINT.step
