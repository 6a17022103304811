"""Reads the two plain layouts: one hash a line, and ``signal_type value`` a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from safelight.frames import VPDQ, parse_frames, write_frames
from safelight.lists.formats.records import BadLine, Record
from safelight.lists.formats.text import Line
from safelight.lists.videos import telling_frames
from safelight.types import Signal
from safelight.values import SIGNAL_TYPES, degenerate, pack, unpack

LISTABLE: Final = (*SIGNAL_TYPES, VPDQ)
"""Every signal type that a list file may hold."""

Complain = Callable[[BadLine], object]


def checked_signal(signal_type: str, text: str) -> Signal:
    """A signal in canonical form. Raises ``ValueError`` with a reason that does not repeat the text."""
    if signal_type == VPDQ:
        telling_frames(text)
        return Signal(VPDQ, write_frames(parse_frames(text)))
    raw = pack(signal_type, text)
    if reason := degenerate(signal_type, raw):
        raise ValueError(reason)
    return Signal(signal_type, unpack(signal_type, raw))


def read_values(lines: Iterable[Line], signal_type: str, complain: Complain) -> Iterator[Record]:
    """One hash of a known type on each line."""
    return _read(lines, lambda text: checked_signal(signal_type, text.strip()), complain)


def read_typed(lines: Iterable[Line], complain: Complain) -> Iterator[Record]:
    """``signal_type value`` on each line, separated by spaces or tabs."""
    return _read(lines, _typed_signal, complain)


def _typed_signal(text: str) -> Signal:
    words = text.split(None, 1)
    if len(words) != 2:
        raise ValueError("it is not made of a signal type and a value")
    if words[0].lower() != VPDQ and len(words[1].split()) != 1:
        raise ValueError("it is not made of a signal type and a value")
    return checked_signal(words[0].lower(), words[1].strip())


def _read(lines: Iterable[Line], parse: Callable[[str], Signal], complain: Complain) -> Iterator[Record]:
    for line in lines:
        if not line.is_content:
            continue
        if line.problem is not None:
            complain(BadLine(line.number, line.problem))
            continue
        try:
            signal = parse(line.text)
        except ValueError as error:
            complain(BadLine(line.number, str(error)))
            continue
        yield Record(line.number, (signal,))


def looks_typed(line: Line) -> bool:
    """Whether a line can be nothing but ``signal_type value``."""
    words = line.text.split(None, 1)
    if len(words) != 2 or words[0].lower() not in LISTABLE:
        return False
    return words[1].startswith("[") if words[0].lower() == VPDQ else len(words[1].split()) == 1


def known_types() -> str:
    """The signal types, for messages."""
    return ", ".join(LISTABLE)
