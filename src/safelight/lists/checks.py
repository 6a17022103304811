"""What every store refuses, in the same words, whatever it is built on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from safelight.errors import ListExists, NoSuchList, UsageError
from safelight.types import ListEntry, Signal
from safelight.values import degenerate, pack

MAX_KEY = 512
"""Characters of a source's key or classification; longer ones are a mistaken column."""


def no_such_list(name: str, known: Iterable[str]) -> NoSuchList:
    """The error for a list that is not there."""
    names = ", ".join(sorted(known))
    return NoSuchList(
        f"No list is called {name!r}. " + (f"There are: {names}." if names else "There are no lists yet.")
    )


def list_exists(name: str) -> ListExists:
    """The error for a list that is there already."""
    return ListExists(f"A list called {name!r} exists already. Choose another name, or add to that list.")


def pack_query(signal: Signal) -> bytes:
    """The bytes to look for. Raises :class:`~safelight.errors.UsageError`."""
    try:
        return pack(signal.type, signal.value)
    except ValueError as error:
        raise UsageError(f"A signal cannot be looked for: {error}.") from None


def pack_entry(entry: ListEntry) -> bytes:
    """The bytes of an entry's value, checked. Raises :class:`~safelight.errors.UsageError`."""
    if not entry.key or not is_plain_text(entry.key):
        raise UsageError(
            f"An entry of list {entry.list!r} needs a key of 1 to {MAX_KEY} printable characters. "
            "Use the source's own, or the store's derive_key()."
        )
    try:
        raw = pack(entry.signal.type, entry.signal.value)
    except ValueError as error:
        raise UsageError(f"Entry {entry.key} of list {entry.list!r} was refused: {error}.") from None
    if reason := degenerate(entry.signal.type, raw):
        raise UsageError(f"Entry {entry.key} of list {entry.list!r} was refused: {reason}.")
    return raw


def is_plain_text(text: str) -> bool:
    """Whether text from a list file can be kept: not too long, no control or formatting characters.

    Spaces of every width are fine; spreadsheets put them into labels.
    """
    return len(text) <= MAX_KEY and all(c.isprintable() or unicodedata.category(c) == "Zs" for c in text)
