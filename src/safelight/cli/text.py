"""File names as they may be shown: nothing in a name can move the cursor, forge a line or hide a letter."""

from __future__ import annotations

from rich.console import Console


def visible(name: str) -> str:
    r"""The name with what cannot be seen spelt out: ``\n``, ``\x1b``, ``\u202e``, ``\xff`` for raw bytes.

    A backslash that was there before is doubled, so that no name can be mistaken for another.
    """
    return "".join(c if c.isprintable() and c != "\\" else _spelt(c) for c in name)


def _spelt(c: str) -> str:
    if "\udc80" <= c <= "\udcff":  # how os.fsdecode carries a byte that is not UTF-8
        return f"\\x{ord(c) - 0xDC00:02x}"
    if c.isascii():
        return c.encode("unicode_escape").decode()
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"


def console(*, stderr: bool = False) -> Console:
    """A console that prints what it is given: no markup, no emoji, no guessing at numbers or paths."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)
