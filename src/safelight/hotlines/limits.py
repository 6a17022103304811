"""What one value by itself may be: length, characters, range, time with a zone, URL, known code.

Lengths are not in the hotline's schema at all: its server enforces them, so they are checked here. Each limit
stands beside its field (:mod:`.wire`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from safelight.hotlines.findings import Finding, beginning
from safelight.hotlines.text import unfit_for_xml
from safelight.hotlines.wire import Leaf


def of_value(leaf: Leaf, at: datetime) -> Iterator[Finding]:
    """What is wrong with one value at a time."""
    value = leaf.value
    if isinstance(value, bool):
        return
    if isinstance(value, datetime):
        yield from _of_time(leaf, value, at)
    elif isinstance(value, date):
        if leaf.slot.wire.past and value > at.date():
            yield _finding("future", leaf, "lies in the future; the hotline takes past dates only")
    elif isinstance(value, int | float):
        yield from _of_number(leaf, value)
    elif isinstance(value, str):
        yield from _of_text(leaf, value)


def _of_time(leaf: Leaf, value: datetime, at: datetime) -> Iterator[Finding]:
    if value.utcoffset() is None:
        yield _finding("no-zone", leaf, "has no time zone; say which, or it may be read hours apart")
    elif leaf.slot.wire.past and value > at:
        yield _finding("future", leaf, "lies in the future; the hotline takes past times only")


def _of_number(leaf: Leaf, value: float) -> Iterator[Finding]:
    least, greatest = leaf.slot.wire.least, leaf.slot.wire.greatest
    # Written so that what is not a number fails too.
    fits = (least is None or value >= least) and (greatest is None or value <= greatest)
    if not fits:
        bounds = " and ".join(
            f"{word} {bound:g}"
            for word, bound in (("at least", least), ("at most", greatest))
            if bound is not None
        )
        yield _finding("out-of-range", leaf, f"must be {bounds}")


def _of_text(leaf: Leaf, value: str) -> Iterator[Finding]:
    wire = leaf.slot.wire
    if not value.strip():
        if wire.filled or wire.url:
            yield _finding("blank", leaf, "is empty; fill it in, or take the entry out")
        else:
            yield _finding("blank", leaf, "is empty; leave it out rather than tell nothing", stops=False)
        return
    if unfit_for_xml(value):
        yield _finding("control-character", leaf, "has a control character, which cannot be sent; remove it")
    if wire.most is not None and len(value) > wire.most:
        yield _finding("too-long", leaf, f"has {len(value)} characters; the hotline takes {wire.most}")
    if wire.url and not _is_url(value):
        yield _finding("not-a-url", leaf, "is not a whole address such as https://example.org/page")
    if wire.among is not None and value not in wire.among:
        yield _finding("unknown-code", leaf, "is not a code that the hotline knows; use two capital letters")


def _is_url(value: str) -> bool:
    try:
        url = urlsplit(value)
        return bool(url.scheme and url.hostname) and not any(c.isspace() for c in value)
    except ValueError:
        return False


def _finding(rule: str, leaf: Leaf, says: str, *, stops: bool = True) -> Finding:
    return Finding(rule, leaf.path, f"{beginning(leaf.path)} {says}.", stops)
