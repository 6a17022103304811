"""What every signal type promises, so that lists, matching and the command line treat them alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

_NOT_HEXADECIMAL = re.compile(r"[^0-9a-f]")


class SignalType(Protocol):
    """A kind of hash: how its values are written and how closely two of them must agree."""

    @property
    def name(self) -> str:
        """The word used in lists, JSON and options: ``pdq``."""
        ...

    @property
    def max_distance(self) -> int:
        """The widest Hamming distance that a list may ask for; 0 when lists have no say in it."""
        ...

    def canonical(self, text: str) -> str:
        """The one way in which this value is written.

        Raises ``ValueError`` that says in plain words what is wrong and never repeats the value, which may be
        a listed one.
        """
        ...

    def examples(self) -> tuple[str, ...]:
        """Canonical values of harmless things, for documentation and tests."""
        ...


def refuse_other_than_hexadecimal(value: str, title: str) -> None:
    """Raise ``ValueError`` for a lower-case value with other characters; ``title`` is what it should be."""
    if found := _NOT_HEXADECIMAL.search(value):
        raise ValueError(
            f"{title} is written in hexadecimal digits; character {found.start() + 1} is not one "
            f"(convert base32 or base64 to hexadecimal first)"
        )


@dataclass(frozen=True, slots=True)
class HexadecimalType:
    """A signal type whose values are a fixed number of hexadecimal digits.

    Upper case and surrounding white space are accepted. Other encodings of the same bytes (base32, base64)
    are not guessed at: a wrong guess would silently list a hash that nothing ever matches.
    """

    name: str
    title: str
    digits: int
    harmless: tuple[str, ...]
    max_distance: int = 0

    def canonical(self, text: str) -> str:
        """The value in lower case."""
        value = text.strip().lower()
        refuse_other_than_hexadecimal(value, self.title)
        if len(value) != self.digits:
            raise ValueError(f"{self.title} has {self.digits} hexadecimal digits; this has {len(value)}")
        return value

    def examples(self) -> tuple[str, ...]:
        """Values of harmless things."""
        return self.harmless
