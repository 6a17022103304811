"""The forms in which hash lists arrive as files: read line by line, nothing guessed, bad lines reported.

A listed value never appears in a message: lines are named by number.
"""

from __future__ import annotations

from safelight.lists.formats.lines import LISTABLE
from safelight.lists.formats.reader import ListReader, open_list
from safelight.lists.formats.records import BadLine, BadLines, ImportReport, Layout, ListFormat, Record
from safelight.lists.formats.text import ENCODINGS

__all__ = [
    "ENCODINGS",
    "LISTABLE",
    "BadLine",
    "BadLines",
    "ImportReport",
    "Layout",
    "ListFormat",
    "ListReader",
    "Record",
    "open_list",
]
