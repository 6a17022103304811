"""What is wrong with a report before anything is sent, in words that name the field to mend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORDS: Final = {
    "esp": "ESP",
    "ip": "IP",
    "url": "URL",
    "urls": "URLs",
    "usa": "US",
    "id": "ID",
    "exif": "EXIF",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend, or, where it does not stop the report, to know.

    ``rule`` is a name that stays; ``field`` the address of what to mend, as :mod:`.wire` writes it, with
    ``files[0].`` before it where it is told of a file. ``says`` never repeats the value.
    """

    rule: str
    field: str
    says: str
    stops: bool = True


def in_words(field: str) -> str:
    """An address for people: ``reported[0].ip_events[1].port`` is *reported 1, IP events 2, port*."""
    said = []
    for name, number in re.findall(r"([a-z0-9_]+)(?:\[(\d+)\])?", field):
        words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
        said.append(f"{words} {int(number) + 1}" if number else words)
    return ", ".join(said)


def beginning(field: str) -> str:
    """The same, at the beginning of a sentence."""
    words = in_words(field)
    return words[:1].upper() + words[1:]
