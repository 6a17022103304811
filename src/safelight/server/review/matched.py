"""When a video shows what is listed: those moments are worth a still."""

from __future__ import annotations

from safelight.errors import KeyMismatch
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.intake.models import Item
from safelight.types import Span

_MOST = 4


def spans_of(item: Item, path: tuple[str, ...] = ()) -> tuple[Span, ...]:
    """The spans of the matches of a file, or of what lies in it under these names, each once.

    None where what was observed cannot be opened.
    """
    try:
        found = matches_of(item)
    except KeyMismatch:
        return ()
    here = [match for match in found if match.signal.part.members == path]
    return tuple(dict.fromkeys(span for match in here for span in match.spans))


def moments_of(item: Item, path: tuple[str, ...] = ()) -> tuple[float, ...]:
    """The middles of the first of them, in seconds."""
    return tuple((span.start + span.end) / 2 for span in spans_of(item, path)[:_MOST])
